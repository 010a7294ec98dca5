import type { Failure, Plan } from "@polyvisor/model";

/** A plan, and what is already known to be impossible of it: only a request for many objects may have such steps. */
export interface Work {
  plan: Plan;
  /** By number of step. */
  failures: ReadonlyMap<number, Failure>;
}
