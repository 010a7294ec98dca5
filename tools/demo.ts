import { spawn } from "node:child_process";
import { chmod, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { parseArgs } from "node:util";
import { createClient, type Client } from "@polyvisor/api";
import { simUris } from "@polyvisor/hypervisors";

const help = `polyvisor demo [--hosts 10] [--vms 25] [--seed 1] [--churn 0] [--pace 1] [--port 8420]

A server of its own over a simulated estate, in a folder that is gone when you press Ctrl-C. Nothing real is touched.
`;

const { values } = parseArgs({
  options: {
    hosts: { type: "string", default: "10" },
    vms: { type: "string", default: "25" },
    seed: { type: "string", default: "1" },
    churn: { type: "string", default: "0" },
    pace: { type: "string", default: "1" },
    port: { type: "string", default: "8420" },
    help: { type: "boolean", short: "h" },
  },
});
if (values.help) {
  process.stdout.write(help);
  process.exit(0);
}
/** How many hosts are added at a time. */
const atOnce = 32;

const uris = simUris(`sim://demo?hosts=${values.hosts}&vms=${values.vms}&seed=${values.seed}&churn=${values.churn}&pace=${values.pace}`);
const folder = await mkdtemp(join(tmpdir(), "polyvisor-demo-"));
await chmod(folder, 0o711); // as root, PostgreSQL runs as another account and must get through
const data = join(folder, "data");
const server = spawn(process.execPath, [new URL("../apps/server/src/main.ts", import.meta.url).pathname, "--data", data, "--port", values.port], {
  stdio: ["ignore", "ignore", "pipe"],
});
let said = "";
server.stderr.on("data", (chunk: Buffer) => (said = (said + chunk.toString()).slice(-4_000)));
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => server.kill("SIGTERM"));
server.once("exit", (code) => {
  void rm(folder, { recursive: true, force: true }).then(() => {
    if (code) process.stderr.write(said);
    process.exit(code ?? 0);
  });
});

const client = await answering();
process.stdout.write(`Adding ${uris.length} simulated hosts …\n`);
let next = 0;
await Promise.all(
  Array.from({ length: atOnce }, async () => {
    for (let uri = uris[next++]; uri !== undefined; uri = uris[next++]) await client.call("hostAdd", { body: { uri } });
  }),
);
process.stdout.write(
  `A demo with ${uris.length} hosts runs at ${client.url}. In another terminal:\n  export POLYVISOR_DATA=${data}\n  ./polyvisor top\nSign in within 15 minutes: ${(await client.call("signInCodeCreate")).url}\nCtrl-C ends it.\n`,
);

/** The client of the server's local account, when the server is ready. */
async function answering(): Promise<Client> {
  for (;;) {
    const facts = await readFile(join(data, "server.json"), "utf8").catch(() => undefined);
    if (facts !== undefined) {
      const { url } = JSON.parse(facts) as { url: string };
      return createClient({
        url,
        token: (await readFile(join(data, "local-token"), "utf8")).trim(),
        fetch,
        delay: (ms, signal) => delay(ms, undefined, { signal }),
      });
    }
    await delay(50); // an end of the server ends us
  }
}
