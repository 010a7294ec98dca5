import type pg from "pg";
import type { Event } from "@polyvisor/model";
import { appendAudit, holdAuditHead, type AuditHead } from "../audit/appendAudit.ts";
import { together } from "../store/together.ts";
import { FenceRefused, type Claim } from "./claim.ts";
import type { Draft, TaskUpdate } from "./draft.ts";
import { eventColumns, eventOfRow, type EventRow } from "./eventRow.ts";

/** All servers write events under this lock, so that ids rise in the order of commit. */
const eventLock = 7_601_523_441;
/**
 * Begins a transaction and stands in line. A server that stops in the middle of its turn (SIGSTOP, a hung disk) would
 * hold all others up for ever: the database ends the connection of one who says nothing for so long.
 */
export const standInLine = `begin; set local idle_in_transaction_session_timeout = '3s'; select pg_advisory_xact_lock(${eventLock})`;
/**
 * The statements of a batch are planned once for a connection, perhaps while the tables are small. Such a plan reads
 * them whole, and would for each batch when they have grown: so they go by the indexes from the beginning.
 */
const byIndexes = "select set_config('enable_seqscan', 'off', true), set_config('enable_hashjoin', 'off', true), set_config('enable_mergejoin', 'off', true)";
/** Told by the writer of a batch with its server's id. */
export const eventChannel = "polyvisor_event";
/** Events that are read at once. */
export const foreignPage = 1_000;

/** Connections that know the statement. */
const ready = new WeakSet<pg.ClientBase>();
const since = (last: number | "$1"): string => `select ${eventColumns} from event where id > ${last} order by id limit ${foreignPage}`;

/** What a server finds when its turn comes. */
export interface Turn {
  /** What others wrote since. */
  foreign: Event[];
  /** Where the audit log stands, if that was asked for. */
  audit: AuditHead | undefined;
}

/**
 * Takes the turn to write, and what others wrote after `last`, in one round trip. The lock goes with the transaction.
 * @param audited whether there is something for the audit log, as far as is known
 */
export async function takeTurn(client: pg.ClientBase, last: number, audited: boolean): Promise<Turn> {
  if (!ready.has(client)) {
    // Planning it each time would cost as much as running it. The connection may know it under another wrapper of its client.
    await client.query(`prepare journal_since (bigint) as ${since("$1")}`).catch((error: unknown) => {
      if ((error as { code?: string }).code !== "42P05") throw error;
    });
    ready.add(client);
  }
  const [answers, audit] = await together([
    client.query(`${standInLine}; ${byIndexes}; execute journal_since (${last})`) as unknown as Promise<pg.QueryResult<EventRow>[]>,
    audited ? holdAuditHead(client) : undefined,
  ]);
  return { foreign: answers.at(-1)!.rows.map(eventOfRow), audit };
}

/** What was written after `last`, without a turn. Gapless: an id is given and committed under the lock. */
export async function readSince(client: pg.ClientBase | pg.Pool, last: number): Promise<Event[]> {
  return (await client.query<EventRow>(since(last))).rows.map(eventOfRow);
}

const insertTasks = `
insert into task (id, state, title, by_account, reason, created_at, owner, plan, failure, started_at, ended_at, cancel_requested, revision, asked, retry_of)
select id, state, title, by, reason, "createdAt", owner, plan, failure, "startedAt", "endedAt", "cancelRequested", revision, asked, "retryOf"
from jsonb_to_recordset($1::jsonb) as t(id text, state text, title text, by text, reason text, "createdAt" timestamptz, owner text, plan jsonb, failure jsonb, "startedAt" timestamptz, "endedAt" timestamptz, "cancelRequested" boolean, revision bigint, asked jsonb, "retryOf" text)`;
const updateTasks = `
update task set state = t.state, started_at = t."startedAt", ended_at = t."endedAt", cancel_requested = task.cancel_requested or t."cancelRequested", revision = t.revision, failure = t.failure
from jsonb_to_recordset($1::jsonb) as t(id text, state text, "startedAt" timestamptz, "endedAt" timestamptz, "cancelRequested" boolean, revision bigint, failure jsonb)
where task.id = t.id and task.owner = $2`;
// A step of a task that was not kept is none; that its claim is not held is found behind it.
const upsertSteps = `
insert into task_step (task_id, n, state, progress, started_at, ended_at, message, failure)
select "taskId", n, s.state, progress, "startedAt", "endedAt", message, s.failure
from jsonb_to_recordset($1::jsonb) as s("taskId" text, n int, state text, progress real, "startedAt" timestamptz, "endedAt" timestamptz, message text, failure jsonb)
join task on task.id = "taskId"
on conflict (task_id, n) do update set state = excluded.state, progress = excluded.progress, started_at = excluded.started_at, ended_at = excluded.ended_at, message = excluded.message, failure = excluded.failure`;
/** The database's word for a division by nothing: how {@link writeChanges} ends the transaction, so that the commit behind it commits nothing. */
const notHeld = "22012";
const writeChanges = `
with held as (
  select 1 / ((select count(*) from unnest($4::text[], $5::bigint[]) as f(id, fence) join lease on lease.host_id = f.id and lease.fence = f.fence and lease.server_id = $8)
       + (select count(*) from unnest($6::text[], $7::bigint[]) as f(id, fence) join task on task.id = f.id and task.fence = f.fence and task.owner = $8)
       = cardinality($4::text[]) + cardinality($6::text[]))::int as all_of_them
), change as (
  select c.* from held, jsonb_to_recordset($1::jsonb) as c(ord int, at timestamptz, type text, kind text, id text, "hostId" text, "nativeId" text, revision bigint, fields text[], cause text, "taskId" text, by text, origin text, doc jsonb, keep boolean)
  where held.all_of_them = 1
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
select told.id, told.by_account as by from held left join notified on true left join told on true`;

