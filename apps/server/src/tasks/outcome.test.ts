import type { Plan, TaskStep } from "@polyvisor/model";
import { expect, test } from "vitest";
import { itemsOf, outcomeOf, progressOf } from "./outcome.ts";

const plan = (...after: number[][]): Plan => ({ title: "", reason: "", expect: [], warnings: [], steps: after.map((each, i) => ({ n: i + 1, target: { kind: "vm", name: "x" }, action: { verb: "vm.reset", vm: "x" }, reasons: [], after: each })) });
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

test("progress counts steps that are over, whatever became of them", () => expect(progressOf([...states("failed", "waiting"), { n: 3, state: "running", progress: 0.5 }, ...states("skipped")])).toBe(0.625));
