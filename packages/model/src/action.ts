import { z } from "zod";
import { absolutePathSchema, nameSchema, uuidSchema } from "./id.ts";
import { bytesSchema } from "./vm.ts";
import { diskSpecSchema, nicSpecSchema, vmSpecSchema } from "./vmSpec.ts";
import type { FeatureName } from "./feature.ts";
import type { LifecycleAction } from "./state.ts";

const vm = z.string().min(1).max(255); // the hypervisor's own id
const applySchema = z.enum(["now", "nextStart", "both"]);
/** When an edit takes effect: on the running VM, at its next start, or both. */
export type Apply = z.infer<typeof applySchema>;
const one = <V extends string, S extends z.ZodRawShape>(verb: V, shape: S) => z.strictObject({ verb: z.literal(verb), ...shape });

/**
 * What an adapter can be told to do to the world. Everything that a repeat could make twice is named in the
 * action itself (UUID, volume, snapshot), so that an interrupted step can be recognised as done.
 */
export const actionSchema = z.discriminatedUnion("verb", [
  one("vm.create", { vm: uuidSchema, spec: vmSpecSchema }),
  one("vm.define", { vm: uuidSchema, definition: z.string().max(4 * 1024 ** 2) }),
  one("vm.start", { vm, paused: z.boolean().default(false) }),
  one("vm.shutdown", { vm, timeoutSeconds: z.number().int().min(1).max(86_400).default(300) }),
  one("vm.reboot", { vm }),
  one("vm.reset", { vm }),
  one("vm.pause", { vm }),
  one("vm.unpause", { vm }),
  one("vm.wake", { vm }),
  one("vm.save", { vm, path: z.string().max(4096).optional() }),
  one("vm.restore", { vm, path: z.string().max(4096).optional() }),
  one("vm.destroy", { vm }),
  one("vm.delete", { vm, volumes: z.array(z.string().max(4096)).max(256) }),
  one("vm.setAutostart", { vm, on: z.boolean() }),
  one("vm.rename", { vm, name: nameSchema }),
  one("vm.describe", { vm, title: z.string().max(1024).optional(), description: z.string().max(65_536).optional() }),
  one("vm.setMemory", { vm, current: bytesSchema.optional(), max: bytesSchema.optional(), apply: applySchema }),
  one("vm.setVcpus", { vm, current: z.number().int().min(1).max(4096).optional(), max: z.number().int().min(1).max(4096).optional(), apply: applySchema }),
  one("vm.attachDisk", { vm, disk: diskSpecSchema, apply: applySchema }),
  one("vm.detachDisk", { vm, target: z.string().max(64), apply: applySchema }),
  one("vm.changeMedia", { vm, target: z.string().max(64), source: z.string().max(4096).optional(), apply: applySchema }),
  one("vm.attachNic", { vm, nic: nicSpecSchema, apply: applySchema }),
  one("vm.detachNic", { vm, mac: z.string().max(17), apply: applySchema }),
  one("vm.snapshot", { vm, name: nameSchema, description: z.string().max(65_536).optional(), memory: z.boolean().default(true) }),
  one("vm.revert", { vm, snapshot: nameSchema, running: z.boolean().optional() }),
  one("vm.deleteSnapshot", { vm, snapshot: nameSchema, children: z.boolean().default(false) }),
  one("vm.clone", {
    vm,
    to: uuidSchema,
    name: nameSchema,
    disks: z.array(z.strictObject({ target: z.string().max(64), datastore: z.string().max(255), volume: nameSchema })).max(128),
  }),
  one("vm.migrate", { vm, to: z.string().max(1024), live: z.boolean(), copyStorage: z.boolean().default(false), bandwidth: bytesSchema.optional() }),
  one("vm.sendKeys", { vm, keys: z.array(z.string().max(32)).min(1).max(16), holdMs: z.number().int().min(0).max(10_000).default(50) }),
  one("datastore.create", { name: nameSchema, type: z.enum(["dir"]), path: absolutePathSchema, autostart: z.boolean().default(true) }),
  one("datastore.start", { datastore: z.string().max(255) }),
  one("datastore.stop", { datastore: z.string().max(255) }),
  one("datastore.delete", { datastore: z.string().max(255) }),
  one("datastore.refresh", { datastore: z.string().max(255) }),
  one("volume.create", {
    datastore: z.string().max(255),
    volume: nameSchema,
    capacity: bytesSchema,
    format: z
      .string()
      .regex(/^[a-z0-9]{1,16}$/)
      .default("qcow2"),
    from: z.string().max(255).optional(),
  }),
  one("volume.resize", { datastore: z.string().max(255), volume: nameSchema, capacity: bytesSchema }),
  one("volume.delete", { datastore: z.string().max(255), volume: nameSchema }),
  one("network.start", { network: z.string().max(255) }),
  one("network.stop", { network: z.string().max(255) }),
]);
export type Action = z.infer<typeof actionSchema>;
export type Verb = Action["verb"];
export type ActionOf<V extends Verb> = Extract<Action, { verb: V }>;

