import type { Difference, HistoryChange, HistoryRetention } from "@polyvisor/api";
import { PolyvisorError } from "@polyvisor/model";
import type pg from "pg";
import type { EstateKind, EstateObject, EstateReader, ObjectOf } from "../controlPlane.ts";
import { fieldChanges } from "./fieldChanges.ts";
import { findAt, findEver, type Sees } from "./findInHistory.ts";
import { listEvents, type EventListQuery } from "./listEvents.ts";
import { pastFilter, type PastFilter } from "./pastFilter.ts";
import { readRetention, writeRetention } from "./retention.ts";
import { storageOf, type HistoryStorage } from "./storage.ts";
import { cutAt, mustReach, nextAt, nextPairs, objectsAt, type Cut } from "./versions.ts";

/** Objects that one request looks at for a page; where few of them fit the filter, the page is short and has a next one. */
const lookedAtOnce = 2_000;
const kinds = ["datastore", "host", "network", "vm"] as const satisfies EstateKind[];

export interface HistoryOptions {
  pool: pg.Pool;
  estate: EstateReader;
  now(): number;
  keepDays: number;
}

export interface PastQuery {
  at: string;
  filter?: string | undefined;
  sort?: string | undefined;
  limit: number;
  cursor?: string | undefined;
}

export interface DifferenceQuery {
  from: string;
  to?: string | undefined;
  kind?: EstateKind | undefined;
  filter?: string | undefined;
  limit: number;
  cursor?: string | undefined;
}

export interface ChangesQuery {
  from?: string | undefined;
  to?: string | undefined;
  limit: number;
  cursor?: string | undefined;
}

const seesAll: Sees = () => true;

/** The estate as it was. Everything is read from `event`, by index, a page at a time. */
export class History {
  readonly #options: HistoryOptions;

  constructor(options: HistoryOptions) {
    this.#options = options;
  }

  /**
   * One object as it was at a time, by its id or what it was called then.
   * @throws PolyvisorError `notFound`, `ambiguous`, or `badRequest` for a time before the horizon
   */
  async objectAt<K extends EstateKind>(kind: K, ref: string, at: string, sees: Sees = seesAll): Promise<ObjectOf[K]> {
    const { pool, now } = this.#options;
    const cut = await cutAt(pool, new Date(at), now());
    const found = await findAt(pool, kind, ref, cut, sees).catch(async (error: unknown): Promise<never> => {
      await mustReach(pool, kind, cut); // it may be missing only because it was dropped
      throw error;
    });
    await mustReach(pool, kind, cut);
    return found as ObjectOf[K];
  }

  /** Objects as they were at a time, in the order of their ids. A page may be short, or empty, and yet have a next one. */
  async list<K extends EstateKind>(kind: K, query: PastQuery, sees: Sees = seesAll): Promise<{ items: ObjectOf[K][]; next?: string }> {
    const { pool, now } = this.#options;
    if (query.sort !== undefined && query.sort !== "id")
      throw new PolyvisorError("badRequest", { detail: "a list of the past is in the order of the ids", where: "query sort", remedy: "Leave sort out." });
    const cut = await cutAt(pool, new Date(query.at), now());
    const filter = query.filter === undefined ? undefined : pastFilter(query.filter, kind, cut.at.getTime());
    let after = query.cursor === undefined ? "" : readCursor(query.cursor, kind);
    const items: EstateObject[] = [];
    let more = true;
    for (let looked = 0; more && items.length < query.limit && looked < lookedAtOnce;) {
      const wanted = Math.min(filter ? 500 : query.limit - items.length, lookedAtOnce - looked);
      const rows = await nextAt(pool, kind, after, cut, wanted);
      more = rows.length === wanted;
      looked += rows.length;
      const hosts = await this.#hosts(filter, rows, cut);
      for (const { id, doc } of rows) {
        if (items.length === query.limit) {
          more = true;
          break;
        }
        after = id;
        if (doc && sees(doc) && (!filter || filter.fits(doc, hosts))) items.push(doc);
      }
    }
    await mustReach(pool, kind, cut);
    return { items: items as ObjectOf[K][], ...(more ? { next: writeCursor(kind, after) } : {}) };
  }

