import type { Task, TaskStep } from "@polyvisor/model";
import type { DraftChange } from "./draft.ts";

/**
 * Of a task that is told of several times in one transaction the last is told, with all that changed: nobody could
 * have seen it in between. It keeps the place of the last, behind everything that may have led to it.
 */
export function joinTaskNews(changes: DraftChange[]): void {
  const last = new Map<string, number>();
  let several = false;
  for (const [i, { object }] of changes.entries()) {
    if (object.kind !== "task") continue;
    several ||= last.has(object.id);
    last.set(object.id, i);
  }
  if (!several) return;
  const before = new Map<string, DraftChange>();
  let kept = 0;
  for (const [i, change] of changes.entries()) {
    const { object } = change;
    if (object.kind !== "task") changes[kept++] = change;
    else {
      const earlier = before.get(object.id);
      const joined = earlier ? join(earlier, change) : change;
      if (last.get(object.id) === i) changes[kept++] = joined;
      else before.set(object.id, joined);
    }
  }
  changes.length = kept;
}

function join(earlier: DraftChange, later: DraftChange): DraftChange {
  const first = earlier.type === "created" ? earlier : later;
  return {
    ...later,
    type: first.type,
    actor: first.actor,
    fields: first === earlier ? earlier.fields : [...new Set([...(earlier.fields ?? []), ...(later.fields ?? [])])],
    object: withSteps(earlier.object as Task, later.object as Task),
  } as DraftChange;
}

/** A task of many steps is told with those that changed only. */
function withSteps(earlier: Task, later: Task): Task {
  const steps = new Map<number, TaskStep>(earlier.steps.map((step) => [step.n, step]));
  for (const step of later.steps) steps.set(step.n, step);
  return steps.size === later.steps.length ? later : { ...later, steps: [...steps.values()] };
}
