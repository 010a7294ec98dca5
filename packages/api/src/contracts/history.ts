import { eventSchema } from "@polyvisor/model";
import { z } from "zod";
import { id, type Contract } from "./parts.ts";

const kind = z.enum(["host", "vm", "datastore", "network"]);

const fieldChangeSchema = z.object({
  /** `state`, `memory.current`. */
  field: z.string(),
  /** Absent where there was none. */
  before: z.unknown().optional(),
  after: z.unknown().optional(),
});

/** One change of one object. */
export const historyChangeSchema = z.object({
  /** Id of the event. */
  id: z.string(),
  at: z.string(),
  type: z.enum(["created", "changed", "deleted"]),
  changes: z.array(fieldChangeSchema),
  cause: z.string().optional(),
  taskId: z.string().optional(),
  /** Account that ordered it; absent where no one here did. */
  by: z.string().optional(),
  /** From where: `api ADDRESS`, `cli`, `task`, `host`, `server`. */
  origin: z.string().optional(),
  /** The history begins here, so that what was before is not known. */
  first: z.boolean().optional(),
});
export type HistoryChange = z.infer<typeof historyChangeSchema>;

/** An event without its object. */
export const pastEventSchema = eventSchema.omit({ object: true }).extend({ /** What the object was called then. */ name: z.string().optional() });
export type PastEvent = z.infer<typeof pastEventSchema>;

const historyQuery = z.strictObject({
  from: z.iso.datetime().optional(),
  to: z.iso.datetime().optional(),
  limit: z.coerce.number().int().min(1).max(1000).default(100),
  cursor: z.string().max(64).optional(),
});
const historyAnswer = z.object({ objectId: z.string(), items: z.array(historyChangeSchema), next: z.string().optional() });
const historyOf = (what: string) =>
  ({
    summary: `Every change of a ${what}, latest first; also of one that is gone, by its id or a name it had`,
    who: "account",
    status: 200,
    params: id,
    query: historyQuery,
    response: historyAnswer,
  }) as const;

/** What became of one object between two times. */
export const differenceSchema = z.object({
  kind,
  id: z.string(),
  name: z.string(),
  change: z.enum(["created", "changed", "deleted"]),
  fields: z.array(fieldChangeSchema),
  /** Of its last change in between. */
  at: z.string(),
  by: z.string().optional(),
  origin: z.string().optional(),
  taskId: z.string().optional(),
});
export type Difference = z.infer<typeof differenceSchema>;

const days = z.number().int().min(1).max(36_500);
const retentionSchema = z.strictObject({
  /** How many days back the history of each kind reaches. */
  days: z.strictObject({ host: days, vm: days, datastore: days, network: days, task: days }),
  /** What all changes together may take, in bytes, without indexes; the oldest go first. 0 is no limit. */
  maxBytes: z.number().int().min(0),
  /** Rises with every change; 0 until the first. */
  revision: z.number().int(),
});
export type HistoryRetention = z.infer<typeof retentionSchema>;

const storageRow = z.object({
  kind: z.string(),
  /** Changes that are kept. */
  rows: z.number(),
  bytes: z.number(),
  /** From then on nothing is missing. */
  since: z.string(),
  /** Bytes in a day, as of the last week. */
  perDay: z.number(),
  /** What it will take when it is as old as it is kept, at that growth. */
  projected: z.number(),
});

export const historyContracts = {
  hostHistory: historyOf("host"),
  vmHistory: historyOf("VM"),
  datastoreHistory: historyOf("datastore"),
  networkHistory: historyOf("network"),
  historyDifferences: {
    summary: "What differs between two times: created, changed with each field before and after, deleted",
    who: "account",
    status: 200,
    query: z.strictObject({
      from: z.iso.datetime(),
      /** Now where absent. */
      to: z.iso.datetime().optional(),
      kind: kind.optional(),
      /** Over the object as it was at `to`, or at `from` where it is gone; needs `kind`. */
      filter: z.string().max(4096).optional(),
      limit: z.coerce.number().int().min(1).max(1000).default(100),
      cursor: z.string().max(128).optional(),
    }),
    /** A page may have fewer items than the limit, or none, and yet a next one. */
    response: z.object({ items: z.array(differenceSchema), next: z.string().optional() }),
  },
  eventList: {
    summary: "What happened at the whole site, latest first; for who sees everything",
    who: "account",
    status: 200,
    query: z.strictObject({
      kind: z.enum([...kind.options, "task"]).optional(),
      type: historyChangeSchema.shape.type.optional(),
      /** Only what this account ordered. */
      by: z.string().max(255).optional(),
      /** Only changes of this field: `state`. */
      field: z.string().max(64).optional(),
      from: z.iso.datetime().optional(),
      to: z.iso.datetime().optional(),
      limit: z.coerce.number().int().min(1).max(1000).default(100),
      cursor: z.string().max(64).optional(),
    }),
    /** A page may have fewer items than the limit, or none, and yet a next one. */
    response: z.object({ items: z.array(pastEventSchema), next: z.string().optional() }),
  },
  historyStorage: {
    summary: "What the history takes, by kind, and how it grows",
    who: "account",
    status: 200,
    response: z.object({
      kinds: z.array(storageRow),
      total: storageRow.pick({ rows: true, bytes: true, perDay: true, projected: true }),
      /** Bytes of the table with its indexes on disk; room of what was dropped is used again and not given back. */
      disk: z.number(),
    }),
  },
  historyRetentionGet: { summary: "How long the history is kept", who: "account", status: 200, response: retentionSchema },
  historyRetentionSet: {
    summary: "Set how long the history is kept; what is older is dropped within ten minutes",
    who: "account",
    status: 200,
    body: z.strictObject({ days: retentionSchema.shape.days.partial().optional(), maxBytes: retentionSchema.shape.maxBytes.optional() }),
    response: retentionSchema,
  },
} as const satisfies Record<string, Contract>;
