import { z } from "zod";
import { hostSchema } from "./host.ts";
import { datastoreSchema } from "./datastore.ts";
import { networkSchema } from "./network.ts";
import { taskSchema } from "./task.ts";
import { vmSchema } from "./vm.ts";

/**
 * What the event stream carries. `id` rises by the order of commit and never repeats: a client that
 * reconnects says the last one it saw and misses nothing, or is told by `reset` to read everything anew.
 */
export const eventSchema = z.object({
  id: z.string(),
  /** ISO 8601. */
  at: z.string(),
  type: z.enum(["created", "changed", "deleted", "reset"]),
  kind: z.enum(["host", "vm", "datastore", "network", "task"]),
  objectId: z.string(),
  /** Fields that differ from before; empty for created and deleted. */
  fields: z.array(z.string()),
  /** What the hypervisor or the operator did, in words. */
  cause: z.string().optional(),
  /** The task that did it, where one did. */
  taskId: z.string().optional(),
  /** Account that ordered it; absent where no one here did. */
  by: z.string().optional(),
  /** From where: `api ADDRESS`, `cli`, `task`, `host` (it was seen there), `server`. Absent in events from before this was kept. */
  origin: z.string().optional(),
  /** The object as it is now; absent when deleted. */
  object: z.union([hostSchema, vmSchema, datastoreSchema, networkSchema, taskSchema]).optional(),
});
export type Event = z.infer<typeof eventSchema>;
