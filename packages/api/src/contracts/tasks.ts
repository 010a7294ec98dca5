import { planSchema, taskSchema, taskStates } from "@polyvisor/model";
import { z } from "zod";
import { requestSchema } from "../request.ts";
import { id, type Contract } from "./parts.ts";

/** Revisions that were seen, by id: what has another one by the time of its step is left alone, and the step says so. */
const ifRevisions = z.record(z.string().max(64), z.number().int()).optional();

/** A plan with the revisions of what it was made of: given as `ifRevisions`, nothing is done to what is something else by then. */
const shownPlan = planSchema.extend({ revisions: z.record(z.string(), z.number().int()) });

export const tasksContracts = {
  taskList: {
    summary: "Tasks, latest first",
    who: "account",
    status: 200,
    query: z.strictObject({
      state: z.enum(taskStates).optional(),
      /** Id of an object: only tasks that changed it, and the latest that were to change it. */
      object: z.string().max(64).optional(),
      limit: z.coerce.number().int().min(1).max(1000).default(50),
      cursor: z.string().max(512).optional(),
    }),
    response: z.object({ items: z.array(taskSchema.omit({ plan: true, steps: true })), next: z.string().optional() }),
  },
  taskCreate: {
    summary: "Ask for a change; the plan made of it is executed as a task. An Idempotency-Key makes a repeat harmless",
    who: "account",
    status: 202,
    body: z.strictObject({
      request: requestSchema,
      reason: z.string().max(1024).default(""),
      ifRevisions,
    }),
    response: taskSchema,
  },
  taskGet: { summary: "One task with its plan and steps", who: "account", status: 200, params: id, response: taskSchema },
  taskCancel: { summary: "Ask a task to stop; it stops in a known state", who: "account", status: 202, params: id, response: taskSchema },
  taskRetry: {
    summary: "Do again what a task did not: a new task with a new plan, in the name and with the rights of who asks. Of many objects only those it failed for",
    who: "account",
    status: 202,
    params: id,
    /** `reason` is the first task's where absent. */
    body: z.strictObject({ reason: z.string().max(1024).optional(), ifRevisions }).default({}),
    response: taskSchema,
  },
  taskRetryPlan: {
    summary: "The plan that a retry of a task would become; nothing is changed",
    who: "account",
    status: 200,
    params: id,
    body: z.strictObject({ reason: z.string().max(1024).optional() }).default({}),
    response: shownPlan,
  },
  planMake: {
    summary: "The plan that a request would become; nothing is changed",
    who: "account",
    status: 200,
    body: z.strictObject({ request: requestSchema, reason: z.string().max(1024).default("") }),
    response: shownPlan,
  },
} as const satisfies Record<string, Contract>;
