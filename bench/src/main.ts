import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { availableParallelism, tmpdir, totalmem } from "node:os";
import { join } from "node:path";
import { parseArgs, promisify } from "node:util";
import { creation } from "./creation.ts";
import { filtering } from "./filtering.ts";
import { latency } from "./latency.ts";
import { past } from "./past.ts";
import { reading } from "./reading.ts";
import { markdown, type Row } from "./table.ts";

const run = promisify(execFile);
const { values } = parseArgs({ options: { domains: { type: "string", default: "5000" }, rounds: { type: "string", default: "5" }, only: { type: "string" } } });
const rounds = Number(values.rounds);
const domains = Number(values.domains);
const say = (text: string) => process.stderr.write(`${text}\n`);

/** go-libvirt's side, built from Debian's package; absent where Go or the package is. */
async function buildGoPeer(folder: string): Promise<string | undefined> {
  const source = "/usr/share/gocode/src/github.com/digitalocean/go-libvirt";
  if (!existsSync(source)) {
    say("go-libvirt is not installed (Debian: golang-go golang-github-digitalocean-go-libvirt-dev); its rows are left out");
    return undefined;
  }
  const peer = join(folder, "go-peer");
  await run("go", ["build", "-o", peer, new URL("../peers/go/main.go", import.meta.url).pathname], {
    env: { ...process.env, GO111MODULE: "off", GOPATH: "/usr/share/gocode", GOCACHE: join(folder, "cache") },
  });
  return peer;
}

const parts: Record<string, (goPeer: string | undefined) => Promise<Row[]>> = {
  reading: (goPeer) => reading({ count: domains, rounds, repeat: 5, goPeer }),
  latency: () => latency({ domains: Math.min(domains, 500), events: 250 }),
  filtering: async () =>
    filtering({ vms: 25_000, vmsPerHost: 25, rounds: rounds * 20 }).rows.map(({ filter, total, ms }) => ({
      what: `filter \`${filter || "(none)"}\` and a page of 100 of ${total}`,
      who: "Polyvisor, 25,000 VMs in memory",
      ms,
    })),
  past: () => past({ rounds: rounds * 10 }),
  creation: () => creation({ rounds: rounds * 2 }),
};

const folder = await mkdtemp(join(tmpdir(), "pv-bench-peers-"));
const rows: Row[] = [];
try {
  const goPeer = await buildGoPeer(folder);
  for (const [name, part] of Object.entries(parts)) {
    if (values.only && values.only !== name) continue;
    say(`measuring: ${name}`);
    rows.push(
      ...(await part(goPeer).catch((error: unknown): Row[] => {
        say(`${name} could not be measured: ${String(error)}`);
        process.exitCode = 1;
        return [];
      })),
    );
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}
const { stdout: version } = await run("virsh", ["--version"]);
process.stdout.write(
  `libvirt ${version.trim()}, Node ${process.version}, ${availableParallelism()} processors, ${Math.round(totalmem() / 2 ** 30)} GiB; all contestants in turn on one libvirtd, best of 5 in each of ${rounds} rounds\n\n${markdown(rows)}\n`,
);
