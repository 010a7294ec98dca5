import { execFile } from "node:child_process";
import path from "node:path";
import { promisify } from "node:util";
import type { Task } from "@polyvisor/model";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openLabPlane, type LabPlane } from "../../apps/server/src/lab/labPlane.ts";
import { until } from "../../apps/server/src/lab/until.ts";
import { PrivateLibvirtd } from "../lab/privateLibvirtd.ts";

const run = promisify(execFile);
let lab: LabPlane;
let daemon: PrivateLibvirtd;
/** Number of the boundary at which the daemon is killed, and those that were passed. */
let killAt = Infinity;
let passed: string[] = [];
let revived: Promise<void> = Promise.resolve();
beforeAll(async () => {
  daemon = await PrivateLibvirtd.start();
  lab = await openLabPlane(undefined, {
    onBoundary: async (point) => {
      passed.push(point);
      if (passed.length !== killAt) return;
      await (revived = daemon.signal("SIGKILL").then(() => daemon.run()));
    },
  });
  await lab.plane.hosts.add({ uri: uri(), name: "private" }, "lab");
});
afterAll(async () => {
  await lab.close();
  await daemon[Symbol.asyncDispose]();
});

const uri = (): string => `qemu+unix:///session?socket=${encodeURIComponent(daemon.socket)}`;
const virsh = async (...args: string[]): Promise<string> => (await run("virsh", ["-q", "-c", uri(), ...args], { timeout: 60_000 })).stdout.trim();

/** Orders it with the daemon killed at each boundary in turn; each time with a number of its own. @returns how many there were */
async function everywhere(request: (n: number) => unknown, check: (n: number, task: Task) => Promise<void>): Promise<number> {
  for (let n = 1; ; n++) {
    killAt = n;
    passed = [];
    await until("the host", () => lab.plane.metrics().hosts.connected === 1, 60_000);
    const task = await lab.run(request(n));
    expect([task.state, task.failure], `killed at ${passed[n - 1] ?? "no boundary"}`).toEqual(["succeeded", undefined]);
    await until("its last boundary", () => passed.at(-1) === `step ${task.steps.at(-1)!.n} ended`);
    await revived;
    await check(n, task);
    if (passed.length < n) return n - 1;
  }
}

test("kill -9 of libvirtd at every boundary: each thing is there once", { timeout: 300_000 }, async () => {
  const folder = path.join(daemon.folder, "data"); // the daemon's own
  let points = await everywhere(
    (n) => ({ do: "datastore.create", host: "private", name: `store-${n}`, path: path.join(folder, `store-${n}`) }),
    async (n) => expect((await virsh("pool-list", "--all", "--name")).split("\n").filter((name) => name.trim() === `store-${n}`)).toHaveLength(1),
  );
  await until("the datastore", () => [...lab.plane.estate.tables.datastore.byId.values()].some(({ name }) => name === "store-1"));
  points += await everywhere(
    (n) => ({
      do: "vm.create",
      host: "private",
      spec: { name: `vm-${n}`, memory: 64 * 1024 ** 2, disks: [{ size: 1024 ** 2, datastore: "store-1" }], nics: [] },
      start: false,
    }),
    async (n) => {
      expect((await virsh("list", "--all", "--name")).split("\n").filter((name) => name.trim() === `vm-${n}`)).toHaveLength(1);
      expect((await virsh("vol-list", "store-1")).split("\n").filter((line) => line.includes(`vm-${n}-`))).toHaveLength(1);
    },
  );
  process.stdout.write(`kill -9 of libvirtd: ${points} crash points of 2 kinds of task\n`);
  expect(points).toBeGreaterThan(12);
});
