import { z } from "zod";
import { auditCheckpointSchema, auditLineSchema, auditOutcomes } from "../audit/auditEntry.ts";
import type { Contract } from "./parts.ts";

const seq = z.coerce.number().int().min(0).max(Number.MAX_SAFE_INTEGER);

export const auditContracts = {
  auditLogList: {
    summary: "The audit log, latest first",
    who: "account",
    status: 200,
    query: z.strictObject({
      by: z.string().max(255).optional(),
      /** Name of a route (`taskCreate`), or of what happened (`signIn`, `server.start`). */
      action: z.string().max(64).optional(),
      outcome: z.enum(auditOutcomes).optional(),
      /** Id of an object. */
      object: z.string().max(512).optional(),
      from: z.iso.datetime().optional(),
      to: z.iso.datetime().optional(),
      limit: z.coerce.number().int().min(1).max(1000).default(100),
      cursor: z.string().max(64).optional(),
    }),
    response: z.object({ items: z.array(auditLineSchema), next: z.string().optional() }),
  },
  auditLogExport: {
    summary: "The whole audit log as JSON lines, with its root and its checkpoints: what `polyvisor audit-log verify` reads",
    who: "account",
    status: 200,
    media: "application/jsonl",
  },
  auditLogArchive: {
    summary: "Drop the beginning of the audit log that was exported; a signed checkpoint stays as the new root",
    who: "account",
    status: 200,
    body: z.strictObject({ seq: seq.min(1), /** Of that entry: proof that who asks has it. */ hash: z.string().regex(/^[0-9a-f]{64}$/) }),
    response: z.object({ root: auditCheckpointSchema, dropped: z.number().int() }),
  },
  auditCheckpointList: {
    summary: "Signed checkpoints of the audit log",
    who: "account",
    status: 200,
    query: z.strictObject({ after: seq.default(0), limit: z.coerce.number().int().min(1).max(1000).default(100) }),
    response: z.object({ /** Of the server that answers. */ key: z.string(), items: z.array(auditCheckpointSchema) }),
  },
  auditCheckpointCreate: {
    summary: "Sign where the audit log stands now; keep the answer elsewhere to find a cut-off end",
    who: "account",
    status: 201,
    response: auditCheckpointSchema,
  },
} as const satisfies Record<string, Contract>;
