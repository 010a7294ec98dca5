import { absolutePathSchema, actionSchema, buildTemplateSchema, diskSpecSchema, nameSchema, powerVerbs, vmSpecWishSchema, type Verb } from "@polyvisor/model";
import { z } from "zod";

/** A reference as an operator writes it: an id, a native id, a name, or HOST/NAME. */
const ref = z.string().min(1).max(512);

/** Where a new VM goes: a folder by id or path. */
const folder = z.string().min(1).max(4096).optional();

/** Which objects: by reference, or by filter (`tag = web and state = running`). Exactly one of them. */
const targets = { vms: z.array(ref).min(1).max(10_000).optional(), select: z.string().min(1).max(4096).optional() };

const optionsOf = (verb: Verb) => {
  const found = actionSchema.options.find((option) => option.shape.verb.value === verb);
  if (!found) throw new Error(`no action ${verb}`);
  return found;
};
/** A request for the same verb on many VMs: the action's own options without `verb` and `vm`. */
const onVms = <V extends Verb>(verb: V) => {
  const { verb: _verb, vm: _vm, ...options } = optionsOf(verb).shape as Record<string, z.ZodType>;
  return z.strictObject({ do: z.literal(verb), ...targets, ...options });
};

/** Verbs that are asked for with the options of their action. */
export const simpleVmVerbs = [
  ...powerVerbs,
  "vm.setAutostart",
  "vm.rename",
  "vm.describe",
  "vm.setMemory",
  "vm.setVcpus",
  "vm.detachDisk",
  "vm.changeMedia",
  "vm.attachNic",
  "vm.detachNic",
  "vm.snapshot",
  "vm.revert",
  "vm.deleteSnapshot",
  "vm.sendKeys",
] as const satisfies Verb[];

/** Requests whose plan needs more than the action itself. */
export const composedRequests = [
  z.strictObject({
    do: z.literal("vm.create"),
    host: ref.optional(),
    /** Template it is made of; `spec` overrides what the template says. */
    template: z.string().max(64).optional(),
    spec: vmSpecWishSchema,
    start: z.boolean().default(true),
    folder,
  }),
  z.strictObject({
    do: z.literal("vm.define"),
    host: ref,
    definition: z
      .string()
      .min(1)
      .max(4 * 1024 ** 2),
    start: z.boolean().default(false),
    folder,
  }),
  z.strictObject({
    do: z.literal("vm.delete"),
    ...targets,
    /** `keep` leaves every disk; `delete` removes those that no other VM uses. */ disks: z.enum(["keep", "delete"]).default("keep"),
    /** Cuts the power first. */ force: z.boolean().default(false),
  }),
  z.strictObject({ do: z.literal("vm.clone"), vm: ref, name: nameSchema, start: z.boolean().default(false), folder }),
  z.strictObject({ do: z.literal("vm.migrate"), ...targets, to: ref, live: z.boolean().optional(), copyStorage: z.boolean().default(false) }),
  z.strictObject({ do: z.literal("vm.attachDisk"), ...targets, disk: diskSpecSchema, apply: z.enum(["now", "nextStart", "both"]) }),
  z.strictObject({ do: z.literal("datastore.create"), host: ref, name: nameSchema, type: z.literal("dir").default("dir"), path: absolutePathSchema }),
  z.strictObject({ do: z.enum(["datastore.start", "datastore.stop", "datastore.delete", "datastore.refresh"]), datastore: ref }),
  z.strictObject({
    do: z.literal("volume.create"),
    datastore: ref,
    volume: nameSchema,
    capacity: z.number().int().min(0),
    format: z
      .string()
      .regex(/^[a-z0-9]{1,16}$/)
      .default("qcow2"),
    from: z.string().max(255).optional(),
  }),
  z.strictObject({ do: z.literal("volume.resize"), datastore: ref, volume: nameSchema, capacity: z.number().int().min(0) }),
  z.strictObject({ do: z.literal("volume.delete"), datastore: ref, volume: nameSchema }),
  z.strictObject({ do: z.enum(["network.start", "network.stop"]), network: ref }),
  z.strictObject({ do: z.literal("template.build"), template: buildTemplateSchema.shape.template }),
] as const;

const simple = simpleVmVerbs.map((verb) => onVms(verb));
const requestUnion = z.discriminatedUnion("do", [...composedRequests, ...simple] as unknown as [(typeof composedRequests)[0]]);

/** What an operator asks for; the server makes a plan of it. */
export const requestSchema = requestUnion as unknown as z.ZodType<Request>;

type ComposedRequest = z.output<(typeof composedRequests)[number]>;
/** A simple request: the verb, its targets, and the action's options (checked by the schema). */
export interface SimpleVmRequest {
  do: (typeof simpleVmVerbs)[number];
  vms?: string[];
  select?: string;
  [option: string]: unknown;
}
export type Request = ComposedRequest | SimpleVmRequest;
export type RequestInput = z.input<(typeof composedRequests)[number]> | SimpleVmRequest;
