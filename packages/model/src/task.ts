import { z } from "zod";
import { planSchema } from "./plan.ts";

/**
 * `queued`, then `running`, then one of the rest. `partial`: some items succeeded and some did not.
 * `cancelled`: the steps say what was done before.
 */
export const taskStates = ["queued", "running", "succeeded", "failed", "partial", "cancelled"] as const;
/** `interrupted`: the server stopped in the middle and the outcome cannot be observed. `skipped`: a step before it did not succeed. */
export const stepStates = ["waiting", "running", "succeeded", "failed", "skipped", "cancelled", "interrupted"] as const;

export const failureSchema = z.object({ code: z.string(), detail: z.string(), remedy: z.string(), where: z.string().optional() });

export const taskStepSchema = z.object({
  n: z.number().int(),
  state: z.enum(stepStates),
  /** 0 to 1 where the hypervisor tells. */
  progress: z.number().min(0).max(1),
  startedAt: z.string().optional(),
  endedAt: z.string().optional(),
  /** What happened, in words: `was already running`, `resumed after a restart of the server: found done`. */
  message: z.string().optional(),
  failure: failureSchema.optional(),
});
export type TaskStep = z.infer<typeof taskStepSchema>;

export const taskSchema = z.object({
  kind: z.literal("task"),
  id: z.string(),
  revision: z.number().int(),
  title: z.string(),
  state: z.enum(taskStates),
  progress: z.number().min(0).max(1),
  /** Account that asked. */
  by: z.string(),
  reason: z.string(),
  createdAt: z.string(),
  startedAt: z.string().optional(),
  endedAt: z.string().optional(),
  cancelRequested: z.boolean(),
  /** Task that this one does again: of many objects those that it failed for. */
  retryOf: z.string().optional(),
  plan: planSchema,
  steps: z.array(taskStepSchema),
  failure: failureSchema.optional(),
});
export type Task = z.infer<typeof taskSchema>;
