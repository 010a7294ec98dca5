import { PolyvisorError, type Task } from "@polyvisor/model";
import { pino } from "pino";
import { expect, test } from "vitest";
import type { Draft } from "../events/draft.ts";
import type { Journal } from "../events/journal.ts";
import { TaskRun } from "./taskRun.ts";

const at = "2026-01-01T00:00:00.000Z";
const task = {
  kind: "task",
  id: "t-1",
  revision: 1,
  title: "Pause",
  state: "queued",
  progress: 0,
  by: "me",
  reason: "",
  createdAt: at,
  cancelRequested: false,
  plan: {
    title: "Pause",
    steps: [{ n: 1, title: "Pause a", action: { verb: "vm.pause", vm: "u" }, target: { kind: "vm", id: "vm-1", name: "a" }, hostId: "h-1", after: [] }],
  },
  steps: [{ n: 1, state: "waiting", progress: 0 }],
} as unknown as Task;

test("a step that is cancelled while the journal closes is left to the next server, and ends nothing", async () => {
  // A journal that took the wish to cancel and closes then; whatever rejects unheard would end the server, and fails this test.
  const written = Promise.withResolvers<void>();
  const journal: Pick<Journal, "ask" | "write"> = {
    ask: async (mutation) => mutation({ under: () => undefined, updateTask: () => undefined, tellTask: () => undefined } as unknown as Draft),
    write: () => {
      written.resolve();
      return Promise.reject(new PolyvisorError("starting", { detail: "the server is stopping" }));
    },
  };
  const run = new TaskRun(task, {
    claim: { kind: "task", id: task.id, fence: 1, lost: false },
    lost: () => undefined,
    journal: journal as Journal,
    log: pino({ level: "silent" }),
    now: () => 0,
    turn: (_step, signal) => new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason as Error))),
    perform: () => Promise.reject(new Error("nothing is to be done")),
    boundary: () => undefined,
    ended: () => undefined,
  });
  run.start();
  await run.cancel();
  await run.stop();
  await written.promise;
  await new Promise((resolve) => setImmediate(resolve));
  expect(run.shown()).toMatchObject({ state: "queued", cancelRequested: true, steps: [{ state: "waiting" }] });
});
