import { z } from "zod";
import { actionSchema } from "./action.ts";
import { inventoryKinds } from "./id.ts";

/** Something a step does that is not one call to a hypervisor: putting a file of Polyvisor's onto a datastore. */
export const placeImageSchema = z.strictObject({
  verb: z.literal("image.place"),
  /** A file of a template: `micro/vmlinuz`. */
  image: z.string().max(255),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  size: z.number().int().min(0),
  datastore: z.string().max(255),
  volume: z.string().max(255),
});
/** Building a template on the server's machine. */
export const buildTemplateSchema = z.strictObject({ verb: z.literal("template.build"), template: z.string().max(64) });

export const stepActionSchema = z.union([actionSchema, placeImageSchema, buildTemplateSchema]);
export type StepAction = z.infer<typeof stepActionSchema>;

export const planStepSchema = z.object({
  /** 1, 2, 3, …; unique in its plan. */
  n: z.number().int().min(1),
  /** Host that carries it out; absent for the server's own work. */
  hostId: z.string().optional(),
  /** Object it changes, as an operator knows it. `id` is absent for what does not exist yet. */
  target: z.object({
    kind: z.enum([...inventoryKinds, "host", "template"]),
    id: z.string().optional(),
    name: z.string(),
    /** It is done only upon this revision. */ ifRevision: z.number().int().optional(),
  }),
  action: stepActionSchema,
  /** Folder and tags that a VM which the step makes gets. */
  place: z.object({ folder: z.string().optional(), tags: z.array(z.string()) }).optional(),
  /** Why this step, and why so: the choices that the planner made. */
  reasons: z.array(z.string()),
  /** Steps that must have succeeded before. Steps that do not depend on each other run side by side. */
  after: z.array(z.number().int()),
});
export type PlanStep = z.infer<typeof planStepSchema>;

/** Everything that changes the world is a plan: it can be shown, checked and then executed as a task. */
export const planSchema = z.object({
  title: z.string(),
  /** Why the operator or policy wants it. */
  reason: z.string(),
  steps: z.array(planStepSchema).max(10_000),
  /** What will be true afterwards, in words. */
  expect: z.array(z.string()),
  /** What the operator should know before saying yes: data that goes, time without service. */
  warnings: z.array(z.string()),
});
export type Plan = z.infer<typeof planSchema>;
