import { parseSelector, type SelectorTerm } from "@polyvisor/api";
import { PolyvisorError } from "@polyvisor/model";
import type { EstateKind, EstateReader, ObjectOf, Page } from "../../controlPlane.ts";

interface PageRequest {
  filter?: string | undefined;
  limit: number;
  cursor?: string | undefined;
  sort?: string | undefined;
}

/** A page of the estate as the query asks for it. */
export function pageOf<K extends EstateKind>(estate: EstateReader, kind: K, query: PageRequest): Page<ObjectOf[K]> {
  let terms: SelectorTerm[] = [];
  if (query.filter !== undefined && query.filter.trim() !== "") {
    const read = parseSelector(query.filter);
    if (!read.ok) throw new PolyvisorError("badRequest", { detail: `${read.message} (at character ${read.at + 1})`, where: "query filter" });
    terms = read.terms;
  }
  return estate.page(kind, { terms, sort: query.sort, limit: query.limit, cursor: query.cursor });
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
