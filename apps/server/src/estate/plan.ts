import { fitsPattern, searchedFields, type CheckedFilter, type FieldTest, type NumberRange, type Pattern } from "@polyvisor/api";
import type { Datastore, Network } from "@polyvisor/model";
import type { EstateKind, EstateObject, ObjectOf } from "../controlPlane.ts";
import type { Bits } from "./bits.ts";
import { fieldReaders, keyLength, orderOf, type FieldReader, type FieldValue } from "./fields.ts";
import { fitsTest, holds, type Facts } from "./fitsFilter.ts";
import type { ObjectTable } from "./objectTable.ts";
import { isLoadField, type PresentLoads } from "./presentLoads.ts";
import type { VmRelations } from "./relations.ts";
import type { ValueIndex } from "./valueIndex.ts";

/** What the indexes are asked through. */
export interface Indexed extends Facts {
  readonly tables: { readonly [K in EstateKind]: ObjectTable<K> };
  readonly loads: { readonly vm: PresentLoads; readonly host: PresentLoads };
  readonly relations: VmRelations;
  /** Load that is older (milliseconds since 1970) is not present. */
  presentSince(): number;
  /** Slots of a kind through which a relation may be followed; all of them where absent. */
  visible?(kind: EstateKind): Bits | undefined;
  /** Objects that were read to answer. */
  readonly figures: { examined: number };
}

/** What the indexes say: `must` surely fit, `may` includes those that have to be looked at. One and the same where nothing is left to look at. */
export interface Answer {
  must: Bits;
  may: Bits;
}

type Match = Extract<CheckedFilter, { is: "match" }>;

/** Slots of a kind that fit a filter, as far as indexes say. */
export function plan(filter: CheckedFilter, kind: EstateKind, estate: Indexed): Answer {
  const table = estate.tables[kind];
  const exact = (bits: Bits): Answer => ({ must: bits, may: bits });
  switch (filter.is) {
    case "all":
      return exact(table.all());
    case "not": {
      const { must, may } = plan(filter.part, kind, estate);
      const rest = table.all().without(must);
      return must === may ? exact(rest) : { must: table.all().without(may), may: rest };
    }
    case "and":
    case "or": {
      const answers = filter.parts.map((part) => plan(part, kind, estate));
      const together = (which: keyof Answer): Bits => {
        const out = answers[0]![which].copy();
        for (const answer of answers.slice(1)) {
          if (filter.is === "and") out.and(answer[which]);
          else out.or(answer[which].words);
        }
        return out;
      };
      return answers.every(({ must, may }) => must === may) ? exact(together("must")) : { must: together("must"), may: together("may") };
    }
    case "match":
      if (!filter.through && reader(kind, filter.field)?.by === "look") return { must: table.none(), may: table.all() };
      return exact(matching(filter, kind, estate));
    case "text": {
      const bits = table.none();
      for (const text of filter.any) {
        bits.or(withId(text, table as ObjectTable<EstateKind>).words);
        const test: FieldTest = { by: "text", any: [holds(text)] };
        for (const field of searchedFields[kind]) bits.or(matching({ is: "match", field, test }, kind, estate).words);
      }
      return exact(bits);
    }
  }
}

const reader = (kind: EstateKind, field: string): FieldReader<EstateKind> | undefined =>
  Object.hasOwn(fieldReaders[kind], field) ? (fieldReaders[kind] as unknown as Record<string, FieldReader<EstateKind>>)[field] : undefined;

