import { PolyvisorError, type Task } from "@polyvisor/model";
import { pino } from "pino";
import { expect, test } from "vitest";
import type { Draft } from "../events/draft.ts";
import type { Journal } from "../events/journal.ts";
import { TaskRun, type Performed } from "./taskRun.ts";

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
    settled: async () => undefined,
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

/** A task that makes a VM and starts it, over a journal and a host that answer when the test says so. */
function createAndStart() {
  const writes: { states: string[]; ended: boolean; answer: PromiseWithResolvers<void> }[] = [];
  const performed: { n: number; answer: PromiseWithResolvers<Performed> }[] = [];
  const settled = Promise.withResolvers<void>();
  const waitedFor: number[][] = [];
  const journal: Pick<Journal, "write"> = {
    write: (mutation) => {
      const answer = Promise.withResolvers<void>();
      const write = { states: [] as string[], ended: false, answer };
      const draft = {
        under: () => undefined,
        updateStep: ({ n, state }: { n: number; state: string }) => write.states.push(`${n} ${state}`),
        updateTask: (each: Task) => (write.ended = each.endedAt !== undefined),
        tellTask: () => undefined,
      };
      mutation(draft as unknown as Draft);
      writes.push(write);
      return answer.promise as Promise<never>;
    },
  };
  const [first] = task.plan.steps;
  const plan = { ...task.plan, steps: [first!, { ...first!, n: 2, after: [1] }] };
  const run = new TaskRun({ ...task, plan, steps: [1, 2].map((n) => ({ n, state: "waiting", progress: 0 })) } as Task, {
    claim: { kind: "task", id: task.id, fence: 1, lost: false },
    lost: () => undefined,
    journal: journal as Journal,
    log: pino({ level: "silent" }),
    now: () => 0,
    turn: async () => () => undefined,
    perform: (_claim, step) => {
      const answer = Promise.withResolvers<Performed>();
      performed.push({ n: step.n, answer });
      return answer.promise;
    },
    settled: (steps) => {
      waitedFor.push(steps.map(({ n }) => n));
      return settled.promise;
    },
    boundary: () => undefined,
    ended: () => undefined,
  });
  run.start();
  const turn = () => new Promise((resolve) => setImmediate(resolve));
  return { run, writes, performed, settled, waitedFor, turn };
}

test("a step does not wait until what the one before it made is there to be seen; the end of the task does", async () => {
  const { run, writes, performed, settled, waitedFor, turn } = createAndStart();
  await turn();
  writes[0]!.answer.resolve();
  await turn();
  const heard = Promise.withResolvers<void>();
  performed[0]!.answer.resolve({ message: "made", told: heard.promise });
  await turn();
  // The end of the one and the beginning of the other are written together, and nothing is begun before both are there.
  expect(writes.map(({ states }) => states)).toEqual([["1 running"], ["1 succeeded"], ["2 running"]]);
  writes[2]!.answer.resolve();
  await turn();
  expect(performed).toHaveLength(1);
  writes[1]!.answer.resolve();
  await turn();
  expect(performed.map(({ n }) => n)).toEqual([1, 2]);
  expect(waitedFor).toEqual([]);
  performed[1]!.answer.resolve({ message: "started" });
  await turn();
  expect(waitedFor).toEqual([[1, 2]]);
  expect(writes).toHaveLength(3);
  settled.resolve();
  await turn();
  expect(writes).toHaveLength(3);
  heard.resolve();
  await turn();
  expect(writes[3]).toMatchObject({ states: ["2 succeeded"], ended: true });
  writes[3]!.answer.resolve();
  await turn();
  expect(run.shown()).toMatchObject({ state: "succeeded", steps: [{ state: "succeeded" }, { state: "succeeded" }] });
});

test("nothing is begun behind an end that could not be kept", async () => {
  const { writes, performed, turn } = createAndStart();
  await turn();
  writes[0]!.answer.resolve();
  await turn();
  performed[0]!.answer.resolve({ message: "made" });
  await turn();
  writes[1]!.answer.reject(new PolyvisorError("starting", { detail: "the server is stopping" }));
  writes[2]!.answer.resolve();
  await turn();
  expect(performed.map(({ n }) => n)).toEqual([1]);
});
