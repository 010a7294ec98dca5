import { PolyvisorError, type Plan, type Task, type TaskStep } from "@polyvisor/model";
import type pg from "pg";
import type { Asked } from "./asked.ts";
import { progressOf } from "./outcome.ts";

interface TaskRow {
  id: string;
  state: Task["state"];
  title: string;
  by_account: string;
  reason: string;
  created_at: Date;
  started_at: Date | null;
  ended_at: Date | null;
  cancel_requested: boolean;
  revision: number;
  failure: Task["failure"] | null;
  retry_of: string | null;
}
interface StepRow {
  n: number;
  state: TaskStep["state"];
  progress: number;
  started_at: Date | null;
  ended_at: Date | null;
  message: string | null;
  failure: TaskStep["failure"] | null;
}
const columns = "id, state, title, by_account, reason, created_at, started_at, ended_at, cancel_requested, revision, failure, retry_of";

const headOf = (row: TaskRow, progress: number): Omit<Task, "plan" | "steps"> => ({
  kind: "task",
  id: row.id,
  revision: row.revision,
  title: row.title,
  state: row.state,
  progress,
  by: row.by_account,
  reason: row.reason,
  createdAt: row.created_at.toISOString(),
  startedAt: row.started_at?.toISOString(),
  endedAt: row.ended_at?.toISOString(),
  cancelRequested: row.cancel_requested,
  failure: row.failure ?? undefined,
  ...(row.retry_of === null ? {} : { retryOf: row.retry_of }),
});

/** A task with its steps. A step that has no row is one that waits. */
export async function readTask(pool: pg.Pool, id: string): Promise<Task | undefined> {
  const found = await pool.query<TaskRow & { plan: Plan }>(`select ${columns}, plan from task where id = $1`, [id]);
  const row = found.rows[0];
  if (!row) return undefined;
  const rows = await pool.query<StepRow>("select n, state, progress, started_at, ended_at, message, failure from task_step where task_id = $1", [id]);
  const known = new Map(rows.rows.map((step) => [step.n, step]));
  const steps = row.plan.steps.map(({ n }): TaskStep => {
    const step = known.get(n);
    if (!step) return { n, state: "waiting", progress: 0 };
    return {
      n,
      state: step.state,
      progress: step.progress,
      startedAt: step.started_at?.toISOString(),
      endedAt: step.ended_at?.toISOString(),
      message: step.message ?? undefined,
      failure: step.failure ?? undefined,
    };
  });
  return { ...headOf(row, progressOf(steps)), plan: row.plan, steps };
}

/** What a task was asked for; undefined where a version before this kept it. */
export async function readAsked(pool: pg.Pool, id: string): Promise<Asked | undefined> {
  const { rows } = await pool.query<{ asked: Asked | null }>("select asked from task where id = $1", [id]);
  return rows[0]?.asked ?? undefined;
}

/** Tasks of a server that are not over, the oldest first. */
export async function openTasks(pool: pg.Pool, owner: string): Promise<{ id: string; fence: number; cancelRequested: boolean }[]> {
  const { rows } = await pool.query<{ id: string; fence: number; cancelRequested: boolean }>(
    `select id, fence, cancel_requested as "cancelRequested" from task where state in ('queued', 'running') and owner = $1 order by created_at, id`,
    [owner],
  );
  return rows;
}

/** The latest first. The cursor is the last one's time and id. */
export async function listTasks(
  pool: pg.Pool,
  query: { state?: Task["state"] | undefined; by?: string | undefined; object?: string | undefined; limit: number; cursor?: string | undefined },
): Promise<{ items: Omit<Task, "plan" | "steps">[]; next?: string }> {
  const after = query.cursor === undefined ? undefined : readCursor(query.cursor);
  const { rows } = await pool.query<TaskRow & { progress: number | null }>(
    `select ${columns}, (select sum(case when s.state in ('waiting', 'running') then s.progress else 1 end) / greatest(jsonb_array_length(task.plan -> 'steps'), 1) from task_step s where s.task_id = task.id) as progress
     from task where ($1::text is null or state = $1) and ($2::timestamptz is null or (created_at, id) < ($2, $3)) and ($5::text is null or by_account = $5) and ($6::text[] is null or id = any($6)) order by created_at desc, id desc limit $4`,
    [
      query.state ?? null,
      after?.at ?? null,
      after?.id ?? null,
      query.limit + 1,
      query.by ?? null,
      query.object === undefined ? null : await tasksOf(pool, query.object),
    ],
  );
  const items = rows.slice(0, query.limit).map((row) => headOf(row, row.state === "queued" || row.state === "running" ? Math.min(1, row.progress ?? 0) : 1));
  const last = items.at(-1);
  return rows.length > query.limit && last ? { items, next: Buffer.from(JSON.stringify([last.createdAt, last.id])).toString("base64url") } : { items };
}

/** Changes of an object, and tasks, that are looked through for what concerns it. */
const lookedAt = { changes: 2_000, tasks: 200 };

/** Tasks that changed an object, as its history tells, and of the latest of all tasks those that were to change it. */
async function tasksOf(pool: pg.Pool, object: string): Promise<string[]> {
  const { rows } = await pool.query<{ id: string }>(
    `select task_id as id from (select task_id from event where object_id = $1 order by id desc limit ${lookedAt.changes}) e where task_id is not null
     union select id from (select id, plan from task order by created_at desc, id limit ${lookedAt.tasks}) t where plan @> $2`,
    [object, JSON.stringify({ steps: [{ target: { id: object } }] })],
  );
  return rows.map(({ id }) => id);
}

const writtenTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

function readCursor(text: string): { at: string; id: string } {
  try {
    const [at, id] = JSON.parse(Buffer.from(text, "base64url").toString()) as unknown[];
    // Only what we write ourselves goes to the database, which reads fewer spellings of a time than Date.parse.
    if (typeof at === "string" && writtenTime.test(at) && !Number.isNaN(Date.parse(at)) && typeof id === "string" && !id.includes("\0")) return { at, id };
  } catch {
    // answered below
  }
  throw new PolyvisorError("badRequest", { detail: "the cursor is not one that the list of tasks gave", where: "cursor" });
}