/** Verbs that only change the state of a VM and need to be told nothing but the VM. */
export const powerVerbs = [
  "vm.start",
  "vm.shutdown",
  "vm.reboot",
  "vm.reset",
  "vm.pause",
  "vm.unpause",
  "vm.wake",
  "vm.save",
  "vm.restore",
  "vm.destroy",
] as const satisfies Verb[];

export interface VerbRow {
  /** The feature that an endpoint needs for it. */
  readonly feature: FeatureName;
  /** The lifecycle action whose row of the state table decides, where one does. */
  readonly lifecycle?: LifecycleAction;
  /** How a step is told: verb and object. */
  readonly words: string;
  /** Whether its effect can be seen in the world afterwards; where not, an interrupted step is never repeated. */
  readonly observable: boolean;
}

/** What is known of each verb. A test keeps it complete. */
export const verbs: Readonly<Record<Verb, VerbRow>> = {
  "vm.create": { feature: "vm.create", words: "create the VM", observable: true },
  "vm.define": { feature: "vm.define", words: "define the VM", observable: true },
  "vm.start": { feature: "vm.start", lifecycle: "start", words: "start", observable: true },
  "vm.shutdown": { feature: "vm.shutdown", lifecycle: "shutdown", words: "ask the guest to power off", observable: true },
  "vm.reboot": { feature: "vm.reboot", lifecycle: "reboot", words: "ask the guest to reboot", observable: false },
  "vm.reset": { feature: "vm.reset", lifecycle: "reset", words: "reset", observable: false },
  "vm.pause": { feature: "vm.pause", lifecycle: "pause", words: "pause", observable: true },
  "vm.unpause": { feature: "vm.pause", lifecycle: "unpause", words: "unpause", observable: true },
  "vm.wake": { feature: "vm.wake", lifecycle: "wake", words: "wake", observable: true },
  "vm.save": { feature: "vm.save", lifecycle: "save", words: "save the memory and power off", observable: true },
  "vm.restore": { feature: "vm.save", words: "resume from the saved memory", observable: true },
  "vm.destroy": { feature: "vm.destroy", lifecycle: "destroy", words: "cut the power", observable: true },
  "vm.delete": { feature: "vm.delete", lifecycle: "delete", words: "delete the VM", observable: true },
  "vm.setAutostart": { feature: "vm.autostart", words: "set whether it starts with its host", observable: true },
  "vm.rename": { feature: "vm.rename", lifecycle: "rename", words: "rename", observable: true },
  "vm.describe": { feature: "vm.edit", words: "change title and description", observable: true },
  "vm.setMemory": { feature: "vm.edit", words: "change the memory", observable: true },
  "vm.setVcpus": { feature: "vm.edit", words: "change the number of vCPUs", observable: true },
  "vm.attachDisk": { feature: "vm.edit", words: "attach a disk", observable: true },
  "vm.detachDisk": { feature: "vm.edit", words: "detach a disk", observable: true },
  "vm.changeMedia": { feature: "vm.edit", words: "change the medium in a drive", observable: true },
  "vm.attachNic": { feature: "vm.edit", words: "attach a NIC", observable: true },
  "vm.detachNic": { feature: "vm.edit", words: "detach a NIC", observable: true },
  "vm.snapshot": { feature: "vm.snapshot", lifecycle: "snapshot", words: "take a snapshot", observable: true },
  "vm.revert": { feature: "vm.snapshot", lifecycle: "revert", words: "revert to a snapshot", observable: false },
  "vm.deleteSnapshot": { feature: "vm.snapshot", words: "delete a snapshot", observable: true },
  "vm.clone": { feature: "vm.clone", lifecycle: "clone", words: "clone", observable: true },
  "vm.migrate": { feature: "vm.migrate.offline", lifecycle: "migrate", words: "migrate", observable: true },
  "vm.sendKeys": { feature: "vm.sendKeys", lifecycle: "sendKeys", words: "send keys", observable: false },
  "datastore.create": { feature: "datastore.manage", words: "create the datastore", observable: true },
  "datastore.start": { feature: "datastore.manage", words: "start the datastore", observable: true },
  "datastore.stop": { feature: "datastore.manage", words: "stop the datastore", observable: true },
  "datastore.delete": { feature: "datastore.manage", words: "delete the datastore's definition", observable: true },
  "datastore.refresh": { feature: "datastore.manage", words: "read the datastore anew", observable: false },
  "volume.create": { feature: "volume.manage", words: "create the volume", observable: true },
  "volume.resize": { feature: "volume.manage", words: "resize the volume", observable: true },
  "volume.delete": { feature: "volume.manage", words: "delete the volume", observable: true },
  "network.start": { feature: "network.manage", words: "start the network", observable: true },
  "network.stop": { feature: "network.manage", words: "stop the network", observable: true },
};
