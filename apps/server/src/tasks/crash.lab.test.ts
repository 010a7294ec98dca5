import { fork } from "node:child_process";
import { once } from "node:events";
import { rm } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { requestSchema } from "@polyvisor/api";
import { simWorld } from "@polyvisor/hypervisors";
import type { Action, Task } from "@polyvisor/model";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import type { HeartAsk, HeartOptions } from "../lab/heart.ts";
import { makeDataFolder } from "../lab/labServer.ts";
import { serveHosts, type HostsRecord } from "../lab/remoteHypervisor.ts";
import { startSitePostgres, type SitePostgres } from "../lab/sitePostgres.ts";

let site: SitePostgres;
let folder: string;
beforeAll(async () => {
  site = await startSitePostgres();
  folder = await makeDataFolder();
});
afterAll(async () => {
  await site.close();
  await rm(folder, { recursive: true, force: true });
});
afterEach(() => {
  simWorld("crash").reset();
  faults = "";
});
let faults = "";

const uri = (n: number): string => `sim://crash/host-000${n}?hosts=2&vms=6&pace=0.02${faults}`;

/** Starts a server; `ask` rejects when it dies before it answers. */
async function startHeart(options: HeartOptions, record: HostsRecord) {
  const child = fork(fileURLToPath(new URL("../lab/heart.ts", import.meta.url)), [JSON.stringify(options)], {
    stdio: ["ignore", "pipe", "inherit", "ipc"],
    serialization: "advanced",
  });
  let points = "";
  child.stdout!.setEncoding("utf8").on("data", (text: string) => (points += text));
  serveHosts(child, record);
  const exit = once(child, "exit") as Promise<[number | null, string | null]>;
  const died = exit.then(([code, signal]) => Promise.reject(new Error(`the server died: ${signal ?? code}`)));
  died.catch(() => undefined);
  let last = 0;
  const message = <T>(wanted: (message: { ready?: boolean; n?: number; value?: T; error?: string }) => boolean): Promise<{ value?: T; error?: string }> =>
    Promise.race([
      died,
      new Promise<{ value?: T; error?: string }>((resolve) => {
        const listen = (each: { ready?: boolean; n?: number; value?: T; error?: string }): void => {
          if (!wanted(each)) return;
          child.off("message", listen as never);
          resolve(each);
        };
        child.on("message", listen as never);
      }),
    ]);
  await message((each) => each.ready === true);
  return {
    async ask<T>(question: Omit<HeartAsk, "n">): Promise<T> {
      const n = ++last;
      const answer = message<T>((each) => each.n === n);
      child.send({ n, ...question });
      const { value, error } = await answer;
      if (error !== undefined) throw new Error(error);
      return value as T;
    },
    async kill(): Promise<string[]> {
      child.kill("SIGKILL");
      await exit;
      return points.trim().split("\n");
    },
  };
}

/**
 * Kills the server at its every boundary in turn while it carries a request out, starts another one, repeats the
 * request with the same key, and looks at what came of it. Gives the number of crashes.
 */
async function crashEverywhere(request: (hostUris: string[]) => unknown, check: (task: Task, done: Action[], point: string) => void): Promise<number> {
  for (let crashAt = 1; ; crashAt++) {
    simWorld("crash").reset();
    const databaseUrl = await site.database();
    const record: HostsRecord = { done: [], active: 0 };
    const order = { request: requestSchema.parse(request([uri(1), uri(2)])), reason: "crash", account: "test", idempotencyKey: "one" };
    const first = await startHeart({ databaseUrl, dataFolder: folder, crashAt }, record);
    await first.ask({ hosts: [uri(1), uri(2)] });
    const crashed = await first.ask<Task>({ order }).then(
      () => false,
      (error: Error) => {
        if (!/died: SIGKILL/.test(error.message)) throw error;
        return true;
      },
    );
    const points = await first.kill();
    if (!crashed) return crashAt - 1;
    const second = await startHeart({ databaseUrl, dataFolder: folder }, record);
    try {
      check(await second.ask<Task>({ order }), record.done, points[crashAt - 1]!);
    } finally {
      await second.kill();
    }
  }
}
const verbsOf = (done: Action[]): string[] => done.map((action) => action.verb).sort();

