import { PolyvisorError } from "@polyvisor/model";
import type pg from "pg";
import type { EstateKind, EstateObject } from "../controlPlane.ts";

/** A moment of the history: everything up to an event, in the order of commit. All objects of one cut fit together. */
export interface Cut {
  /** Id of the last event that belongs to it. */
  id: number;
  at: Date;
}

/** How far back the history of a kind reaches: from this event on nothing is missing. */
export interface Horizon {
  kind: string;
  id: number;
  at: Date;
}

/**
 * The last event at or before a time. Servers' clocks differ by a little, so that times do not rise strictly with
 * ids: the highest id of the last second counts.
 */
const lastAt = `
with m as materialized (select max(at) as at from event where at <= $1),
-- For itself: asked for the highest id at once, the database would go back through all ids from the newest.
last as materialized (select e.id from m, event e where e.at <= m.at and e.at > m.at - interval '1 second')
select coalesce(max(id), 0) as id from last`;

/** How much later than now a time may be: the clock of who asks is another one. */
const aheadMs = 60_000;

/** @throws PolyvisorError `badRequest` for a time to come */
export async function cutAt(pool: pg.Pool, at: Date, now: number, where = "query at"): Promise<Cut> {
  if (at.getTime() > now + aheadMs)
    throw new PolyvisorError("badRequest", {
      detail: `${at.toISOString()} is still to come`,
      where,
      remedy: "The history is about the past; leave the time out for now.",
    });
  const { rows } = await pool.query<{ id: number }>({ name: "history-cut", text: lastAt, values: [at] });
  return { id: rows[0]!.id, at };
}

const named: Record<EstateKind, string> = { host: "hosts", vm: "VMs", datastore: "datastores", network: "networks" };

/**
 * Makes sure that nothing is missing from what was read at a cut. Asked after reading: what is dropped meanwhile
 * moves the horizon in the same transaction.
 * @throws PolyvisorError `badRequest` that names the horizon
 */
export async function mustReach(pool: pg.Pool, kind: EstateKind, cut: Cut, where = "query at"): Promise<void> {
  const { rows } = await pool.query<Horizon>({ name: "history-horizon", text: "select kind, id, at from history_horizon where kind = $1", values: [kind] });
  const horizon = rows[0];
  if (!horizon || cut.id >= horizon.id || cut.at >= horizon.at) return;
  throw new PolyvisorError("badRequest", {
    detail: `the history of ${named[kind]} reaches back to ${horizon.at.toISOString()}, and ${cut.at.toISOString()} is before that`,
    where,
    remedy: "Ask for a later time. How long it is kept: `polyvisor history retention`.",
  });
}

/** The version of an object that counts at a cut. */
const versionAt = (cut: string): string =>
  `(select e.id, e.at, e.type, e.doc from event e where e.object_id = o.object_id collate "default" and e.id <= ${cut} order by e.id desc limit 1)`;

const manyVersions = `
select o.object_id as id, v.doc from history_object o join lateral ${versionAt("$3")} v on true
where o.kind = $1 and o.object_id = any($2) and v.type <> 'deleted'`;

/** Objects as they were, by id; those that were not there are left out. */
export async function objectsAt(pool: pg.Pool, kind: EstateKind, ids: readonly string[], cut: Cut): Promise<Map<string, EstateObject>> {
  const { rows } = await pool.query<{ id: string; doc: EstateObject }>({ name: "history-objects", text: manyVersions, values: [kind, ids, cut.id] });
  return new Map(rows.map((row) => [row.id, row.doc]));
}

const pageAtCut = `
select o.object_id as id, case when v.type <> 'deleted' then v.doc end as doc
from history_object o left join lateral ${versionAt("$3")} v on true
where o.kind = $1 and o.object_id > $2 and o.born <= $3 and (o.gone is null or o.gone > $3)
order by o.object_id limit $4`;

/** The next objects of a kind in the order of their ids, as they were; `doc` is null where it was not there in between. */
export async function nextAt(pool: pg.Pool, kind: EstateKind, after: string, cut: Cut, limit: number): Promise<{ id: string; doc: EstateObject | null }[]> {
  return (await pool.query<{ id: string; doc: EstateObject | null }>({ name: "history-page", text: pageAtCut, values: [kind, after, cut.id, limit] })).rows;
}

/** An object that may differ between two cuts. */
export interface Pair {
  id: string;
  before: EstateObject | null;
  after: EstateObject | null;
  /** Of the last change between them. */
  at: Date;
  by: string | null;
  origin: string | null;
  taskId: string | null;
}

const pairColumns = `
  o.object_id as id, case when b.type <> 'deleted' then b.doc end as before, case when a.type <> 'deleted' then a.doc end as after,
  a.at, a.by_account as by, a.origin, a.task_id as "taskId"`;
const lastOf = `(select e.id, e.at, e.type, e.doc, e.by_account, e.origin, e.task_id from event e where e.object_id = o.object_id collate "default" and e.id <= $4 order by e.id desc limit 1)`;

/** Few events: those that they are about. */
const pairsOfEvents = `
with o as (select distinct object_id collate "C" as object_id from event where id > $3 and id <= $4 and kind = $1 and object_id collate "C" > $2 order by 1 limit $5)
select ${pairColumns} from o join lateral ${lastOf} a on true left join lateral ${versionAt("$3")} b on true order by o.object_id`;
/** Many: every object in turn. */
const pairsOfObjects = `
with o as (
  select object_id from history_object where kind = $1 and object_id > $2 and born <= $4 and (gone is null or gone > $3) order by object_id limit $5
)
select ${pairColumns} from o left join lateral ${lastOf} a on true left join lateral ${versionAt("$3")} b on true order by o.object_id`;

const fewEvents = 50_000;

/** The next objects of a kind, in the order of their ids, that may differ between two cuts. */
export async function nextPairs(pool: pg.Pool, kind: EstateKind, after: string, from: Cut, to: Cut, limit: number): Promise<Pair[]> {
  const few = to.id - from.id <= fewEvents;
  const { rows } = await pool.query<Pair>({
    name: few ? "history-pairs-few" : "history-pairs-many",
    text: few ? pairsOfEvents : pairsOfObjects,
    values: [kind, after, from.id, to.id, limit],
  });
  return rows;
}