/** Slots whose field fits a test. */
function matching(match: Match, kind: EstateKind, estate: Indexed): Bits {
  const { field, test } = match;
  // The reference by name is the related object's own: `host = a` is `host.host = a`.
  const through = match.through ?? (field === "host" && kind !== "host" ? "host" : field === "datastore" && kind === "vm" ? "datastore" : undefined);
  if (through) {
    const inner = matching({ is: "match", field, test }, through, estate);
    // The name of a VM's host belongs to the VM; anything else is told only of what may be seen.
    const visible = match.through || through !== "host" ? estate.visible?.(through) : undefined;
    return usersOf(through, visible ? inner.and(visible) : inner, kind, estate);
  }
  const table = estate.tables[kind] as ObjectTable<EstateKind>;
  if (field === "id" || field === "host") return named(test, field, table);
  const bits = table.none();
  if ((kind === "vm" || kind === "host") && isLoadField(field)) {
    estate.loads[kind].into(field, test.by === "number" ? test.any : undefined, estate.presentSince(), bits);
    return bits;
  }
  const how = reader(kind, field);
  if (!how) {
    // Figures of a host that follow from its VMs: one number for each host.
    for (const slot of table.all()) if (fitsTest(test, examined(slot))) bits.add(slot);
    return bits;
  }
  if (how.by === "order") inOrder(test, field, kind, table, bits);
  else if (test.by === "filled") for (const value of table.indexes[field]!.values()) table.indexes[field]!.into(value, bits);
  else if (test.by === "number") inIndex((value) => fitsTest(test, [value]), table.indexes[field]!, bits);
  else for (const pattern of test.any) bits.or(fitting(pattern).words);
  return bits;

  function examined(slot: number): readonly FieldValue[] {
    estate.figures.examined++;
    return estate.valuesOf(table.at(slot), field);
  }

  function fitting(pattern: Pattern): Bits {
    const index = table.indexes[field]!;
    const out = table.none();
    if (pattern.pieces.length === 1 && !pattern.fold) {
      index.into(pattern.pieces[0]!, out);
      return out;
    }
    const one: FieldTest = { by: "text", any: [pattern] };
    if (!table.mayHold(field, pattern)) return out;
    const [begins, ...rest] = pattern.pieces;
    if (
      orderOf[kind]?.[field] !== undefined &&
      !pattern.fold &&
      rest.length === 1 &&
      rest[0] === "" &&
      begins !== "" &&
      begins!.length <= keyLength &&
      !begins!.endsWith("\uffff")
    ) {
      // Everything from the beginning itself up to the next text that begins otherwise.
      const next = begins!.slice(0, -1) + String.fromCharCode(begins!.charCodeAt(begins!.length - 1) + 1);
      table.order(orderOf[kind]![field]!)!.between(begins!, next, out, true);
      return out;
    }
    const found = table.parts[field]?.candidates(pattern.pieces, table.room);
    if (found?.exact && pattern.fold) return found.bits;
    // Each different value once, or each object that may fit once: whatever is less.
    if (!found || index.size <= found.bits.count()) inIndex((value) => fitsPattern(pattern, value as string), index, out);
    else for (const slot of found.bits) if (fitsTest(one, examined(slot))) out.add(slot);
    return out;
  }
}

/** Adds the slots of each value that fits. */
function inIndex(fits: (value: FieldValue) => boolean, index: ValueIndex<FieldValue>, bits: Bits): void {
  for (const value of index.values()) if (fits(value)) index.into(value, bits);
}

/** Dates, by the order of the text that they are kept as: ISO 8601 in UTC to the millisecond sorts as the times do. */
function inOrder(test: FieldTest, field: string, kind: EstateKind, table: ObjectTable<EstateKind>, bits: Bits): void {
  const order = table.order(orderOf[kind]![field]!)!;
  // What is no date sorts elsewhere: before the digits is the empty text, and letters are behind them.
  const everything: NumberRange = { min: -Infinity, max: Infinity, minOpen: false, maxOpen: false };
  for (const { min, max, minOpen, maxOpen } of test.by === "number" ? test.any : [everything]) {
    const first = Math.max(minOpen ? Math.floor(min) + 1 : Math.ceil(min), 0);
    const last = Math.min(maxOpen ? Math.ceil(max) - 1 : Math.floor(max), latest);
    if (first <= last) order.between(new Date(first).toISOString(), new Date(last).toISOString(), bits);
  }
}
const latest = Date.parse("9999-12-31T23:59:59.999Z");

/** By Polyvisor's id or the hypervisor's own; hosts by name or id. */
function named(test: FieldTest, field: "id" | "host", table: ObjectTable<EstateKind>): Bits {
  const other = (field === "id" ? table.byNative : table.indexes.name) as ValueIndex<FieldValue>;
  if (test.by !== "text") return table.all();
  const bits = table.none();
  for (const pattern of test.any) {
    if (pattern.pieces.length === 1 && !pattern.fold) {
      const slot = table.slotOf(pattern.pieces[0]!);
      if (slot !== undefined) bits.add(slot);
      other.into(pattern.pieces[0]!, bits);
      continue;
    }
    for (const id of table.byId.keys()) if (fitsPattern(pattern, id)) bits.add(table.slotOf(id)!);
    inIndex((value) => fitsPattern(pattern, value as string), other, bits);
  }
  return bits;
}

const withId = (text: string, table: ObjectTable<EstateKind>): Bits => named({ by: "text", any: [{ pieces: [text], fold: false }] }, "id", table);

/** Slots of the objects of a kind that are on, or use, some of another kind. */
function usersOf(through: EstateKind, inner: Bits, kind: EstateKind, estate: Indexed): Bits {
  const table = estate.tables[kind] as ObjectTable<EstateKind>;
  const related = estate.tables[through] as ObjectTable<EstateKind>;
  const bits = table.none();
  for (const slot of inner) {
    const object: EstateObject = related.at(slot) as ObjectOf[EstateKind];
    estate.figures.examined++;
    if (through === "host") table.byHost.into(object.id, bits);
    else if (through === "datastore") estate.figures.examined += estate.relations.ofDatastore(object as Datastore, bits);
    else estate.relations.ofNetwork(object as Network, bits);
  }
  return bits;
}
