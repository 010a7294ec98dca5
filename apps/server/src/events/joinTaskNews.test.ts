import type { Task, TaskStep } from "@polyvisor/model";
import { expect, test } from "vitest";
import { aVm } from "../lab/sampleObjects.ts";
import type { DraftChange } from "./draft.ts";
import { joinTaskNews } from "./joinTaskNews.ts";

const told = (id: string, revision: number, steps: [number, TaskStep["state"]][], more: Partial<DraftChange> = {}): DraftChange => ({
  type: "changed",
  fields: ["steps"],
  actor: { origin: "task", by: "me" },
  object: { kind: "task", id, revision, steps: steps.map(([n, state]) => ({ n, state, progress: 0 })) } as Task,
  ...more,
});
const vm: DraftChange = { type: "changed", fields: ["state"], actor: { origin: "host" }, object: aVm("v-1", "h-1") };

/** What is told, in short. */
function joined(...changes: DraftChange[]) {
  joinTaskNews(changes);
  return changes.map(({ type, fields, actor, object }) =>
    object.kind === "task"
      ? [object.id, object.revision, type, fields?.join(" "), actor.origin, object.steps.map(({ n, state }) => `${n} ${state}`).join(", ")]
      : [object.id, type],
  );
}

test("a new task that begins at once is told as created by whoever wanted it, and as far as it is", () => {
  const created = told("t", 1, [[1, "waiting"]], { type: "created", fields: [], actor: { origin: "api ::1", by: "me" } });
  expect(joined(created, told("t", 2, [[1, "running"]], { fields: ["state"] }))).toEqual([["t", 2, "created", "", "api ::1", "1 running"]]);
});

test("what led to the end of a task stays before it", () => {
  expect(joined(told("t", 3, [[1, "running"]], { fields: ["progress"] }), vm, told("t", 4, [[1, "succeeded"]], { fields: ["state", "progress"] }))).toEqual([
    ["v-1", "changed"],
    ["t", 4, "changed", "progress state", "task", "1 succeeded"],
  ]);
});

test("of many steps those of all news are told, each as it is last; tasks are not mixed", () => {
  const changes = [
    told("t", 2, [[1, "running"]]),
    told("u", 2, [[9, "running"]]),
    told("t", 3, [[2, "running"]]),
    told("t", 4, [
      [1, "failed"],
      [3, "skipped"],
    ]),
  ];
  expect(joined(...changes)).toEqual([
    ["u", 2, "changed", "steps", "task", "9 running"],
    ["t", 4, "changed", "steps", "task", "1 failed, 2 running, 3 skipped"],
  ]);
});
