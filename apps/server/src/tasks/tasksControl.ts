import type { Request } from "@polyvisor/api";
import type { Plan, Task } from "@polyvisor/model";
import type { PlanAccess } from "../access/planAccess.ts";

export interface TaskOrder {
  request: Request;
  reason: string;
  account: string;
  /** In whose name it is planned; without one everything may be chosen. */
  access?: PlanAccess | undefined;
  idempotencyKey?: string | undefined;
  /** What has another revision, by id, is left alone: its steps fail with `changedMeanwhile`. */
  ifRevisions?: Readonly<Record<string, number>> | undefined;
}

/** To do again what a task did not. */
export interface RetryOrder extends Omit<TaskOrder, "request" | "reason"> {
  /** Id of the task. */
  of: string;
  /** The first task's where absent. */
  reason?: string | undefined;
  /** Looks at the request in the name of who asks. */
  own?: ((request: Request) => Request) | undefined;
}

export interface TasksControl {
  /** Plans, keeps and begins. Resolves when the task is durable. The same key and request give the task of the first time. */
  create(order: TaskOrder): Promise<Task>;
  /**
   * A new task for what another did not do, planned by the present and with the rights of who asks.
   * @throws PolyvisorError `conflict` where nothing is left to do, or it is not known what was asked for
   */
  retry(order: RetryOrder): Promise<Task>;
  /** The plan of it; nothing is changed. */
  retryPlan(order: RetryOrder): Promise<Plan>;
  /** @throws PolyvisorError `notFound` */
  get(id: string): Promise<Task>;
  list(query: {
    state?: Task["state"] | undefined;
    /** Of this account only. */
    by?: string | undefined;
    object?: string | undefined;
    limit: number;
    cursor?: string | undefined;
  }): Promise<{ items: Omit<Task, "plan" | "steps">[]; next?: string }>;
  cancel(id: string): Promise<Task>;
}
