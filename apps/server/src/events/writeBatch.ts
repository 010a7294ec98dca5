import type pg from "pg";
import type { Event } from "@polyvisor/model";
import { appendAudit } from "../audit/appendAudit.ts";
import { FenceRefused, type Claim } from "./claim.ts";
import type { Draft } from "./draft.ts";
import { eventColumns, eventOfRow, type EventRow } from "./eventRow.ts";

/** All servers write events under this lock, so that ids rise in the order of commit. */
const eventLock = 7_601_523_441;
/**
 * Begins a transaction and stands in line. A server that stops in the middle of its turn (SIGSTOP, a hung disk) would
 * hold all others up for ever: the database ends the connection of one who says nothing for so long.
 */
export const standInLine = `begin; set local idle_in_transaction_session_timeout = '3s'; select pg_advisory_xact_lock(${eventLock})`;
/** Told by the writer of a batch with its server's id. */
export const eventChannel = "polyvisor_event";
/** Events that are read at once. */
export const foreignPage = 1_000;

/** Connections that know the statement. */
const ready = new WeakSet<pg.ClientBase>();
const since = (last: number | "$1"): string => `select ${eventColumns} from event where id > ${last} order by id limit ${foreignPage}`;

/** Takes the turn to write, and what others wrote after `last`, in one round trip. The lock goes with the transaction. */
export async function takeTurn(client: pg.ClientBase, last: number): Promise<Event[]> {
  if (!ready.has(client)) {
    // Planning it each time would cost as much as running it. The connection may know it under another wrapper of its client.
    await client.query(`prepare journal_since (bigint) as ${since("$1")}`).catch((error: unknown) => {
      if ((error as { code?: string }).code !== "42P05") throw error;
    });
    ready.add(client);
  }
  const answers = (await client.query(`${standInLine}; execute journal_since (${last})`)) as unknown as pg.QueryResult<EventRow>[];
  return answers[3]!.rows.map(eventOfRow);
}

/** What was written after `last`, without a turn. Gapless: an id is given and committed under the lock. */
export async function readSince(client: pg.ClientBase | pg.Pool, last: number): Promise<Event[]> {
  return (await client.query<EventRow>(since(last))).rows.map(eventOfRow);
}

const insertTasks = `
insert into task (id, state, title, by_account, reason, created_at, owner, plan, failure, ended_at)
select id, state, title, by, reason, "createdAt", owner, plan, failure, "endedAt"
from jsonb_to_recordset($1::jsonb) as t(id text, state text, title text, by text, reason text, "createdAt" timestamptz, owner text, plan jsonb, failure jsonb, "endedAt" timestamptz)`;
const updateTasks = `
update task set state = t.state, started_at = t."startedAt", ended_at = t."endedAt", cancel_requested = task.cancel_requested or t."cancelRequested", revision = t.revision, failure = t.failure
from jsonb_to_recordset($1::jsonb) as t(id text, state text, "startedAt" timestamptz, "endedAt" timestamptz, "cancelRequested" boolean, revision bigint, failure jsonb)
where task.id = t.id and task.owner = $2`;
const upsertSteps = `
insert into task_step (task_id, n, state, progress, started_at, ended_at, message, failure)
select "taskId", n, state, progress, "startedAt", "endedAt", message, failure
from jsonb_to_recordset($1::jsonb) as s("taskId" text, n int, state text, progress real, "startedAt" timestamptz, "endedAt" timestamptz, message text, failure jsonb)
on conflict (task_id, n) do update set state = excluded.state, progress = excluded.progress, started_at = excluded.started_at, ended_at = excluded.ended_at, message = excluded.message, failure = excluded.failure`;
const writeChanges = `
with held as (
  select (select count(*) from unnest($4::text[], $5::bigint[]) as f(id, fence) join lease on lease.host_id = f.id and lease.fence = f.fence and lease.server_id = $8)
       + (select count(*) from unnest($6::text[], $7::bigint[]) as f(id, fence) join task on task.id = f.id and task.fence = f.fence and task.owner = $8)
       = cardinality($4::text[]) + cardinality($6::text[]) as all_of_them
), change as (
  select c.* from held, jsonb_to_recordset($1::jsonb) as c(ord int, at timestamptz, type text, kind text, id text, "hostId" text, "nativeId" text, revision bigint, fields text[], cause text, "taskId" text, by text, origin text, doc jsonb, keep boolean)
  where held.all_of_them
), kept as (
  insert into object (id, kind, host_id, native_id, revision, doc)
  select id, kind, "hostId", "nativeId", revision, doc from change where keep
  on conflict (id) do update set host_id = excluded.host_id, native_id = excluded.native_id, revision = excluded.revision, doc = excluded.doc
), told as (
  insert into event (at, type, kind, object_id, fields, cause, task_id, by_account, origin, doc)
  select at, type, kind, id, fields, cause, "taskId", case when "taskId" is null then by else coalesce(by, (select by_account from task where task.id = "taskId")) end, origin, doc
  from change order by ord
  returning id, by_account
), marked as (
  insert into setting (key, value) select $2, jsonb_build_object('batch', $3::text, 'first', min(id)) from told
  on conflict (key) do update set value = excluded.value
), notified as (
  select case when $9 then pg_notify('${eventChannel}', $8) end as sent
)
select told.id, told.by_account as by, held.all_of_them as held from held left join notified on true left join told on true`;

