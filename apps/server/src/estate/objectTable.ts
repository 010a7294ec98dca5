import { foldCase, searchedFields, type Pattern } from "@polyvisor/api";
import type { EstateKind, EstateObject, ObjectOf } from "../controlPlane.ts";
import { Bits } from "./bits.ts";
import { fieldReaders, orderOf, sortFields, type FieldReader, type FieldValue } from "./fields.ts";
import { SlotSet } from "./slotSet.ts";
import { SortedOrder, type SortKey } from "./sortedOrder.ts";
import { TextParts } from "./textParts.ts";
import { ValueIndex } from "./valueIndex.ts";

/** Objects by id. */
export interface ById<T> {
  get(id: string): T | undefined;
  has(id: string): boolean;
  readonly size: number;
  keys(): Iterable<string>;
  values(): Iterable<T>;
}

const nothing: readonly FieldValue[] = [];
const hostOf = (object: EstateObject | undefined): readonly string[] => (object && object.kind !== "host" ? [object.hostId] : []);
const nativeOf = (object: EstateObject | undefined): readonly string[] => (object && object.kind !== "host" ? [object.nativeId] : []);

function change<V extends FieldValue>(index: ValueIndex<V>, old: readonly V[], now: readonly V[], slot: number): void {
  if (old.length === 0) {
    for (const value of now) index.add(value, slot);
    return;
  }
  if (old.length === 1 && now.length === 1 && old[0] === now[0]) return;
  const [had, has] = [membership(old), membership(now)];
  for (const value of old) if (!has(value)) index.delete(value, slot);
  for (const value of now) if (!had(value)) index.add(value, slot);
}

/** Whether a value is in a list; a long one (thousands of disks) is not gone through for each. */
function membership<V>(list: readonly V[]): (value: V) => boolean {
  if (list.length < 16) return (value) => list.includes(value);
  const set = new Set(list);
  return (value) => set.has(value);
}

const isIndexed = ({ by }: { by: string }): boolean => by === "values" || by === "parts";

/**
 * All objects of a kind with their indexes. Each object has a slot, a small number that is used again when it is gone;
 * indexes hold slots. An order is made when it is first asked for and then kept.
 */
export class ObjectTable<K extends EstateKind> {
  readonly kind: K;
  readonly byNative = new ValueIndex((slot) => this.idOf(slot));
  readonly byHost = new ValueIndex((slot) => this.idOf(slot));
  /** By field: which objects have a value. Every kind has these two. */
  readonly indexes: Readonly<Record<"name" | "state", ValueIndex<FieldValue>> & Partial<Record<string, ValueIndex<FieldValue>>>>;
  /** By field: which objects have a text with given characters in it. */
  readonly parts: Readonly<Partial<Record<string, TextParts>>>;
  readonly #objects: (ObjectOf[K] | undefined)[] = [];
  readonly #slots = new Map<string, number>();
  readonly #free: number[] = [];
  readonly #alive = new SlotSet();
  readonly #orders = new Map<string, SortedOrder>();
  /** By field that is searched: every letter that its values ever had, so that `web` is not looked for in all MAC addresses. */
  readonly #letters: Readonly<Partial<Record<string, Set<string>>>>;
  readonly #readers: readonly (readonly [string, FieldReader<K>])[];