  /** Every change of an object, latest first. `ref` may be what it was called once. */
  async changes(
    kind: EstateKind,
    ref: string,
    query: ChangesQuery,
    sees: Sees = seesAll,
  ): Promise<{ objectId: string; items: HistoryChange[]; next?: string }> {
    const { pool } = this.#options;
    const objectId = await this.#idOf(kind, ref, sees);
    if (query.cursor !== undefined && !/^\d{1,15}$/.test(query.cursor)) throw badCursor();
    const { rows } = await pool.query<ChangeRow>({
      name: "history-changes",
      text: `select id, at, type, cause, task_id as "taskId", by_account as by, origin, doc from event
        where object_id = $1 and id < $2 and ($3::timestamptz is null or at >= $3 or id = (select max(id) from event where object_id = $1 and id < $2 and at < $3)) and ($4::timestamptz is null or at < $4)
        order by id desc limit $5`,
      values: [objectId, query.cursor === undefined ? Number.MAX_SAFE_INTEGER : Number(query.cursor), query.from ?? null, query.to ?? null, query.limit + 1],
    });
    // Before it came into sight it was somebody else's.
    const hidden = rows.findIndex((row) => row.doc !== null && !sees(row.doc));
    if (hidden >= 0) rows.splice(hidden);
    const from = query.from === undefined ? undefined : new Date(query.from);
    const items = rows.slice(0, query.limit).flatMap((row, i) => (from === undefined || row.at >= from ? [changeOf(row, rows[i + 1])] : []));
    const last = rows[query.limit - 1];
    const goesOn = rows.length > query.limit && (from === undefined || rows[query.limit]!.at >= from);
    return { objectId, items, ...(goesOn ? { next: String(last!.id) } : {}) };
  }

  /** What happened, latest first. */
  events(query: EventListQuery, tasks: boolean): ReturnType<typeof listEvents> {
    return listEvents(this.#options.pool, query, tasks);
  }

  /** What differs between two times. */
  async differences(query: DifferenceQuery, sees: Sees = seesAll): Promise<{ items: Difference[]; next?: string }> {
    const { pool, now } = this.#options;
    const from = await cutAt(pool, new Date(query.from), now(), "query from");
    const to = await cutAt(pool, query.to === undefined ? new Date(now()) : new Date(query.to), now(), "query to");
    if (from.at > to.at) throw new PolyvisorError("badRequest", { detail: "`from` is after `to`", where: "query from" });
    if (query.filter !== undefined && query.kind === undefined)
      throw new PolyvisorError("badRequest", {
        detail: "a filter is about one kind of object",
        where: "query kind",
        remedy: "Give kind=vm, host, datastore or network.",
      });
    const filter = query.filter === undefined ? undefined : pastFilter(query.filter, query.kind!, to.at.getTime());
    const turns = query.kind ? [query.kind] : kinds;
    const [begin, startAfter] = query.cursor === undefined ? [turns[0]!, ""] : readKindCursor(query.cursor, turns);
    const items: Difference[] = [];
    let looked = 0;
    for (const kind of turns.slice(turns.indexOf(begin))) {
      let after = kind === begin ? startAfter : "";
      for (let more = true; more;) {
        if (items.length >= query.limit || looked >= lookedAtOnce) return { items, next: writeCursor(kind, after) };
        const wanted = 500;
        const pairs = await nextPairs(pool, kind, after, from, to, wanted);
        more = pairs.length === wanted;
        looked += pairs.length;
        const hosts = await this.#hosts(
          filter,
          pairs.map((pair) => ({ doc: pair.after ?? pair.before })),
          to,
        );
        for (const pair of pairs) {
          if (items.length >= query.limit) break;
          after = pair.id;
          const shown = pair.after ?? pair.before;
          if (!shown) continue;
          if (!sees(shown) || (filter && !filter.fits(shown, hosts))) continue;
          const { before, after: is, at, by, origin, taskId } = pair;
          const difference: Difference = {
            kind,
            id: pair.id,
            name: shown.name,
            change: before && is ? "changed" : is ? "created" : "deleted",
            fields: before && is ? fieldChanges(before, is) : [],
            at: at.toISOString(),
          };
          if (before && is && difference.fields.length === 0) continue;
          if (by !== null) difference.by = by;
          if (origin !== null) difference.origin = origin;
          if (taskId !== null) difference.taskId = taskId;
          items.push(difference);
        }
        if (items.length >= query.limit && after !== pairs.at(-1)?.id) more = true;
      }
      await mustReach(pool, kind, from, "query from");
    }
    return { items };
  }

