import { z } from "zod";
import { vmStates } from "./state.ts";

export const vmStateSchema = z.enum(vmStates);

/** Sizes are whole bytes everywhere in the model. */
export const bytesSchema = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);

export const diskBuses = ["virtio", "scsi", "sata", "ide", "usb", "xen", "fdc", "other"] as const;
export const diskFormats = ["raw", "qcow2", "vmdk", "vhd", "vhdx", "vdi", "other"] as const;

export const diskSchema = z.object({
  /** Name in the guest's bus order: `vda`, `sdb`, `xvda`. Unique in its VM. */
  target: z.string().max(64),
  device: z.enum(["disk", "cdrom", "floppy", "lun"]),
  bus: z.enum(diskBuses),
  format: z.enum(diskFormats),
  /** Where the data lies: a path, `pool/volume`, a URL, or nothing for an empty drive. */
  source: z.string().optional(),
  sourceKind: z.enum(["file", "block", "volume", "network", "directory", "none"]),
  readOnly: z.boolean(),
  shareable: z.boolean(),
  /** Capacity as the guest sees it, where known. */
  capacity: bytesSchema.optional(),
  /** Bytes really taken on the datastore, where known. */
  allocation: bytesSchema.optional(),
  bootOrder: z.number().int().optional(),
});
export type Disk = z.infer<typeof diskSchema>;

/** IEEE 802 MAC address, lower case with colons. */
export const macSchema = z.string().regex(/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/, "not a MAC address like 52:54:00:12:34:56");

export const nicSchema = z.object({
  mac: macSchema,
  model: z.string().max(64).optional(),
  kind: z.enum(["network", "bridge", "direct", "user", "ethernet", "hostdev", "other"]),
  /** Name of the network, bridge or device it is plugged into. */
  source: z.string().optional(),
  /** The host's interface while the VM runs: `vnet0`. */
  hostInterface: z.string().optional(),
  linkUp: z.boolean(),
  bootOrder: z.number().int().optional(),
  /** Addresses that the guest is known to have, from its agent or the network's leases. */
  addresses: z.array(z.string()),
});
export type Nic = z.infer<typeof nicSchema>;

export const vmConsoleSchema = z.object({
  kind: z.enum(["serial", "virtio", "xen", "lxc", "vnc", "spice", "other"]),
  /** The name to open it by; the first is the default. */
  alias: z.string(),
});

export const snapshotSchema = z.object({
  name: z.string(),
  description: z.string().optional(),
  parent: z.string().optional(),
  /** ISO 8601, by the host's clock. */
  createdAt: z.string().optional(),
  state: vmStateSchema,
  withMemory: z.boolean(),
  current: z.boolean(),
});
export type Snapshot = z.infer<typeof snapshotSchema>;

/** How guest code is executed. `emulated` is QEMU's TCG: correct, and 10 to 50 times slower. */
export const accelerationSchema = z.enum(["hardware", "emulated", "paravirtual", "container", "none"]);

/** What a hypervisor says of one VM: facts only, nothing of Polyvisor's own. */
export const vmFactsSchema = z.object({
  /** The hypervisor's own stable id: libvirt's UUID. Unique on its host. */
  nativeId: z.string(),
  name: z.string(),
  title: z.string().optional(),
  description: z.string().optional(),
  state: vmStateSchema,
  /** Why it is in that state: a key of `stateReasons`. */
  reason: z.string(),
  persistent: z.boolean(),
  autostart: z.boolean(),
  /** The hypervisor's own type of it: `kvm`, `qemu`, `xen`, `lxc`, `test`, `vmware`. */
  virtType: z.string(),
  acceleration: accelerationSchema,
  arch: z.string(),
  machine: z.string().optional(),
  firmware: z.enum(["bios", "efi", "none", "other"]),
  /** Guest system where it is known, a libosinfo id or the agent's pretty name. */
  os: z.string().optional(),
  vcpus: z.object({ current: z.number().int().min(0), max: z.number().int().min(0) }),
  /** `current` is what the balloon grants now, `max` what it may grant without a restart. */
  memory: z.object({ current: bytesSchema, max: bytesSchema }),
  disks: z.array(diskSchema),
  nics: z.array(nicSchema),
  consoles: z.array(vmConsoleSchema),
  snapshots: z.array(snapshotSchema),
  /** Fields whose value at the next start differs from now: `memory`, `vcpus`, `disks`, `nics`, `other`. */
  pending: z.array(z.string()),
});
export type VmFacts = z.infer<typeof vmFactsSchema>;

/** A VM of the estate. */
export const vmSchema = vmFactsSchema.extend({
  kind: z.literal("vm"),
  id: z.string(),
  hostId: z.string(),
  /** Rises with every change; the ETag is made of it. */
  revision: z.number().int(),
  /** When the present state was first seen (ISO 8601). */
  stateSince: z.string(),
  tags: z.array(z.string()),
  /** Id of the folder it is in; at the top where absent. */
  folder: z.string().optional(),
  notes: z.string(),
  /** While a task moves it: from and to which host (ids). What its former host tells meanwhile does not count. */
  moving: z.object({ from: z.string(), to: z.string(), taskId: z.string() }).optional(),
});
export type Vm = z.infer<typeof vmSchema>;