test("a new VM is made exactly once, whenever the server dies", { timeout: 300_000 }, async () => {
  const crashes = await crashEverywhere(
    () => ({ do: "vm.create", host: "host-0001", spec: { name: "fresh", disks: [{ size: 1024 ** 3 }] }, start: true }),
    (task, done, point) => {
      expect([task.state, ...verbsOf(done)], `killed at ${point}`).toEqual(["succeeded", "vm.create", "vm.start", "volume.create"]);
    },
  );
  expect(crashes).toBe(16);
});

test("what was made for a VM that could not be made is gone, whenever the server dies", { timeout: 300_000 }, async () => {
  faults = "&fault=fail:vm.create:1";
  const crashes = await crashEverywhere(
    () => ({ do: "vm.create", host: "host-0001", spec: { name: "fresh", disks: [{ size: 1024 ** 3 }] }, start: true }),
    (task, done, point) => {
      expect([task.state, ...verbsOf(done)], `killed at ${point}`).toEqual(["failed", "volume.create", "volume.delete"]);
      expect(task.steps.map((step) => step.state)).toEqual(["succeeded", "failed", "skipped"]);
      expect(task.steps[0]!.message).toMatch(/removed again, because what it was for was not done$/);
    },
  );
  expect(crashes).toBe(14);
});

test("many VMs are each done exactly once", { timeout: 300_000 }, async () => {
  const crashes = await crashEverywhere(
    () => ({ do: "vm.destroy", select: "state=running host=host-0002" }),
    (task, done, point) => {
      expect(task.state, `killed at ${point}`).toBe("succeeded");
      const vms = done.map((action) => (action as { vm: string }).vm);
      expect(new Set(vms).size, `killed at ${point}`).toBe(vms.length);
      expect(vms.length).toBe(task.plan.steps.length);
    },
  );
  expect(crashes).toBeGreaterThan(10);
});

test("what leaves no trace is never repeated: it is done, or it says that nobody knows", { timeout: 300_000 }, async () => {
  const crashes = await crashEverywhere(
    () => ({ do: "vm.reset", vms: [runningVm()] }),
    (task, done, point) => {
      const step = task.steps[0]!;
      expect(done.length, `killed at ${point}`).toBeLessThanOrEqual(1);
      if (step.state === "succeeded") expect(done).toHaveLength(1);
      else expect([task.state, step.state, step.failure?.code], `killed at ${point}`).toEqual(["failed", "interrupted", "interrupted"]);
      if (/created|ready/.test(point)) expect(step.state).toBe("succeeded");
    },
  );
  expect(crashes).toBe(6);
});

test("a VM that moves is on exactly one host and keeps its id", { timeout: 300_000 }, async () => {
  const crashes = await crashEverywhere(
    () => ({ do: "vm.migrate", vms: [runningVm()], to: "host-0002", copyStorage: true }),
    (task, done, point) => {
      expect([task.state, ...verbsOf(done)], `killed at ${point}: ${JSON.stringify(task.failure)}`).toEqual(["succeeded", "vm.migrate"]);
      expect(simWorld("crash").hostOf((task.plan.steps[0]!.action as { vm: string }).vm)).toBe("host-0002");
    },
  );
  expect(crashes).toBe(6);
});

/** Native id of a VM that runs on the first host: the same in every world. */
function runningVm(): string {
  simWorld("crash").host(uri(1));
  return running;
}
let running = "";
beforeAll(async () => {
  const { connectHypervisor } = await import("@polyvisor/hypervisors");
  const host = await connectHypervisor(uri(1), { signal: new AbortController().signal, openTimeoutMs: 5_000, callTimeoutMs: 5_000 });
  running = (await host.inventory()).vms.find((vm) => vm.state === "running")!.nativeId;
  await host.close();
});