/** A new task as it is at the end of the batch. */
const taskRow = ({ task, plan, owner, asked }: Draft["newTasks"][number], update?: TaskUpdate): object => ({
  id: task.id,
  title: task.title,
  by: task.by,
  reason: task.reason,
  createdAt: task.createdAt,
  owner,
  plan,
  asked,
  retryOf: task.retryOf,
  ...(update ?? {
    state: task.state,
    startedAt: task.startedAt,
    endedAt: task.endedAt,
    cancelRequested: task.cancelRequested,
    revision: task.revision,
    failure: task.failure,
  }),
});

/** What is written about a batch beside what is in it. */
export interface BatchNotes {
  /** Id of the server. */
  owner: string;
  /** Tells afterwards that the batch was committed: see {@link committedAt}. */
  mark: { key: string; batch: string };
  /** Whether other servers are to be told. */
  tell: boolean;
  /** From the turn. */
  audit: AuditHead | undefined;
}

/**
 * Writes a batch in the turn that `client` has, and commits it: all in one round trip. What fails ends the transaction,
 * so that the commit that was sent behind it commits nothing.
 * @returns ids of its events, in their order
 * @throws FenceRefused when a claim of it is lost
 */
export async function writeBatch(client: pg.ClientBase, draft: Draft, events: readonly Omit<Event, "id">[], notes: BatchNotes): Promise<number[]> {
  const { owner, audit } = notes;
  const sent: Promise<unknown>[] = [];
  const add = (answer: Promise<unknown>): void => {
    answer.catch(() => undefined); // heard, should something throw before all are awaited
    sent.push(answer);
  };
  const send = (name: string, text: string, values: unknown[]): void => add(client.query({ name, text, values }));
  const updates = new Map(draft.taskUpdates);
  const fresh = draft.newTasks.map((each) => taskRow(each, updates.get(each.task.id)));
  for (const { task } of draft.newTasks) updates.delete(task.id);
  if (fresh.length > 0) send("journal-tasks", insertTasks, [JSON.stringify(fresh)]);
  if (updates.size > 0) send("journal-task-heads", updateTasks, [JSON.stringify([...updates.values()]), owner]);
  if (draft.stepUpdates.size > 0) send("journal-steps", upsertSteps, [JSON.stringify([...draft.stepUpdates.values()])]);
  for (const statement of draft.statements) add(statement(client));
  // Rows that go are deleted first: their host and native id may be another object's in the same batch.
  const gone = [...draft.finals()].filter(([, object]) => object === undefined).map(([id]) => id);
  if (gone.length > 0) add(client.query("delete from object where id = any($1)", [gone]));
  if (draft.audited.length > 0) {
    const at = events[0]?.at ?? new Date().toISOString();
    const entries = draft.audited.map((ticket) => ({ draft: ticket.draft(), at }));
    add(appendAudit(client, entries, owner, audit));
    // The head is not known where the batch was prepared anew: then what follows waits for it.
    if (!audit) await together(sent);
  }
  const written = sendChanges(client, draft, events, notes);
  add(written);
  if (draft.looksAtAnswers) await together(sent);
  await together([...sent, client.query("commit")]);
  const told = (await written).rows.filter((row): row is typeof row & { id: number } => row.id !== null).sort((a, b) => a.id - b.id);
  // The account of a task is known to the store: the task may be another server's.
  told.forEach(({ by }, i) => by !== null && (events[i]!.by = by));
  return told.map((row) => row.id);
}

/** The objects as they are at the end, the events, and the mark. */
async function sendChanges(
  client: pg.ClientBase,
  draft: Draft,
  events: readonly Omit<Event, "id">[],
  { owner, mark, tell }: BatchNotes,
): Promise<pg.QueryResult<{ id: number | null; by: string | null }>> {
  const last = new Map<string, number>();
  draft.changes.forEach((change, i) => last.set(change.object.id, i));
  const rows = draft.changes.map((change, ord) => {
    const { object } = change;
    const event = events[ord]!;
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
      keep: object.kind !== "task" && change.type !== "deleted" && last.get(object.id) === ord,
      hostId: "hostId" in object ? object.hostId : undefined,
      nativeId: "nativeId" in object ? object.nativeId : undefined,
      revision: object.revision,
    };
  });
  const claims = (kind: "host" | "task") => [...draft.claims].filter((claim) => claim.kind === kind);
  const [hosts, tasks] = [claims("host"), claims("task")];
  const values = [
    JSON.stringify(rows),
    mark.key,
    mark.batch,
    hosts.map(({ id }) => id),
    hosts.map(({ fence }) => fence),
    tasks.map(({ id }) => id),
    tasks.map(({ fence }) => fence),
    owner,
    tell,
  ];
  try {
    return await client.query<{ id: number | null; by: string | null }>({ name: "journal-changes", text: writeChanges, values });
  } catch (error) {
    throw (error as { code?: unknown }).code === notHeld ? new FenceRefused() : error;
  }
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
