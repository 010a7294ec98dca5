import { z } from "zod";

const digest = z.string().regex(/^[0-9a-f]{64}$/, "not a SHA-256 in hexadecimal");

/** `done`: it was carried out. `refused`: not allowed or not possible, nothing was done. `failed`: begun, and not done. */
export const auditOutcomes = ["done", "refused", "failed"] as const;

/**
 * One entry of the audit log. There is no field for what was sent, so no secret can be in one. All of it is hashed
 * together with the entry before it.
 */
export const auditEntrySchema = z.strictObject({
  /** 1, 2, 3, … without a gap. */
  seq: z.number().int().min(1),
  /** ISO 8601, by the clock of the server that wrote it. */
  at: z.string(),
  /** Server that wrote it. */
  server: z.string(),
  /** Name of the route, or of what happened: `signIn`, `server.start`, `console.end`. */
  action: z.string(),
  outcome: z.enum(auditOutcomes),
  /** Account; absent where nobody was signed in. */
  by: z.string().optional(),
  /** The token or session that was used, by its id. */
  token: z.string().optional(),
  /** Address that it came from. */
  from: z.string().optional(),
  /** Id of what it was about; what the request named where nothing was found by it. */
  object: z.string().optional(),
  /** Its name then. */
  name: z.string().optional(),
  /** Id of the request, as in the server's log and in the answer's `x-request-id`. */
  request: z.string().optional(),
  /** Task that came of it. */
  task: z.string().optional(),
  /** Code of the error catalogue. */
  code: z.string().optional(),
  /** How often the same happened since `since`; only in entries that stand for several. */
  times: z.number().int().optional(),
  since: z.string().optional(),
  /** More, in words of the server's own: names of fields that were changed, verb of the action. */
  details: z.record(z.string(), z.union([z.string(), z.number().int(), z.boolean(), z.array(z.string())])).optional(),
});
export type AuditEntry = z.infer<typeof auditEntrySchema>;

/** A server's signature over where the chain stood. Who keeps one can tell later whether anything up to there was touched. */
export const auditCheckpointSchema = z.strictObject({
  /** Name of the chain; made when its first entry was. */
  chain: z.string(),
  seq: z.number().int().min(0),
  /** Of the entry with that number. */
  hash: digest,
  at: z.string(),
  server: z.string(),
  /** The server's public key: Ed25519 (RFC 8032), 32 bytes in base64. */
  key: z.string(),
  /** Over the rest in canonical JSON, in base64. */
  signature: z.string(),
});
export type AuditCheckpoint = z.infer<typeof auditCheckpointSchema>;

/** An entry with its hash, as lists and exports give it. */
export const auditLineSchema = z.strictObject({ entry: auditEntrySchema, hash: digest });
export type AuditLine = z.infer<typeof auditLineSchema>;
