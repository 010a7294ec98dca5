import type { Failure, Task, TaskStep } from "@polyvisor/model";
import { newId } from "../newId.ts";
import type { Work } from "../plans/work.ts";

/** A task that is not begun; what of it is known to be impossible has failed already. @param now milliseconds since 1970 */
export function newTask({ plan, failures }: Work, order: { account: string; reason: string; retryOf?: string | undefined }, now: number): Task {
  const at = new Date(now).toISOString();
  const steps = plan.steps.map(({ n }): TaskStep => {
    const failure: Failure | undefined = failures.get(n);
    return failure ? { n, state: "failed", progress: 0, startedAt: at, endedAt: at, message: failure.detail, failure } : { n, state: "waiting", progress: 0 };
  });
  return {
    kind: "task",
    id: newId("task"),
    revision: 1,
    title: plan.title,
    state: "queued",
    progress: 0,
    by: order.account,
    reason: order.reason,
    createdAt: at,
    cancelRequested: false,
    ...(order.retryOf === undefined ? {} : { retryOf: order.retryOf }),
    plan,
    steps,
  };
}
