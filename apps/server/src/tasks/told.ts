import { PolyvisorError, type Plan, type Task, type TaskStep } from "@polyvisor/model";
import { shownPlan } from "./asked.ts";

/** Tasks with more steps than this tell only the steps that changed. */
const fewSteps = 8;

/** What the event stream carries of a task. */
export function told(head: Omit<Task, "plan" | "steps">, plan: Plan, steps: readonly TaskStep[], changed: TaskStep[]): Task {
  return steps.length <= fewSteps ? { ...head, plan: shownPlan(plan), steps: [...steps] } : { ...head, plan: { ...plan, steps: [] }, steps: changed };
}

export const cancelled = (): PolyvisorError => new PolyvisorError("cancelled", { detail: "an operator cancelled the task" });
