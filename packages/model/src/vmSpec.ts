import { z } from "zod";
import { diskBuses, diskFormats, macSchema, bytesSchema } from "./vm.ts";
import { nameSchema } from "./id.ts";

/** A disk to be made or used. One of `size` (a new empty one), `from` (a copy of a volume) or `source` (an existing one). */
export const diskSpecSchema = z.strictObject({
  device: z.enum(["disk", "cdrom"]).default("disk"),
  bus: z.enum(diskBuses).default("virtio"),
  format: z.enum(diskFormats).default("qcow2"),
  /** Bytes of a new disk. */
  size: bytesSchema.min(512).optional(),
  /** Existing data: an absolute path on the host, or `datastore/volume`. */
  source: z.string().min(1).max(4096).optional(),
  /** Datastore of a new disk; the host's default where absent. */
  datastore: z.string().max(255).optional(),
  /** Volume name of a new disk; made of the VM's name and the target where absent. */
  volume: nameSchema.optional(),
  target: z
    .string()
    .regex(/^(vd|sd|hd|xvd|fd)[a-z]{1,2}$/)
    .optional(),
  readOnly: z.boolean().default(false),
  shareable: z.boolean().default(false),
});
export type DiskSpec = z.infer<typeof diskSpecSchema>;

export const nicSpecSchema = z.strictObject({
  kind: z.enum(["network", "bridge", "user"]).default("network"),
  source: z.string().max(255).optional(),
  model: z.enum(["virtio", "e1000", "e1000e", "rtl8139", "netfront"]).optional(),
  mac: macSchema.optional(),
});
export type NicSpec = z.infer<typeof nicSpecSchema>;

/** What a new VM shall be. Everything left out is decided by the plan, which shows its choice. */
export const vmSpecSchema = z.strictObject({
  name: nameSchema,
  title: z.string().max(1024).optional(),
  description: z.string().max(65_536).optional(),
  memory: bytesSchema
    .min(4 * 1024 ** 2)
    .max(64 * 1024 ** 4)
    .default(256 * 1024 ** 2),
  maxMemory: bytesSchema.max(64 * 1024 ** 4).optional(),
  vcpus: z.number().int().min(1).max(4096).default(1),
  maxVcpus: z.number().int().min(1).max(4096).optional(),
  firmware: z.enum(["bios", "efi"]).default("bios"),
  /** `auto`: hardware where a probe booted a guest with it, emulation otherwise. */
  acceleration: z.enum(["auto", "hardware", "emulated"]).default("auto"),
  machine: z
    .string()
    .regex(/^[A-Za-z0-9._-]{1,64}$/)
    .optional(),
  arch: z
    .string()
    .regex(/^[A-Za-z0-9_]{1,32}$/)
    .optional(),
  /** Kernel and ramdisk given to the VM directly; paths on the host, or `image:NAME` of a template. */
  boot: z.strictObject({ kernel: z.string().max(4096), initramfs: z.string().max(4096).optional(), cmdline: z.string().max(2048).optional() }).optional(),
  /** Boot devices in order. */
  bootOrder: z
    .array(z.enum(["disk", "cdrom", "network"]))
    .max(4)
    .default(["disk"]),
  /** Root file system of a container: a folder on the host or `image:NAME`; and its first program. */
  container: z.strictObject({ root: z.string().max(4096), init: z.string().max(1024).default("/sbin/init") }).optional(),
  disks: z.array(diskSpecSchema).max(128).default([]),
  nics: z.array(nicSpecSchema).max(64).default([]),
  graphics: z.enum(["none", "vnc"]).default("none"),
  guestAgent: z.boolean().default(true),
  autostart: z.boolean().default(false),
});
export type VmSpec = z.infer<typeof vmSpecSchema>;
export type VmSpecInput = z.input<typeof vmSpecSchema>;

/**
 * The same fields, none of them filled in: what an operator says on top of a template. Only the name is needed.
 * Left-out fields stay left out, so that the template's value or the default can be told apart from a wish.
 */
export const vmSpecWishSchema = z.strictObject({
  ...(Object.fromEntries(
    Object.entries(vmSpecSchema.shape)
      .map(([name, field]) => [name, (field instanceof z.ZodDefault ? field.unwrap() : field) as z.ZodType])
      .map(([name, field]) => [name, (field as z.ZodType).optional()]),
  ) as Record<string, z.ZodType>),
  name: nameSchema,
}) as unknown as z.ZodType<VmSpecWish, VmSpecWish>;
export type VmSpecWish = Partial<VmSpecInput> & { name: string };
