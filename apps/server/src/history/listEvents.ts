import type { PastEvent } from "@polyvisor/api";
import { PolyvisorError } from "@polyvisor/model";
import type pg from "pg";

/** Events that one request looks at; where few of them fit, the page is short and has a next one. */
const lookedAtOnce = 5_000;

export interface EventListQuery {
  kind?: PastEvent["kind"] | undefined;
  type?: "created" | "changed" | "deleted" | undefined;
  by?: string | undefined;
  field?: string | undefined;
  from?: string | undefined;
  to?: string | undefined;
  limit: number;
  cursor?: string | undefined;
}

interface EventRow extends Omit<PastEvent, "at"> {
  at: Date;
}

/** Every event that is kept and fits, latest first. @param tasks whether those of tasks are among them */
export async function listEvents(pool: pg.Pool, query: EventListQuery, tasks: boolean): Promise<{ items: PastEvent[]; next?: string }> {
  if (query.cursor !== undefined && !/^\d{1,15}$/.test(query.cursor))
    throw new PolyvisorError("badRequest", { detail: "the cursor is not one that this list gave", where: "query cursor" });
  const before = query.cursor ?? String(Number.MAX_SAFE_INTEGER);
  const { rows } = await pool.query<EventRow>(
    `select id::text, at, type, kind, object_id as "objectId", fields, cause, task_id as "taskId", by_account as by, origin,
       (select coalesce(named.doc ->> 'name', named.doc ->> 'title') from event named
        where named.object_id = looked.object_id and named.id <= looked.id and named.doc is not null order by named.id desc limit 1) as name
     from (select * from event where id < $1 and ($6::timestamptz is null or at < $6) order by id desc limit ${lookedAtOnce}) looked
     where type <> 'reset' and ($2::text is null or kind = $2) and ($3::text is null or type = $3) and ($4::text is null or by_account = $4)
       and ($5::timestamptz is null or at >= $5) and ($8::text is null or $8 = any(fields)) and ($9 or kind <> 'task')
     order by looked.id desc limit $7`,
    [before, query.kind ?? null, query.type ?? null, query.by ?? null, query.from ?? null, query.to ?? null, query.limit, query.field ?? null, tasks],
  );
  const items = rows.map(({ at, ...row }) => ({ ...strip(row), at: at.toISOString() }) as PastEvent);
  if (items.length === query.limit) return { items, next: items.at(-1)!.id };
  // Where the next page begins: behind the last one that was looked at, unless all were.
  const last = await pool.query<{ id: string; at: Date }>(
    `select id::text, at from event where id < $1 and ($2::timestamptz is null or at < $2) order by id desc offset ${lookedAtOnce - 1} limit 1`,
    [before, query.to ?? null],
  );
  const end = last.rows[0];
  return end && (query.from === undefined || end.at >= new Date(query.from)) ? { items, next: end.id } : { items };
}

const strip = (row: object): object => Object.fromEntries(Object.entries(row).filter(([, value]) => value !== null));
