import type { CheckedFilter } from "@polyvisor/api";
import { PolyvisorError } from "@polyvisor/model";
import type { EstateKind, ObjectOf, Page, PageQuery } from "../controlPlane.ts";
import type { Bits } from "./bits.ts";
import { sortFields } from "./fields.ts";
import { fitsFilter } from "./fitsFilter.ts";
import type { ObjectTable } from "./objectTable.ts";
import { plan, type Indexed } from "./plan.ts";
import { comparePlaces, type SortKey } from "./sortedOrder.ts";

/** Objects that are looked at for one request at most, where an index does not decide. */
export const examineAtMost = 20_000;
/** So few are sorted for the page; more are met soon enough on a walk along the order. */
const few = 512;

const everything: CheckedFilter = { is: "all" };

/**
 * Slots of all objects that fit. Indexes decide, and what they leave open (notes, descriptions) is looked at.
 * @param within slots that count; the rest is neither looked at nor told of
 * @throws PolyvisorError `badRequest` when that would be more than `examineAtMost`
 */
export function select<K extends EstateKind>(table: ObjectTable<K>, filter: CheckedFilter, estate: Indexed, within?: Bits): Bits {
  const { must, may } = plan(filter, table.kind, estate);
  if (within) {
    must.and(within);
    if (must !== may) may.and(within);
  }
  if (must === may) return must;
  const open = may.without(must);
  const count = open.count();
  if (count > examineAtMost)
    throw new PolyvisorError("badRequest", {
      detail: `notes and descriptions are looked at one by one, and the rest of the filter leaves ${count} ${table.kind}s to look at; ${examineAtMost} is the limit`,
      where: "filter",
      remedy: "Add a term that leaves fewer: a tag, a host, a state.",
    });
  estate.figures.examined += count;
  for (const slot of open) if (fitsFilter(filter, table.at(slot), estate)) must.add(slot);
  return must;
}

/** One page of the objects of a table that fit. `total` is exact: it is counted in the indexes. */
export function selectPage<K extends EstateKind>(table: ObjectTable<K>, query: PageQuery, estate: Indexed, within?: Bits): Page<ObjectOf[K]> {
  const descending = query.sort?.startsWith("-") ?? false;
  const sort = (descending ? query.sort!.slice(1) : query.sort) || "name";
  const order = table.order(sort);
  if (!order)
    throw new PolyvisorError("badRequest", {
      detail: `${table.kind}s cannot be sorted by "${sort.slice(0, 64)}"; possible are ${Object.keys(sortFields[table.kind]).join(", ")}`,
      where: "sort",
    });
  const after = query.cursor === undefined ? undefined : readCursor(query.cursor, query.sort ?? "name");
  const offset = query.offset ?? 0;
  if (offset > 0 && after) throw new PolyvisorError("badRequest", { detail: "a page begins behind a cursor or at an offset, not at both", where: "offset" });
  const wanted = select(table, query.filter ?? everything, estate, within);
  const total = wanted.count();
  const found = total <= few ? sorted() : order.pick(wanted, descending, query.limit + 1, after, offset);
  const items = found.slice(0, query.limit).map((slot) => table.at(slot));
  estate.figures.examined += total <= few ? total : found.length;
  const last = items.at(-1);
  return found.length > query.limit && last ? { items, next: writeCursor(query.sort ?? "name", table.key(sort, last), last.id), total } : { items, total };

  function sorted(): number[] {
    const sign = descending ? -1 : 1;
    const places = Array.from(wanted, (slot) => ({ slot, key: table.key(sort, table.at(slot)), id: table.idOf(slot) }));
    places.sort((a, b) => sign * comparePlaces(a.key, a.id, b.key, b.id));
    return places
      .filter(({ key, id }) => !after || sign * comparePlaces(key, id, after.key, after.id) > 0)
      .slice(offset, offset + query.limit + 1)
      .map(({ slot }) => slot);
  }
}

const writeCursor = (sort: string, key: SortKey, id: string): string => Buffer.from(JSON.stringify([sort, key, id])).toString("base64url");

function readCursor(text: string, sort: string): { key: SortKey; id: string } {
  try {
    const [itsSort, key, id] = JSON.parse(Buffer.from(text, "base64url").toString()) as unknown[];
    if (itsSort === sort && (typeof key === "string" || typeof key === "number") && typeof id === "string") return { key, id };
  } catch {
    // answered below
  }
  throw new PolyvisorError("badRequest", {
    detail: "the cursor is not one that this list with this order gave",
    where: "cursor",
    remedy: "Give `next` of the page before as it was, with the same sort, or leave it out to begin anew.",
  });
}
