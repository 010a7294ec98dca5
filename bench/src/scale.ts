import { parseArgs } from "node:util";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { libvirtHosts } from "./scale/libvirtHosts.ts";
import { measureSize, parts, type Part, type SizeResult } from "./scale/measureSize.ts";
import { plot } from "./scale/plot.ts";
import { report } from "./scale/report.ts";
import { fanOutAlone, journalAlone } from "./scale/stages.ts";

const { values } = parseArgs({
  options: {
    vms: { type: "string", default: "1000,10000,50000,100000,250000" },
    only: { type: "string" },
    hosts: { type: "string", default: "own process" },
    profile: { type: "string" },
    save: { type: "string" },
    keep: { type: "string" },
    libvirt: { type: "string" },
    stages: { type: "boolean", default: false },
  },
});
const say = (text: string): void => void process.stderr.write(`${text}\n`);
const only = values.only?.split(",") ?? [...parts];
for (const part of only) if (!parts.includes(part as Part)) throw new Error(`there is no part "${part}"; there are ${parts.join(", ")}`);
if (values.hosts !== "own process" && values.hosts !== "server") throw new Error('--hosts is "own process" or "server"');

if (values.libvirt !== undefined) {
  const [hosts, vmsPerHost] = values.libvirt.split("x").map(Number) as [number, number];
  process.stdout.write(`${JSON.stringify(await libvirtHosts(hosts, vmsPerHost, 60))}\n`);
  process.exit(0);
}
if (values.stages) {
  say(`journal alone: ${JSON.stringify(await journalAlone(15))}`);
  for (const [rate, gzip] of [
    [10_000, true],
    [10_000, false],
    [20_000, true],
  ] as const)
    say(`fan-out alone, ${rate}/s${gzip ? ", gzip" : ""}: ${JSON.stringify(await fanOutAlone(rate, gzip, 10))}`);
  process.exit(0);
}
const results: SizeResult[] = [];
for (const size of values.vms.split(",").map(Number)) {
  const kept = values.keep === undefined ? {} : { kept: join(values.keep, String(size)) };
  const options = { ...kept, vms: size, parts: new Set(only as Part[]), where: values.hosts as "own process" | "server", say };
  if (values.profile) await mkdir(values.profile, { recursive: true });
  const result = await measureSize(values.profile ? { ...options, profile: values.profile } : options);
  results.push(result);
  say(JSON.stringify(result));
  if (values.save) {
    await writeFile(`${values.save}.json`, `${JSON.stringify(results, undefined, 1)}\n`);
    await writeFile(`${values.save}.svg`, plot(results));
  }
}
process.stdout.write(`${report(results)}\n`);
