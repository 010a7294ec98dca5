import type { Plan, TaskStep } from "@polyvisor/model";
import { expect, test } from "vitest";
import { itemsOf, leftovers, outcomeOf, progressOf } from "./outcome.ts";

const plan = (...after: number[][]): Plan => ({
  title: "",
  reason: "",
  expect: [],
  warnings: [],
  steps: after.map((each, i) => ({ n: i + 1, target: { kind: "vm", name: "x" }, action: { verb: "vm.reset", vm: "x" }, reasons: [], after: each })),
});
const states = (...list: TaskStep["state"][]): TaskStep[] => list.map((state, i) => ({ n: i + 1, state, progress: 0 }));

test("steps that wait for each other are one item", () => {
  const items = itemsOf(plan([], [1], [], [3, 2], []));
  expect(new Set(items.slice(0, 4)).size).toBe(1);
  expect(items[4]).not.toBe(items[0]);
});

test.each([
  [plan([], []), states("succeeded", "succeeded"), false, "succeeded"],
  [plan([], []), states("succeeded", "failed"), false, "partial"],
  [plan([], [1]), states("succeeded", "failed"), false, "failed"], // one VM: half of it is no success
  [plan([], []), states("failed", "interrupted"), false, "failed"],
  [plan([], []), states("succeeded", "cancelled"), true, "cancelled"],
  [plan([], []), states("succeeded", "succeeded"), true, "succeeded"], // cancelled too late
  [plan([], []), states("succeeded", "failed"), true, "partial"],
])("the outcome is %#", (its, steps, cancelled, outcome) => expect(outcomeOf(its, steps, cancelled)).toBe(outcome));

test("progress counts steps that are over, whatever became of them", () =>
  expect(progressOf([...states("failed", "waiting"), { n: 3, state: "running", progress: 0.5 }, ...states("skipped")])).toBe(0.625));

test("a volume that was made for nothing is left over, but not where nobody knows whether it was for nothing", () => {
  const made = plan([], [1], [1, 2]);
  made.steps[0]!.action = { verb: "volume.create", datastore: "d", volume: "v", capacity: 1, format: "raw" };
  made.steps[1]!.action = { verb: "vm.create", vm: "u", spec: {} as never };
  made.steps[2]!.after = [2];
  const left = (...list: TaskStep[]): number[] => leftovers(made, list).map((step) => step.n);
  const failed = (code: string): TaskStep => ({ n: 2, state: "failed", progress: 0, failure: { code, detail: "", remedy: "" } });
  const [ok, , skipped] = states("succeeded", "waiting", "skipped") as [TaskStep, TaskStep, TaskStep];
  expect(left(ok, failed("hypervisorFailed"), skipped)).toEqual([1]);
  expect(left(ok, { ...ok, state: "cancelled" }, skipped)).toEqual([1]);
  for (const code of ["hostTimeout", "hostUnreachable", "internal"]) expect(left(ok, failed(code), skipped)).toEqual([]);
  expect(left(ok, { ...ok, state: "interrupted" }, skipped)).toEqual([]);
  expect(left(ok, ok, { ...ok, state: "failed" })).toEqual([]); // the VM is there; it only did not start
  expect(left({ ...ok, state: "failed" }, skipped, skipped)).toEqual([]);
});
