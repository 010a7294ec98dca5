import { fits, type SelectorField, type SelectorTerm } from "@polyvisor/api";
import { PolyvisorError } from "@polyvisor/model";
import type { EstateKind, EstateObject, ObjectOf, Page, PageQuery } from "../controlPlane.ts";
import { indexedFields, sortFields, valuesOf, type IndexedField } from "./fields.ts";
import type { ObjectTable } from "./objectTable.ts";
import { comparePlaces, type SortKey } from "./sortedOrder.ts";

/** What a selection needs beside its own table. */
export interface Surroundings {
  /** Ids of hosts that a term's values name, by name or id. */
  hostsNamed(values: readonly string[]): Set<string>;
  /** Names of the datastores that hold an object's disks. */
  datastoresOf(object: EstateObject): readonly string[];
}

type Test<K extends EstateKind> = (object: ObjectOf[K]) => boolean;

/** One page of the objects of a table that fit all terms. */
export function selectPage<K extends EstateKind>(table: ObjectTable<K>, query: PageQuery, around: Surroundings): Page<ObjectOf[K]> {
  const descending = query.sort?.startsWith("-") ?? false;
  const sort = (descending ? query.sort!.slice(1) : query.sort) || "name";
  const order = table.order(sort);
  if (!order)
    throw new PolyvisorError("badRequest", {
      detail: `${table.kind}s cannot be sorted by "${sort.slice(0, 64)}"; possible are ${Object.keys(sortFields[table.kind]).join(", ")}`,
      where: "sort",
    });
  const after = query.cursor === undefined ? undefined : readCursor(query.cursor, query.sort ?? "name");
  const { candidates, tests } = narrow(table, query.terms, around);
  let total: number;
  let found: ObjectOf[K][];
  if (tests.length === 0) {
    total = candidates?.size ?? table.byId.size;
    found = candidates && isFew(candidates.size) ? sorted(matches(candidates)) : walk((object) => candidates?.has(object.id) ?? true);
  } else {
    const matching = matches(candidates);
    total = matching.length;
    found = isFew(total) ? sorted(matching) : walk(members(matching));
  }
  const items = found.slice(0, query.limit);
  const last = items.at(-1);
  return found.length > query.limit && last ? { items, next: writeCursor(query.sort ?? "name", table.key(sort, last), last.id), total } : { items, total };

  /** Walking the order finds a page quickly where many fit; where few do, sorting those is less work. */
  function isFew(count: number): boolean {
    return count * 8 <= table.byId.size;
  }
  function members(objects: ObjectOf[K][]): Test<K> {
    const set = new Set(objects);
    return (object) => set.has(object);
  }
  function walk(wanted: Test<K>): ObjectOf[K][] {
    const out: ObjectOf[K][] = [];
    for (const place of order!.walk(descending, after)) {
      const object = table.byId.get(place.id)!;
      if (wanted(object) && out.push(object) > query.limit) break;
    }
    return out;
  }
  function matches(ids: Iterable<string> | undefined): ObjectOf[K][] {
    const out: ObjectOf[K][] = [];
    for (const id of ids ?? table.byId.keys()) {
      const object = table.byId.get(id)!;
      if (tests.every((test) => test(object))) out.push(object);
    }
    return out;
  }
  function sorted(objects: ObjectOf[K][]): ObjectOf[K][] {
    const places = objects.map((object) => ({ key: table.key(sort, object), object }));
    const sign = descending ? -1 : 1;
    places.sort((a, b) => sign * comparePlaces(a.key, a.object.id, b.key, b.object.id));
    const out: ObjectOf[K][] = [];
    for (const { key, object } of places) {
      if (after && sign * comparePlaces(key, object.id, after.key, after.id) <= 0) continue;
      if (out.push(object) > query.limit) break;
    }
    return out;
  }
}

/** Ids of the objects that fit all terms; for bulk requests. */
export function selectAll<K extends EstateKind>(table: ObjectTable<K>, terms: readonly SelectorTerm[], around: Surroundings): ObjectOf[K][] {
  const { candidates, tests } = narrow(table, terms, around);
  const out: ObjectOf[K][] = [];
  for (const id of candidates ?? table.byId.keys()) {
    const object = table.byId.get(id)!;
    if (tests.every((test) => test(object))) out.push(object);
  }
  return out;
}

/** The smallest set that an index gives for one of the terms, and a test for each of the others. */
function narrow<K extends EstateKind>(
  table: ObjectTable<K>,
  terms: readonly SelectorTerm[],
  around: Surroundings,
): { candidates: ReadonlySet<string> | undefined; tests: Test<K>[] } {
  let best: ({ term: SelectorTerm } & Indexed) | undefined;
  for (const term of terms) {
    const found = term.not ? undefined : byIndex(table, term, around);
    if (found && (!best || found.count < best.count)) best = { term, ...found };
  }
  return { candidates: best && (best.set ?? new Set(best.ids())), tests: terms.filter((term) => term !== best?.term).map((term) => testOf(term, around)) };
}

interface Indexed {
  ids: () => Iterable<string>;
  count: number;
  /** The index's own set, where one value is asked for: nothing is copied. */
  set?: ReadonlySet<string> | undefined;
}

function byIndex<K extends EstateKind>(table: ObjectTable<K>, term: SelectorTerm, around: Surroundings): Indexed | undefined {
  if (term.field === "host" && table.kind !== "host") {
    const hosts = around.hostsNamed(term.values);
    let count = 0;
    for (const host of hosts) count += table.byHost.get(host)?.size ?? 0;
    return {
      count,
      *ids() {
        for (const host of hosts) yield* table.byHost.get(host) ?? [];
      },
    };
  }
  if (term.values.some((value) => value.includes("*"))) return undefined;
  if (term.field === "id")
    return {
      count: term.values.length,
      *ids() {
        for (const value of term.values) {
          if (table.byId.has(value)) yield value;
          yield* table.byNative.get(value);
        }
      },
    };
  if (!(indexedFields as readonly string[]).includes(term.field)) return undefined;
  const index = table.indexes[term.field as IndexedField];
  let count = 0;
  for (const value of term.values) count += index.count(value);
  const only = term.values.length === 1 ? index.get(term.values[0]!) : undefined;
  return {
    count,
    set: only instanceof Set ? only : undefined,
    *ids() {
      for (const value of term.values) yield* index.get(value);
    },
  };
}

function testOf<K extends EstateKind>(term: SelectorTerm, around: Surroundings): Test<K> {
  if (term.field === "host") {
    const hosts = around.hostsNamed(term.values);
    return (object) => hosts.has(object.kind === "host" ? object.id : object.hostId) !== term.not;
  }
  const values: (object: EstateObject, field: SelectorField) => readonly string[] = term.field === "datastore" ? around.datastoresOf : valuesOf;
  return (object) => values(object, term.field).some((have) => term.values.some((pattern) => fits(pattern, have))) !== term.not;
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
