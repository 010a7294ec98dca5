import { z } from "zod";
import { bytesSchema } from "./vm.ts";

export const volumeSchema = z.object({
  name: z.string(),
  path: z.string(),
  format: z.string(),
  capacity: bytesSchema,
  allocation: bytesSchema,
});
export type Volume = z.infer<typeof volumeSchema>;

/** A place for disks: libvirt's storage pool, VMware's datastore, XAPI's SR. */
export const datastoreFactsSchema = z.object({
  nativeId: z.string(),
  name: z.string(),
  /** `dir`, `logical`, `netfs`, `iscsi`, `rbd`, … as the hypervisor calls it. */
  type: z.string(),
  active: z.boolean(),
  autostart: z.boolean(),
  capacity: bytesSchema,
  allocation: bytesSchema,
  available: bytesSchema,
  path: z.string().optional(),
  volumes: z.array(volumeSchema),
});
export type DatastoreFacts = z.infer<typeof datastoreFactsSchema>;

export const datastoreSchema = datastoreFactsSchema.extend({ kind: z.literal("datastore"), id: z.string(), hostId: z.string(), revision: z.number().int() });
export type Datastore = z.infer<typeof datastoreSchema>;
