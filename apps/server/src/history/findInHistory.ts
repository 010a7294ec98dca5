import { PolyvisorError } from "@polyvisor/model";
import type pg from "pg";
import type { EstateKind, EstateObject } from "../controlPlane.ts";
import { objectsAt, type Cut } from "./versions.ts";

/** Whether the caller may know of an object, by its latest or a former version. What he may not is not there for him. */
export type Sees = (object: EstateObject) => boolean;

/** Objects that were called the same, that are looked at. */
const mostNamesakes = 200;

const namesakes = `
select object_id as id from history_object where kind = $1 and object_id = $2
union select object_id from history_object where kind = $1 and native_id = $2
union select object_id from history_name where kind = $1 and name = $2
limit ${mostNamesakes}`;

/** Ids of every object that is or ever was called so, by id, native id, name or HOST/NAME; as far as the history reaches. */
export async function everCalled(pool: pg.Pool, kind: EstateKind, ref: string): Promise<string[]> {
  const ids = (await pool.query<{ id: string }>({ name: "history-named", text: namesakes, values: [kind, ref] })).rows.map((row) => row.id);
  if (ids.length > 0 || kind === "host" || !ref.includes("/")) return ids;
  const slash = ref.indexOf("/");
  const [hosts, inside] = await Promise.all([everCalled(pool, "host", ref.slice(0, slash)), everCalled(pool, kind, ref.slice(slash + 1))]);
  if (hosts.length === 0 || inside.length === 0) return [];
  const { rows } = await pool.query<{ id: string }>("select distinct object_id as id from event where object_id = any($1) and doc ->> 'hostId' = any($2)", [
    inside,
    hosts,
  ]);
  return rows.map((row) => row.id);
}

/**
 * The object that was called so at a time.
 * @throws PolyvisorError `notFound` or `ambiguous`
 */
export async function findAt(pool: pg.Pool, kind: EstateKind, ref: string, cut: Cut, sees: Sees): Promise<EstateObject> {
  const found = [...(await objectsAt(pool, kind, await everCalled(pool, kind, ref), cut)).values()].filter(sees);
  const name = ref.slice(ref.indexOf("/") + 1);
  // It may have been called otherwise then.
  const called = found.filter(
    (object) => object.id === ref || object.name === ref || object.name === name || ("nativeId" in object && object.nativeId === ref),
  );
  const when = cut.at.toISOString();
  const shown = ref.slice(0, 200);
  if (called.length === 1) return called[0]!;
  if (called.length === 0) throw new PolyvisorError("notFound", { detail: `there was no ${kind} "${shown}" at ${when}` });
  throw ambiguous(
    `"${shown}" fitted ${called.length} ${kind}s at ${when}`,
    called.map((object) => object.id),
  );
}

/**
 * The one object that is or was called so.
 * @throws PolyvisorError `notFound` or `ambiguous`
 */
export async function findEver(pool: pg.Pool, kind: EstateKind, ref: string, sees: Sees): Promise<string> {
  const { rows } = await pool.query<{ doc: EstateObject }>(
    "select distinct on (object_id) doc from event where object_id = any($1) and doc is not null order by object_id, id desc",
    [await everCalled(pool, kind, ref)],
  );
  const ids = rows.filter(({ doc }) => sees(doc)).map(({ doc }) => doc.id);
  if (ids.length === 1) return ids[0]!;
  const shown = ref.slice(0, 200);
  if (ids.length === 0)
    throw new PolyvisorError("notFound", { detail: `there is no ${kind} "${shown}", and none was called so as far as the history reaches` });
  throw ambiguous(`${ids.length} ${kind}s are or were called "${shown}"`, ids);
}

const ambiguous = (what: string, ids: readonly string[]): PolyvisorError =>
  new PolyvisorError("ambiguous", {
    detail: `${what}: ${ids.slice(0, 5).join(", ")}${ids.length > 5 ? ", …" : ""}`,
    remedy: "Use the id of the one that you mean.",
  });
