import { parseArgs } from "node:util";
import { runStorm } from "./storm.ts";

const help = `polyvisor storm [--minutes 2] [--seed N] [--servers 1] [--test-hosts 2] [--no-qemu] [--runs 1] [--verbose] [--keep]

Random work on real libvirtd, through the API and behind its back, while connections, programs and clocks fail;
then quiet, and everything is compared. In temporary folders of its own; nothing else is touched.
  --seed     replays the choices of a run; how they meet in time is the machine's
  --runs     so many storms, each with the next seed
  --verbose  every operation and every fault as it happens
  --keep     leaves the servers' folders with their logs
`;
const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "2" },
    seed: { type: "string", default: String(Math.floor(Math.random() * 1_000_000)) },
    servers: { type: "string", default: "1" },
    "test-hosts": { type: "string", default: "2" },
    "no-qemu": { type: "boolean", default: false },
    runs: { type: "string", default: "1" },
    verbose: { type: "boolean", default: false },
    keep: { type: "boolean", default: false },
    help: { type: "boolean", short: "h" },
  },
});
const number = (name: "minutes" | "seed" | "servers" | "test-hosts" | "runs", from: number, to: number): number => {
  const value = Number(values[name]);
  if (!(value >= from && value <= to)) {
    process.stderr.write(`polyvisor storm: --${name} is a number from ${from} to ${to}.\n`);
    process.exit(2);
  }
  return value;
};
if (values.help) {
  process.stdout.write(help);
  process.exit(0);
}
let failed = false;
for (let n = 0; n < number("runs", 1, 10_000); n++) {
  const seed = number("seed", 0, Number.MAX_SAFE_INTEGER) + n;
  process.stdout.write(`seed ${seed}\n`);
  const { faults, summary } = await runStorm({
    seed,
    seconds: number("minutes", 0.1, 10_000) * 60,
    servers: number("servers", 1, 3),
    testHosts: number("test-hosts", 1, 20),
    qemu: !values["no-qemu"],
    keep: values.keep,
    tell: values.verbose ? (line) => process.stdout.write(`${line}\n`) : undefined,
  });
  for (const fault of faults) process.stdout.write(`FAULT ${fault}\n`);
  process.stdout.write(`${summary}\n`);
  failed ||= faults.length > 0;
}
process.exit(failed ? 1 : 0);
