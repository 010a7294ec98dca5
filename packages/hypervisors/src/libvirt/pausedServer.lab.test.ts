import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, expect, test } from "vitest";
import { PrivateLibvirtd } from "../../../../tests/lab/privateLibvirtd.ts";
import type { Hypervisor } from "../hypervisor.ts";
import { libvirtKind } from "./libvirtKind.ts";

// A process with changing calls in line is stopped and wakes up when it may not change anything any more.

let daemon: PrivateLibvirtd;
beforeAll(async () => void (daemon = await PrivateLibvirtd.start()));
afterAll(() => daemon[Symbol.asyncDispose]());

const holdMs = 1_500;
/** Its right ends by itself `holdMs` after it was last confirmed, which it does for itself every 100 ms as long as it runs, until it slept. */
const program = (uri: string): string => `
import { uptime } from "node:os";
import { libvirtKind } from ${JSON.stringify(new URL("./libvirtKind.ts", import.meta.url).href)};
const clock = () => uptime() * 1000;
let until = clock() + ${holdMs}, refused = 0, changed = 0, asleep = false;
setInterval(() => { if (clock() > until) asleep = true; else if (!asleep) until = clock() + ${holdMs}; }, 100);
const hypervisor = await libvirtKind.connect(new URL(${JSON.stringify(uri)}), {
  signal: new AbortController().signal, openTimeoutMs: 20_000, callTimeoutMs: 30_000,
  mayChange() { if (clock() > until) throw new Error("its term is over"); },
});
const { vms } = await hypervisor.inventory();
const vm = vms[0].nativeId;
const one = (verb) => hypervisor.run({ verb, vm }, { signal: new AbortController().signal, progress() {} });
const line = async () => {
  for (let n = 0; refused < 20; n++) {
    try { await one(n % 2 ? "vm.unpause" : "vm.pause"); changed++; if (changed % 20 === 0) console.log("changed"); }
    catch (error) { if (/term is over/.test(error.message + error.cause?.message)) refused++; }
  }
};
await Promise.all([line(), line(), line()]);
console.log("end " + refused);
process.exit(0);
`;

test("of the calls in line none is sent after the term ended while the process stood still", { timeout: 60_000 }, async () => {
  const uri = `test:///default?socket=${daemon.socket}`;
  const over = new AbortController();
  const watcher: Hypervisor = await libvirtKind.connect(new URL(uri), { signal: over.signal, openTimeoutMs: 20_000, callTimeoutMs: 30_000 });
  let changes = 0;
  void (async () => {
    for await (const change of watcher.changes(over.signal)) if (change.type === "upsert" && change.kind === "vm") changes++;
  })().catch(() => undefined);
  const child = spawn(process.execPath, ["--input-type=module", "-e", program(uri)], { stdio: ["ignore", "pipe", "inherit"] });
  try {
    const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
    expect((await lines.next()).value).toBe("changed");
    child.kill("SIGSTOP");
    // What was on the wire arrives; then nothing changes, for longer than the term.
    for (let known = -1, still = performance.now(); performance.now() - still < holdMs + 1_500;) {
      if (known !== changes) [known, still] = [changes, performance.now()];
      await new Promise((resolve) => setImmediate(resolve));
      await watcher.inventory();
    }
    const before = changes;
    expect(before).toBeGreaterThan(0);
    const state = (await watcher.inventory()).vms[0]!.state;
    child.kill("SIGCONT");
    const rest: string[] = [];
    for (let next = await lines.next(); !next.done; next = await lines.next()) rest.push(next.value);
    expect(rest.at(-1)).toMatch(/^end (?!0)/);
    await watcher.inventory(); // what was told before this answer is here
    expect(changes).toBe(before);
    expect((await watcher.inventory()).vms[0]!.state).toBe(state);
  } finally {
    child.kill("SIGCONT");
    if (child.exitCode === null) {
      child.kill("SIGKILL");
      await once(child, "exit");
    }
    over.abort();
    await watcher.close();
  }
});
