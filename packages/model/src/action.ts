import { z } from "zod";
import { absolutePathSchema, nameSchema, uuidSchema } from "./id.ts";
import { bytesSchema } from "./vm.ts";
import { diskSpecSchema, nicSpecSchema, vmSpecSchema } from "./vmSpec.ts";

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
