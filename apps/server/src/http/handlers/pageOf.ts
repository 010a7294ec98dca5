import { PolyvisorError } from "@polyvisor/model";
import type { ControlPlane, EstateKind, EstateReader, ObjectOf, Page } from "../../controlPlane.ts";
import type { Viewer } from "../../access/viewer.ts";
import { filterOf } from "../../estate/filterOf.ts";

interface PageRequest {
  filter?: string | undefined;
  limit: number;
  cursor?: string | undefined;
  offset?: number | undefined;
  sort?: string | undefined;
}

/** A page of the estate as the query asks for it. */
export function pageOf<K extends EstateKind>(estate: EstateReader, kind: K, query: PageRequest): Page<ObjectOf[K]> {
  const filter = query.filter === undefined ? undefined : filterOf(query.filter, kind, "query filter");
  return estate.page(kind, { filter, sort: query.sort, limit: query.limit, cursor: query.cursor, offset: query.offset });
}

/** A page of the estate as it is, or as it was where the query says when. */
export function pageAt<K extends EstateKind>(
  { history }: Pick<ControlPlane, "history">,
  viewer: Viewer,
  kind: K,
  query: PageRequest & { at?: string | undefined },
): Promise<{ items: ObjectOf[K][]; next?: string; total?: number }> | Page<ObjectOf[K]> {
  const { at } = query;
  if (at === undefined) return pageOf(viewer.estate, kind, query);
  if (query.offset !== undefined) throw new PolyvisorError("badRequest", { detail: "a list of the past has no offset; use `cursor`", where: "query offset" });
  viewer.mustSeeAll(kind);
  return history.list(kind, { ...query, at });
}

/** One object of the estate as it is, or as it was where the query says when. */
export async function objectAt<K extends EstateKind>(
  { history }: Pick<ControlPlane, "history">,
  viewer: Viewer,
  kind: K,
  ref: string,
  at: string | undefined,
): Promise<ObjectOf[K]> {
  if (at === undefined) return objectOf(viewer.estate, kind, ref);
  const object = await history.objectAt(kind, ref, at);
  // Whoever sees it now need not have seen it then.
  if (!viewer.sees(object)) throw new PolyvisorError("notFound", { detail: `there is no ${kind} "${ref.slice(0, 200)}"` });
  return object;
}

/** One object of the estate, by whatever names it. */
export const objectOf = <K extends EstateKind>(estate: EstateReader, kind: K, ref: string): ObjectOf[K] => estate.get(kind, ref) ?? estate.find(kind, ref);

const hour = 3_600_000;

/** The window of a samples query: the last hour where nothing is said. */
export function windowOf(query: { from?: string | undefined; to?: string | undefined }, now: number): { from: number; to: number } {
  const to = query.to === undefined ? now : Date.parse(query.to);
  const from = query.from === undefined ? to - hour : Date.parse(query.from);
  if (!(from < to)) throw new PolyvisorError("badRequest", { detail: "`from` is not before `to`", where: "query from" });
  return { from, to };
}
