import { z } from "zod";
import { bytesSchema } from "./vm.ts";
import type { Feature } from "./feature.ts";

export const featureSchema: z.ZodType<Feature, Feature> = z.union([
  z.object({ supported: z.literal(true) }),
  z.object({ supported: z.literal(false), reason: z.string() }),
]);

export const hostDeviceSchema = z.object({
  name: z.string(),
  class: z.enum(["pci", "usb", "net", "storage", "scsi", "system", "mdev", "other"]),
  description: z.string(),
});

/** What an endpoint says of its machine. */
export const hostFactsSchema = z.object({
  /** The machine's own name. */
  hostname: z.string(),
  /** Firmware's UUID of the machine where the hypervisor tells it: two URIs to one machine share it. */
  machineId: z.string().optional(),
  hypervisor: z.object({ type: z.string(), version: z.string(), library: z.string().optional() }),
  cpu: z.object({
    model: z.string(),
    vendor: z.string().optional(),
    arch: z.string(),
    sockets: z.number().int(),
    coresPerSocket: z.number().int(),
    threadsPerCore: z.number().int(),
    total: z.number().int(),
    mhz: z.number(),
  }),
  memory: bytesSchema,
  /** NUMA cells; empty where the endpoint does not tell. */
  numa: z.array(z.object({ cell: z.number().int(), memory: bytesSchema, cpus: z.array(z.number().int()) })),
  devices: z.array(hostDeviceSchema),
  /** Which acceleration was shown to work by booting a guest, and how that is known. */
  acceleration: z.object({ usable: z.enum(["hardware", "emulated", "container", "none"]), evidence: z.string() }),
});
export type HostFacts = z.infer<typeof hostFactsSchema>;

export const connectionStates = ["connecting", "connected", "lost", "disabled"] as const;
export const connectionSchema = z.object({
  state: z.enum(connectionStates),
  /** ISO 8601. */
  since: z.string(),
  /** When the endpoint last answered; everything on it is known as of then. */
  lastSeen: z.string().optional(),
  /** Why it is not connected, and what to do. */
  failure: z.object({ code: z.string(), detail: z.string(), remedy: z.string() }).optional(),
  /** When the next attempt is made. */
  nextAttempt: z.string().optional(),
});
export type Connection = z.infer<typeof connectionSchema>;

export const hostSchema = z.object({
  kind: z.literal("host"),
  id: z.string(),
  revision: z.number().int(),
  name: z.string(),
  /** Where it is: `qemu:///system`, `qemu+ssh://root@h1/system`, `sim://?hosts=3`. Never with a secret. */
  uri: z.string(),
  tags: z.array(z.string()),
  /** Id of the folder it is in; at the top where absent. */
  folder: z.string().optional(),
  connection: connectionSchema,
  features: z.record(z.string(), featureSchema),
  facts: hostFactsSchema.optional(),
});
export type Host = z.infer<typeof hostSchema>;
