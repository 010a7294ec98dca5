import { spawn, type ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";

const help = `polyvisor dev [--port 5173] [--server URL] [demo's options: --hosts 10 --vms 25 --seed 1 --churn 0 --pace 1]

The web console as its sources are, each change at once in the page, over a server on a simulated estate. With --server
over one that runs already; the sign-in link then comes from \`polyvisor sign-in code\`, with the port of this one.
`;

const { values } = parseArgs({
  options: {
    port: { type: "string", default: "5173" },
    server: { type: "string" },
    "server-port": { type: "string", default: "8421" },
    hosts: { type: "string", default: "10" },
    vms: { type: "string", default: "25" },
    seed: { type: "string", default: "1" },
    churn: { type: "string", default: "0" },
    pace: { type: "string", default: "1" },
    help: { type: "boolean", short: "h" },
  },
});
if (values.help) {
  process.stdout.write(help);
  process.exit(0);
}

const children: ChildProcess[] = [];
const end = (status: number): never => {
  for (const child of children) child.kill("SIGTERM");
  process.exit(status);
};
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => end(0));

/** A program of ours, which ends us when it ends. */
function start(script: string, args: readonly string[], env: NodeJS.ProcessEnv = process.env): ChildProcess {
  const child = spawn(process.execPath, [script, ...args], { stdio: ["ignore", "pipe", "inherit"], env });
  child.once("exit", (status) => end(status ?? 1));
  children.push(child);
  return child;
}
const here = (path: string): string => new URL(path, import.meta.url).pathname;
const page = `http://127.0.0.1:${values.port}`;

/** Starts the demo; gives its address and a code to sign in with. */
async function demo(): Promise<{ url: string; code: string }> {
  const passed = (["hosts", "vms", "seed", "churn", "pace"] as const).flatMap((name) => [`--${name}`, values[name]]);
  const child = start(here("demo.ts"), [...passed, "--port", values["server-port"]]);
  for await (const line of createInterface({ input: child.stdout! })) {
    const [, url, code] = /(http\S+)\/#sign-in=(\S+)/.exec(line) ?? [];
    if (url !== undefined && code !== undefined) return { url, code };
    process.stdout.write(`${line}\n`);
  }
  return end(1);
}

const server = values.server === undefined ? await demo() : { url: values.server, code: undefined };
const vite = start(here("../node_modules/vite/bin/vite.js"), ["--port", values.port, "--strictPort", "--clearScreen", "false", here("../apps/console")], {
  ...process.env,
  POLYVISOR_DEV_SERVER: server.url,
});
vite.stdout!.pipe(process.stdout);
process.stdout.write(`The console as it is written: ${page}/${server.code === undefined ? "" : `#sign-in=${server.code}`}\n`);