  constructor(kind: K) {
    this.kind = kind;
    const readers = Object.entries(fieldReaders[kind] as unknown as Record<string, FieldReader<K>>);
    this.#readers = readers.filter(([, reader]) => isIndexed(reader));
    this.indexes = Object.fromEntries(this.#readers.map(([field]) => [field, new ValueIndex<FieldValue>((slot) => this.idOf(slot))])) as typeof this.indexes;
    this.parts = Object.fromEntries(readers.filter(([, { by }]) => by === "parts").map(([field]) => [field, new TextParts()]));
    this.#letters = Object.fromEntries(searchedFields[kind].filter((field) => this.parts[field] === undefined).map((field) => [field, new Set<string>()]));
    for (const sort of Object.values<string>(orderOf[kind] ?? {})) this.order(sort);
  }

  readonly byId: ById<ObjectOf[K]> = (() => {
    const objects = (): (ObjectOf[K] | undefined)[] => this.#objects;
    const slots = (): Map<string, number> => this.#slots;
    return {
      get: (id: string) => objects()[slots().get(id) ?? -1],
      has: (id: string) => slots().has(id),
      get size() {
        return slots().size;
      },
      keys: () => slots().keys(),
      *values() {
        for (const slot of slots().values()) yield objects()[slot]!;
      },
    };
  })();

  /** How many slots there are, those of objects that are gone included. */
  get room(): number {
    return this.#objects.length;
  }

  slotOf(id: string): number | undefined {
    return this.#slots.get(id);
  }

  at(slot: number): ObjectOf[K] {
    return this.#objects[slot]!;
  }

  idOf(slot: number): string {
    return this.#objects[slot]!.id;
  }

  /** Whether a text of the field may have all letters of a pattern. */
  mayHold(field: string, pattern: Pattern): boolean {
    const letters = this.#letters[field];
    return !letters || pattern.pieces.every((piece) => Array.from(foldCase(piece)).every((char) => letters.has(char)));
  }

  none(): Bits {
    return new Bits(this.room);
  }

  all(): Bits {
    const bits = this.none();
    this.#alive.into(bits);
    return bits;
  }

  /** @returns the object's slot */
  put(object: ObjectOf[K]): number {
    const known = this.#slots.get(object.id);
    const slot = known ?? this.#free.pop() ?? this.#objects.length;
    const before = known === undefined ? undefined : this.#objects[slot]!;
    const moved: SortedOrder[] = [];
    for (const [sort, order] of this.#orders) {
      if (before && this.key(sort, before) === this.key(sort, object)) continue;
      if (before) order.delete(slot);
      moved.push(order);
    }
    this.#objects[slot] = object;
    if (!before) {
      this.#slots.set(object.id, slot);
      this.#alive.add(slot);
    }
    this.#reindex(slot, before, object);
    for (const order of moved) order.add(slot);
    return slot;
  }

  /** @returns the slot that the object had */
  delete(id: string): number | undefined {
    const slot = this.#slots.get(id);
    if (slot === undefined) return undefined;
    for (const order of this.#orders.values()) order.delete(slot);
    this.#reindex(slot, this.#objects[slot]!, undefined);
    this.#objects[slot] = undefined;
    this.#slots.delete(id);
    this.#alive.delete(slot);
    this.#free.push(slot);
    return slot;
  }

  /** The order by a field of `sortFields`; undefined when there is no such field. */
  order(sort: string): SortedOrder | undefined {
    if (!Object.hasOwn(sortFields[this.kind], sort)) return undefined;
    let order = this.#orders.get(sort);
    if (!order) {
      order = new SortedOrder(
        (slot) => this.key(sort, this.at(slot)),
        (slot) => this.idOf(slot),
      );
      order.fill(this.#slots.values());
      this.#orders.set(sort, order);
    }
    return order;
  }

  key(sort: string, object: ObjectOf[K]): SortKey {
    const table = sortFields[this.kind] as Record<string, (object: ObjectOf[K]) => SortKey>;
    return table[sort]!(object);
  }

  #reindex(slot: number, before: ObjectOf[K] | undefined, after: ObjectOf[K] | undefined): void {
    change(this.byHost, hostOf(before), hostOf(after), slot);
    change(this.byNative, nativeOf(before), nativeOf(after), slot);
    for (const [field, reader] of this.#readers) {
      if (before && after && reader.from.every((property) => before[property] === after[property])) continue;
      const old = before ? reader.read(before) : nothing;
      const now = after ? reader.read(after) : nothing;
      change(this.indexes[field]!, old, now, slot);
      if (reader.by === "parts") this.parts[field]!.change(old as string[], now as string[], slot);
      const letters = this.#letters[field];
      if (letters) for (const value of now) for (const char of foldCase(value as string)) letters.add(char);
    }
  }
}
