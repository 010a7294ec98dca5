import type pg from "pg";
import type { Event } from "@polyvisor/model";
import type { Draft } from "./draft.ts";

/** All servers write events under this lock, so that ids rise in the order of commit. */
const eventLock = 7_601_523_441;

const insertTasks = `
insert into task (id, state, title, by_account, reason, created_at, owner, plan, failure, ended_at)
select id, state, title, by, reason, "createdAt", owner, plan, failure, "endedAt"
from jsonb_to_recordset($1::jsonb) as t(id text, state text, title text, by text, reason text, "createdAt" timestamptz, owner text, plan jsonb, failure jsonb, "endedAt" timestamptz)`;
const updateTasks = `
update task set state = t.state, started_at = t."startedAt", ended_at = t."endedAt", cancel_requested = t."cancelRequested", revision = t.revision, failure = t.failure
from jsonb_to_recordset($1::jsonb) as t(id text, state text, "startedAt" timestamptz, "endedAt" timestamptz, "cancelRequested" boolean, revision bigint, failure jsonb)
where task.id = t.id and task.owner = $2`;
const upsertSteps = `
insert into task_step (task_id, n, state, progress, started_at, ended_at, message, failure)
select "taskId", n, state, progress, "startedAt", "endedAt", message, failure
from jsonb_to_recordset($1::jsonb) as s("taskId" text, n int, state text, progress real, "startedAt" timestamptz, "endedAt" timestamptz, message text, failure jsonb)
on conflict (task_id, n) do update set state = excluded.state, progress = excluded.progress, started_at = excluded.started_at, ended_at = excluded.ended_at, message = excluded.message, failure = excluded.failure`;
const writeChanges = `
with change as (
  select * from jsonb_to_recordset($1::jsonb) as c(ord int, at timestamptz, type text, kind text, id text, "hostId" text, "nativeId" text, revision bigint, fields text[], cause text, "taskId" text, by text, origin text, doc jsonb, keep boolean)
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
)
select id, by_account as by from told`;

/** Writes a batch in the transaction that `client` is in. @returns ids of its events, in their order */
export async function writeBatch(
  client: pg.ClientBase,
  draft: Draft,
  events: readonly Omit<Event, "id">[],
  owner: string,
  mark: { key: string; batch: string },
): Promise<number[]> {
  if (draft.newTasks.length > 0)
    await client.query(insertTasks, [
      JSON.stringify(
        draft.newTasks.map(({ task, plan, owner: its }) => ({
          id: task.id,
          state: task.state,
          title: task.title,
          by: task.by,
          reason: task.reason,
          createdAt: task.createdAt,
          endedAt: task.endedAt,
          owner: its,
          plan,
          failure: task.failure,
        })),
      ),
    ]);
  if (draft.taskUpdates.size > 0) await client.query(updateTasks, [JSON.stringify([...draft.taskUpdates.values()]), owner]);
  if (draft.stepUpdates.size > 0) await client.query(upsertSteps, [JSON.stringify([...draft.stepUpdates.values()])]);
  for (const statement of draft.statements) await statement(client);
  // Rows that go are deleted first: their host and native id may be another object's in the same batch.
  const finals = draft.finals();
  const gone = [...finals].filter(([, object]) => object === undefined).map(([id]) => id);
  if (gone.length > 0) await client.query("delete from object where id = any($1)", [gone]);
  await client.query("select pg_advisory_xact_lock($1)", [eventLock]);
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
  const written = await client.query<{ id: number; by: string | null }>({
    name: "journal-changes",
    text: writeChanges,
    values: [JSON.stringify(rows), mark.key, mark.batch],
  });
  const told = written.rows.sort((a, b) => a.id - b.id);
  // The account of a task is known to the store: the task may be another server's.
  told.forEach(({ by }, i) => by !== null && (events[i]!.by = by));
  return told.map((row) => row.id);
}

/** After a failure that may have been behind the commit: where the events of a batch begin, if it was committed. */
export async function committedAt(client: pg.ClientBase, mark: { key: string; batch: string }): Promise<number | undefined> {
  const found = await client.query<{ value: { batch: string; first: number | null } }>("select value from setting where key = $1", [mark.key]);
  const value = found.rows[0]?.value;
  return value?.batch === mark.batch ? (value.first ?? 0) : undefined;
}