const taskRow = ({ task, plan, owner }: Draft["newTasks"][number]): object => ({
  id: task.id,
  state: task.state,
  title: task.title,
  by: task.by,
  reason: task.reason,
  createdAt: task.createdAt,
  endedAt: task.endedAt,
  owner,
  plan,
  failure: task.failure,
});

/**
 * Writes a batch in the turn that `client` has. @returns ids of its events, in their order
 * @throws FenceRefused when a claim of it is lost; the transaction must be taken back then
 */
export async function writeBatch(
  client: pg.ClientBase,
  draft: Draft,
  events: readonly Omit<Event, "id">[],
  owner: string,
  mark: { key: string; batch: string },
  tell: boolean,
): Promise<number[]> {
  if (draft.newTasks.length > 0) await client.query({ name: "journal-tasks", text: insertTasks, values: [JSON.stringify(draft.newTasks.map(taskRow))] });
  if (draft.taskUpdates.size > 0)
    await client.query({ name: "journal-task-heads", text: updateTasks, values: [JSON.stringify([...draft.taskUpdates.values()]), owner] });
  if (draft.stepUpdates.size > 0) await client.query({ name: "journal-steps", text: upsertSteps, values: [JSON.stringify([...draft.stepUpdates.values()])] });
  for (const statement of draft.statements) await statement(client);
  // Rows that go are deleted first: their host and native id may be another object's in the same batch.
  const finals = draft.finals();
  const gone = [...finals].filter(([, object]) => object === undefined).map(([id]) => id);
  if (gone.length > 0) await client.query("delete from object where id = any($1)", [gone]);
  const last = new Map<string, number>();
  draft.changes.forEach((change, i) => last.set(change.object.id, i));
  const rows = draft.changes.map((change, ord) => {
    const { object } = change;
    const event = events[ord]!;
    const keep = object.kind !== "task" && change.type !== "deleted" && last.get(object.id) === ord;
    return {
      ord,
      at: event.at,
      type: event.type,
      kind: event.kind,
      id: object.id,
      fields: event.fields,
      cause: event.cause,
      taskId: event.taskId,
      by: event.by,
      origin: event.origin,
      doc: event.object,
      keep,
      hostId: "hostId" in object ? object.hostId : undefined,
      nativeId: "nativeId" in object ? object.nativeId : undefined,
      revision: object.revision,
    };
  });
  if (draft.audited.length > 0) {
    const at = events[0]?.at ?? new Date().toISOString();
    await appendAudit(
      client,
      draft.audited.map((ticket) => ({ draft: ticket.draft(), at })),
      owner,
    );
  }
  const claims = (kind: "host" | "task") => [...draft.claims].filter((claim) => claim.kind === kind);
  const [hosts, tasks] = [claims("host"), claims("task")];
  const written = await client.query<{ id: number | null; by: string | null; held: boolean }>({
    name: "journal-changes",
    text: writeChanges,
    values: [
      JSON.stringify(rows),
      mark.key,
      mark.batch,
      hosts.map(({ id }) => id),
      hosts.map(({ fence }) => fence),
      tasks.map(({ id }) => id),
      tasks.map(({ fence }) => fence),
      owner,
      tell,
    ],
  });
  if (!written.rows[0]!.held) throw new FenceRefused();
  const told = written.rows.filter((row): row is typeof row & { id: number } => row.id !== null).sort((a, b) => a.id - b.id);
  // The account of a task is known to the store: the task may be another server's.
  told.forEach(({ by }, i) => by !== null && (events[i]!.by = by));
  return told.map((row) => row.id);
}

/** Marks the claims that are no longer this server's. */
export async function lookAtClaims(client: pg.ClientBase | pg.Pool, claims: Iterable<Claim>, owner: string): Promise<Claim[]> {
  const all = [...claims];
  const { rows } = await client.query<{ kind: Claim["kind"]; id: string; fence: number }>(
    "select 'host' as kind, host_id as id, fence from lease where host_id = any($1) and server_id = $2 union all select 'task', id, fence from task where id = any($1) and owner = $2",
    [all.map(({ id }) => id), owner],
  );
  const held = new Set(rows.map((row) => `${row.id} ${row.fence}`));
  const lost = all.filter((claim) => !held.has(`${claim.id} ${claim.fence}`));
  for (const claim of lost) claim.lost = true;
  return lost;
}

/** After a failure that may have been behind the commit: where the events of a batch begin, if it was committed. */
export async function committedAt(client: pg.ClientBase, mark: { key: string; batch: string }): Promise<number | undefined> {
  // Behind the lock: a transaction whose connection died may still be on its way to its end.
  await client.query(standInLine);
  const found = await client.query<{ value: { batch: string; first: number | null } }>("select value from setting where key = $1", [mark.key]);
  await client.query("rollback");
  const value = found.rows[0]?.value;
  return value?.batch === mark.batch ? (value.first ?? 0) : undefined;
}
