// A control plane without HTTP, in a process of its own that is killed. Argument: JSON of CrashServerOptions.
import { AsyncLocalStorage } from "node:async_hooks";
import { setTimeout as delay } from "node:timers/promises";
import type { TaskOrder } from "../../apps/server/src/controlPlane.ts";
import { createControlPlane } from "../../apps/server/src/createControlPlane.ts";
import { labLog } from "../../apps/server/src/lab/labPlane.ts";
import { remoteConnect } from "../../apps/server/src/lab/remoteHypervisor.ts";
import { openStore } from "../../apps/server/src/store/openStore.ts";

export interface CrashServerOptions {
  databaseUrl: string;
  dataFolder: string;
  recipesFolder: string;
  /** Tasks that are resumed at the start, and the number of the boundary at which each goes no further. */
  holdResumed?: Record<string, number>;
}
/** Asked by the test; answered with the same number. */
export type CrashAsk = { n: number } &
  /** `vms`: native ids that are there when it is answered. */
  (
    | { hosts: { uri: string; name: string }[]; vms: string[] }
    /** `holdAt`: number of the boundary at which this task goes no further. */
    | { order: TaskOrder; point: string; holdAt?: number }
    | { idle: true }
    /** Lets go of all that is held. */
    | { release: true }
  );
/** Told by the server: a task came to a boundary, and whether it stays there. */
export type CrashTold = { /** Absent for a task that was resumed. */ point?: string; task?: string | undefined; boundary: string; held: boolean };

const options = JSON.parse(process.argv[2]!) as CrashServerOptions;
const running = new AsyncLocalStorage<{ point: string; at: number; holdAt: number | undefined }>();
const release = Promise.withResolvers<void>();
const resumed = new Map<string, number>();
const boundary = (boundary: string, taskId?: string): Promise<void> | undefined => {
  const task = running.getStore();
  let held: boolean;
  if (task) {
    held = ++task.at === task.holdAt;
    process.send!({ point: task.point, task: taskId, boundary, held } satisfies CrashTold);
  } else {
    if (taskId === undefined) return undefined;
    const at = (resumed.get(taskId) ?? 0) + 1;
    resumed.set(taskId, at);
    held = at === options.holdResumed?.[taskId];
    process.send!({ task: taskId, boundary, held } satisfies CrashTold);
  }
  return held ? release.promise : undefined;
};
const store = await openStore({ kind: "url", url: options.databaseUrl }, labLog);
const plane = await createControlPlane({
  store,
  log: labLog,
  dataFolder: options.dataFolder,
  recipesFolder: options.recipesFolder,
  serverId: "crash",
  secrets: { seal: (text) => Buffer.from(text), open: (sealed) => sealed.toString() },
  connectTo: remoteConnect(() => undefined),
  onBoundary: boundary,
  intervals: { hostWait: 30_000 },
});

process.on("message", (ask: CrashAsk) => {
  if (typeof ask !== "object" || !("n" in ask)) return;
  void answer(ask).then(
    (value) => process.send!({ n: ask.n, value }),
    (error: unknown) => process.send!({ n: ask.n, error: error instanceof Error ? error.stack : String(error) }),
  );
});
process.once("disconnect", () => process.exit());
process.send!({ ready: true });

async function answer(ask: CrashAsk): Promise<unknown> {
  if ("hosts" in ask) {
    await Promise.all(ask.hosts.map((host) => plane.hosts.add(host, "test")));
    while (plane.metrics().hosts.connected < ask.hosts.length || !ask.vms.every((vm) => plane.estate.withNative("vm", vm).length > 0)) await delay(20);
    return undefined;
  }
  if ("release" in ask) return release.resolve();
  if ("idle" in ask) {
    for (;;) {
      const { open } = plane.metrics().tasks;
      if (open.queued + open.running === 0) return undefined;
      await delay(20);
    }
  }
  const { id } = await running.run({ point: ask.point, at: 0, holdAt: ask.holdAt }, () => plane.tasks.create(ask.order));
  for (;;) {
    const task = await plane.tasks.get(id);
    if (task.endedAt !== undefined) return task;
    await delay(20);
  }
}
