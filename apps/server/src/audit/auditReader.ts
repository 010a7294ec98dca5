import { canonicalJson, firstPrevious, type AuditCheckpoint, type AuditLine } from "@polyvisor/api";
import { PolyvisorError } from "@polyvisor/model";
import type pg from "pg";
import type { AuditHead } from "./appendAudit.ts";
import type { Checkpoints } from "./checkpoints.ts";

const pageSize = 1_000;

export interface AuditQuery {
  by?: string | undefined;
  action?: string | undefined;
  outcome?: string | undefined;
  object?: string | undefined;
  from?: string | undefined;
  to?: string | undefined;
  limit: number;
  cursor?: string | undefined;
}

/** Entries that fit, latest first. */
export async function listAudit(pool: pg.Pool, query: AuditQuery): Promise<{ items: AuditLine[]; next?: string }> {
  if (query.cursor !== undefined && !/^\d{1,15}$/.test(query.cursor))
    throw new PolyvisorError("badRequest", { detail: "the cursor is not one that this list gave", where: "query cursor" });
  const values: unknown[] = [query.cursor === undefined ? Number.MAX_SAFE_INTEGER : Number(query.cursor), query.limit + 1];
  const terms = ["seq < $1"];
  for (const field of ["by", "action", "outcome", "object"] as const) {
    if (query[field] === undefined) continue;
    values.push(query[field]);
    terms.push(`entry ->> '${field}' = $${values.length}`);
  }
  // Times are kept in one form, so that their order as text is theirs.
  for (const [field, sign] of [
    ["from", ">="],
    ["to", "<"],
  ] as const) {
    const time = query[field];
    if (time === undefined) continue;
    values.push(new Date(time).toISOString());
    terms.push(`entry ->> 'at' ${sign} $${values.length}`);
  }
  const { rows } = await pool.query<AuditLine & { seq: number }>(
    `select seq, entry, hash from audit_entry where ${terms.join(" and ")} order by seq desc limit $2`,
    values,
  );
  const items = rows.slice(0, query.limit).map(({ entry, hash }) => ({ entry, hash }));
  return rows.length > query.limit ? { items, next: String(items.at(-1)!.entry.seq) } : { items };
}

/**
 * The log as lines of canonical JSON: its root, entries with checkpoints where they were signed, and a fresh
 * checkpoint at the end. What is added meanwhile is not in it.
 */
export async function* exportAudit(pool: pg.Pool, checkpoints: Checkpoints): AsyncGenerator<string> {
  const end = await checkpoints.sign();
  const { rows } = await pool.query<AuditHead & { root: AuditCheckpoint | null }>("select chain, root from audit_head");
  const { chain, root } = rows[0]!;
  yield `${canonicalJson({ root: root ? { chain, seq: root.seq, hash: root.hash, checkpoint: root } : { chain, seq: 0, hash: firstPrevious } })}\n`;
  let after = root?.seq ?? 0;
  while (after < end.seq) {
    const page = await pool.query<AuditLine>("select entry, hash from audit_entry where seq > $1 and seq <= $2 order by seq limit $3", [
      after,
      end.seq,
      pageSize,
    ]);
    if (page.rows.length === 0) break; // removed from the database: whoever checks the lines will find it
    const until = page.rows.at(-1)!.entry.seq;
    const signed = (await checkpoints.after(after, pageSize)).filter((each) => each.seq <= until && each.seq < end.seq);
    let text = "";
    for (const { entry, hash } of page.rows) {
      text += `${canonicalJson({ entry, hash })}\n`;
      for (const checkpoint of signed) if (checkpoint.seq === entry.seq) text += `${canonicalJson({ checkpoint })}\n`;
    }
    yield text;
    after = until;
  }
  yield `${canonicalJson({ checkpoint: end })}\n`;
}

/**
 * Drops entries up to one that the caller proves to have; a checkpoint signed for it becomes the root of the rest.
 * @throws PolyvisorError `conflict` when the entry is another one
 */
export async function archiveAudit(
  client: pg.ClientBase,
  checkpoints: Checkpoints,
  upTo: { seq: number; hash: string },
): Promise<{ root: AuditCheckpoint; dropped: number }> {
  const head = (await client.query<AuditHead>("select chain, seq, hash from audit_head for update")).rows[0]!;
  const known = (await client.query<{ hash: string }>("select hash from audit_entry where seq = $1", [upTo.seq])).rows[0];
  if (known?.hash !== upTo.hash)
    throw new PolyvisorError("conflict", {
      detail: `entry ${upTo.seq} of the audit log is not the one that was exported`,
      remedy: "Export the log anew, check it with `polyvisor audit-log verify FILE`, and archive what that file has.",
    });
  const root = checkpoints.signAt({ chain: head.chain, seq: upTo.seq, hash: upTo.hash });
  await client.query("update audit_head set root = $1", [JSON.stringify(root)]);
  const { rowCount } = await client.query("delete from audit_entry where seq <= $1", [upTo.seq]);
  await client.query("delete from audit_checkpoint where seq <= $1", [upTo.seq]);
  return { root, dropped: rowCount ?? 0 };
}
