import type { HistoryRetention } from "@polyvisor/api";
import { PolyvisorError, type Kind } from "@polyvisor/model";
import type pg from "pg";
import { inTransaction } from "../store/inTransaction.ts";
import { cutAt, type Cut } from "./versions.ts";

export const historyKinds = ["host", "vm", "datastore", "network", "task"] as const satisfies Kind[];

const key = "history retention";
/** Events that are looked at in one transaction: others must not wait for long. */
const piece = 5_000;
/** What is younger is never dropped for its size: streams resume over it. */
const youngestMs = 3_600_000;
/** One server drops at a time. */
const dropLock = 2_884_310_957;

export async function readRetention(pool: pg.Pool | pg.ClientBase, standardDays: number): Promise<HistoryRetention> {
  const { rows } = await pool.query<{ value: Partial<HistoryRetention> }>("select value from setting where key = $1", [key]);
  const kept = rows[0]?.value ?? {};
  const standard = Object.fromEntries(historyKinds.map((kind) => [kind, standardDays])) as HistoryRetention["days"];
  return { days: { ...standard, ...kept.days }, maxBytes: kept.maxBytes ?? 0, revision: kept.revision ?? 0 };
}

/** @throws PolyvisorError `changedMeanwhile` when it has another revision */
export function writeRetention(
  pool: pg.Pool,
  standardDays: number,
  patch: { days?: Partial<Record<keyof HistoryRetention["days"], number | undefined>> | undefined; maxBytes?: number | undefined },
  ifRevision?: number,
): Promise<HistoryRetention> {
  return inTransaction(pool, (client) => write(client, standardDays, patch, ifRevision));
}

async function write(client: pg.ClientBase, standardDays: number, patch: Parameters<typeof writeRetention>[2], ifRevision?: number): Promise<HistoryRetention> {
  // The row is there from now on, so that one who writes at the same time waits for it.
  await client.query("insert into setting (key, value) values ($1, '{}') on conflict (key) do nothing", [key]);
  await client.query("select from setting where key = $1 for update", [key]);
  const before = await readRetention(client, standardDays);
  if (ifRevision !== undefined && ifRevision !== before.revision)
    throw new PolyvisorError("changedMeanwhile", { detail: `how long the history is kept changed since you read it: it has revision ${before.revision} now` });
  const days = Object.fromEntries(historyKinds.map((kind) => [kind, patch.days?.[kind] ?? before.days[kind]])) as HistoryRetention["days"];
  const after: HistoryRetention = { days, maxBytes: patch.maxBytes ?? before.maxBytes, revision: before.revision + 1 };
  await client.query("insert into setting (key, value) values ($1, $2) on conflict (key) do update set value = excluded.value", [key, JSON.stringify(after)]);
  return after;
}

export interface DropOptions {
  pool: pg.Pool;
  now(): number;
  /** Between two pieces: whether to go on. */
  goesOn(): boolean;
}

/**
 * Drops what is older than it is kept. Of each object the newest version at the new horizon stays, so that every time
 * from there on can be asked for; of one that was gone by then nothing does.
 */
export async function dropOld({ pool, now, goesOn }: DropOptions, retention: HistoryRetention): Promise<void> {
  for (const kind of historyKinds) {
    const cut = await cutAt(pool, new Date(now() - retention.days[kind] * 86_400_000), now());
    while (goesOn() && (await dropPiece(pool, kind, cut)));
  }
  if (retention.maxBytes === 0) return;
  const youngest = await cutAt(pool, new Date(now() - youngestMs), now());
  while (goesOn()) {
    const { rows } = await pool.query<{ bytes: number }>("select coalesce(sum(bytes), 0)::bigint as bytes from history_size");
    if (rows[0]!.bytes <= retention.maxBytes) return;
    // The kind that reaches back furthest gives first, so that all reach back about as far.
    const furthest = await pool.query<{ kind: Kind }>("select kind from history_horizon where id < $1 order by id limit 1", [youngest.id]);
    if (!furthest.rows[0] || !(await dropPiece(pool, furthest.rows[0].kind, youngest))) return;
  }
}

const dropTasks = "delete from event where kind = 'task' and id <= $1";
const dropSuperseded = `
with newest as (select object_id, max(id) as id from event where id > $1 and id <= $2 and kind = $3 group by object_id),
dropped as (
  delete from event e using newest n where e.object_id = n.object_id and (e.id < n.id or (e.id = n.id and e.type = 'deleted')) returning e.id, e.object_id, e.type
)
delete from history_object o using dropped d where d.type = 'deleted' and o.object_id = d.object_id collate "C" and o.gone = d.id`;

/** The next piece of a kind, up to a cut. @returns whether there may be more */
function dropPiece(pool: pg.Pool, kind: Kind, upTo: Cut): Promise<boolean> {
  return inTransaction(pool, async (client) => {
    const { rows } = await client.query<{ mine: boolean; id: number }>(
      "select pg_try_advisory_xact_lock($2) as mine, (select id from history_horizon where kind = $1 for update) as id",
      [kind, dropLock],
    );
    const { mine, id: from } = rows[0]!;
    if (!mine || from >= upTo.id) return false;
    const found = await client.query<{ id: number; at: Date }>(
      `select e.id, e.at from (select max(id) as id from (select id from event where id > $1 and id <= $2 and kind = $3 order by id limit ${piece}) p) s join event e on e.id = s.id`,
      [from, upTo.id, kind],
    );
    const end = found.rows[0];
    // Where nothing of this kind is there the horizon moves all the same: to look there again would cost more each time.
    await client.query("update history_horizon set id = $2, at = greatest(at, $3) where kind = $1", [kind, end?.id ?? upTo.id, end?.at ?? upTo.at]);
    if (end) await client.query(kind === "task" ? dropTasks : dropSuperseded, kind === "task" ? [end.id] : [from, end.id, kind]);
    return true;
  });
}
