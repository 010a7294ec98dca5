import { createHash } from "node:crypto";
import { hashedText, type AuditEntry, type AuditLine } from "@polyvisor/api";
import type pg from "pg";
import { clean } from "../estate/facts.ts";

/** An entry before it has its place. */
export type AuditDraft = Omit<AuditEntry, "seq" | "at" | "server">;

/** Where a chain stands. */
export interface AuditHead {
  chain: string;
  seq: number;
  hash: string;
}

export const sha256 = (text: string): string => createHash("sha256").update(text, "utf8").digest("hex");

const longest = 512;
const mostItems = 32;

/** An entry may hold what a client sent as the name of an object: it is cut to size, and made text that the store keeps. */
function bounded(draft: AuditDraft): AuditDraft {
  const text = (value: unknown): unknown =>
    typeof value === "string" ? value.slice(0, longest) : Array.isArray(value) ? value.slice(0, mostItems).map(text) : value;
  const out: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(draft)) {
    if (value === undefined) continue;
    out[name] = name === "details" ? Object.fromEntries(Object.entries(value as object).map(([key, each]) => [key, text(each)])) : text(value);
  }
  return clean(out) as AuditDraft;
}

/**
 * Where the chain stands. The row of the head is held until the transaction that `client` is in ends: it is what puts
 * the entries of all servers in one order.
 */
export async function holdAuditHead(client: pg.ClientBase): Promise<AuditHead> {
  const { rows } = await client.query<AuditHead>({ name: "audit-head", text: "select chain, seq, hash from audit_head for update" });
  return rows[0]!;
}

/** Appends entries to the chain in the transaction that `client` is in. @param head as {@link holdAuditHead} told in it */
export async function appendAudit(
  client: pg.ClientBase,
  drafts: readonly { draft: AuditDraft; at: string }[],
  server: string,
  head?: AuditHead,
): Promise<AuditLine[]> {
  let { seq, hash } = head ?? (await holdAuditHead(client));
  const lines = drafts.map(({ draft, at }): AuditLine => {
    const entry = { ...bounded(draft), at, server, seq: ++seq } as AuditEntry;
    hash = sha256(hashedText(hash, entry));
    return { entry, hash };
  });
  await client.query({
    name: "audit-append",
    text: `with added as (
  insert into audit_entry (seq, entry, hash) select (line -> 'entry' ->> 'seq')::bigint, line -> 'entry', line ->> 'hash' from jsonb_array_elements($1::jsonb) as line
) update audit_head set seq = $2, hash = $3`,
    values: [JSON.stringify(lines), seq, hash],
  });
  return lines;
}