  storage(): Promise<HistoryStorage> {
    const { pool, now, estate } = this.#options;
    const objects = Object.fromEntries(kinds.map((kind) => [kind, estate.page(kind, { limit: 1 }).total]));
    return this.retention().then((retention) => storageOf(pool, retention, objects, now()));
  }

  retention(): Promise<HistoryRetention> {
    return readRetention(this.#options.pool, this.#options.keepDays);
  }

  setRetention(patch: Parameters<typeof writeRetention>[2], ifRevision?: number): Promise<HistoryRetention> {
    return writeRetention(this.#options.pool, this.#options.keepDays, patch, ifRevision);
  }

  /** What is there now goes before what was called so once. */
  async #idOf(kind: EstateKind, ref: string, sees: Sees): Promise<string> {
    const { estate, pool } = this.#options;
    try {
      const found = estate.get(kind, ref) ?? estate.find(kind, ref);
      if (sees(found)) return found.id;
    } catch (error) {
      // Several of that name: only those that the caller sees count, which the history tells apart.
      if (!(error instanceof PolyvisorError) || (error.code !== "notFound" && (error.code !== "ambiguous" || sees === seesAll))) throw error;
    }
    return findEver(pool, kind, ref, sees);
  }

  /** Hosts of objects as they were, where the filter asks for them. */
  async #hosts(filter: PastFilter | undefined, rows: readonly { doc: EstateObject | null }[], cut: Cut): Promise<Map<string, EstateObject>> {
    if (!filter?.needsHosts) return new Map();
    const ids = new Set(rows.flatMap(({ doc }) => (doc && doc.kind !== "host" ? [doc.hostId] : [])));
    return objectsAt(this.#options.pool, "host", [...ids], cut);
  }
}

interface ChangeRow {
  id: number;
  at: Date;
  type: HistoryChange["type"];
  cause: string | null;
  taskId: string | null;
  by: string | null;
  origin: string | null;
  doc: EstateObject | null;
}

function changeOf(row: ChangeRow, before: ChangeRow | undefined): HistoryChange {
  const changes = row.doc && before?.doc && row.type === "changed" ? fieldChanges(before.doc, row.doc) : [];
  const change: HistoryChange = { id: String(row.id), at: row.at.toISOString(), type: row.type, changes };
  for (const name of ["cause", "taskId", "by", "origin"] as const) if (row[name] !== null) change[name] = row[name];
  if (row.type === "changed" && !before) change.first = true;
  return change;
}

const badCursor = (): PolyvisorError =>
  new PolyvisorError("badRequest", {
    detail: "the cursor is not one that this list gave",
    where: "query cursor",
    remedy: "Give `next` of the page before as it was.",
  });

const writeCursor = (kind: EstateKind, after: string): string => `${kind}:${after}`;
function readKindCursor(text: string, turns: readonly EstateKind[]): [EstateKind, string] {
  const [kind, after, ...rest] = text.split(":");
  const known = turns.find((each) => each === kind);
  if (!known || after === undefined || rest.length > 0 || !/^[a-z0-9-]{0,64}$/.test(after)) throw badCursor();
  return [known, after];
}
const readCursor = (text: string, kind: EstateKind): string => readKindCursor(text, [kind])[1];
