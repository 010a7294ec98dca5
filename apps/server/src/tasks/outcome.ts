import { failureOf, type Failure, type Plan, type PlanStep, type Task, type TaskStep } from "@polyvisor/model";
import { cancelled } from "./told.ts";

const overStates: ReadonlySet<TaskStep["state"]> = new Set(["succeeded", "failed", "skipped", "cancelled", "interrupted"]);
export const isOver = (step: TaskStep): boolean => overStates.has(step.state);

/** Items of a plan: steps that hang together. `items[i]` is the number of the item of the i-th step. */
export function itemsOf(plan: Plan): number[] {
  const at = new Map(plan.steps.map((step, i) => [step.n, i]));
  const parent = plan.steps.map((_, i) => i);
  const root = (i: number): number => {
    while (parent[i] !== i) i = parent[i] = parent[parent[i]!]!;
    return i;
  };
  plan.steps.forEach((step, i) => {
    for (const n of step.after) parent[root(at.get(n)!)] = root(i);
  });
  return plan.steps.map((_, i) => root(i));
}

/** How a task ended when all its steps are over: by its items, each of which succeeded only if all its steps did. */
export function outcomeOf(plan: Plan, steps: readonly TaskStep[], cancelRequested: boolean): Task["state"] {
  const items = itemsOf(plan);
  const failed = new Set(items.filter((_, i) => steps[i]!.state !== "succeeded"));
  if (failed.size === 0) return "succeeded";
  if (cancelRequested && steps.some((step) => step.state === "cancelled")) return "cancelled";
  return new Set(items).size > failed.size ? "partial" : "failed";
}

/** What a task becomes with its last step: its outcome, and why where it is no success. */
export function endOf(plan: Plan, steps: readonly TaskStep[], cancelRequested: boolean): Pick<Task, "state" | "failure"> {
  const state = outcomeOf(plan, steps, cancelRequested);
  if (state === "succeeded") return { state };
  const first = steps.find((step) => step.failure)?.failure as Failure | undefined;
  return { state, failure: first ?? (state === "cancelled" ? failureOf(cancelled()) : undefined) };
}

/** Steps that wait for the i-th one, directly or not. @param dependents of each step, those that wait for it directly */
export function stepsBehind(dependents: readonly (readonly number[])[], steps: readonly TaskStep[], i: number): number[] {
  const out = new Set<number>();
  const queue = [i];
  for (let at = queue.pop(); at !== undefined; at = queue.pop()) {
    for (const next of dependents[at]!) {
      if (out.has(next) || steps[next]!.state !== "waiting") continue;
      out.add(next);
      queue.push(next);
    }
  }
  return [...out];
}

/** What becomes of a step that waited for the n-th one, which came to `state` and is no success. */
export const skippedBehind = (n: number, state: TaskStep["state"], endedAt: string): Partial<TaskStep> => ({
  state: state === "cancelled" ? "cancelled" : "skipped",
  endedAt,
  message: `step ${n} was ${state === "cancelled" ? "cancelled" : "not successful"}`,
});

/** 0 to 1 over all steps. */
export function progressOf(steps: readonly TaskStep[]): number {
  if (steps.length === 0) return 1;
  let sum = 0;
  for (const step of steps) sum += isOver(step) ? 1 : step.progress;
  return sum / steps.length;
}

/**
 * Steps that made a volume for something that then was not done: nobody has use for it. Where the outcome of that is
 * not known for certain (interrupted, or the host does not answer), the volume stays.
 */
export function leftovers(plan: Plan, steps: readonly TaskStep[]): PlanStep[] {
  return plan.steps.filter((step, i) => {
    if (step.action.verb !== "volume.create" || steps[i]!.state !== "succeeded") return false;
    const users = plan.steps.flatMap((other, j) => (other.after.includes(step.n) ? [{ verb: other.action.verb, state: steps[j]! }] : []));
    return users.length > 0 && users.every(({ verb, state }) => (verb === "vm.create" || verb === "vm.attachDisk") && isUndone(state));
  });
}

const isUndone = ({ state, failure }: TaskStep): boolean =>
  state === "skipped" ||
  state === "cancelled" ||
  (state === "failed" && failure !== undefined && !failure.code.startsWith("host") && failure.code !== "internal");
