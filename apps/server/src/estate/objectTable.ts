import { searchedFields, type Pattern } from "@polyvisor/api";
import type { EstateKind, EstateObject, ObjectOf } from "../controlPlane.ts";
import { Bits } from "./bits.ts";
import { changeValues, FieldIndex, type Follower } from "./fieldIndex.ts";
import { fieldReaders, orderOf, sortFields, type FieldReader, type FieldValue } from "./fields.ts";
import { SlotSet } from "./slotSet.ts";
import { SortedOrder, type SortKey } from "./sortedOrder.ts";
import type { TextParts } from "./textParts.ts";
import { ValueIndex } from "./valueIndex.ts";

/** Objects by id. */
export interface ById<T> {
  get(id: string): T | undefined;
  has(id: string): boolean;
  readonly size: number;
  keys(): Iterable<string>;
  values(): Iterable<T>;
}

const hostOf = (object: EstateObject | undefined): readonly string[] => (object && object.kind !== "host" ? [object.hostId] : []);
const nativeOf = (object: EstateObject | undefined): readonly string[] => (object && object.kind !== "host" ? [object.nativeId] : []);

/** How many objects an index takes up between two looks at the clock. */
const atOnce = 64;

/**
 * All objects of a kind with their indexes. Each object has a slot, a small number that is used again when it is gone;
 * indexes hold slots. An order is made when it is first asked for and then kept. After a start the indexes come behind
 * the objects: bit by bit, or at once when one is asked for (docs/decisions/2026-11-21-indexes-follow.md).
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
  readonly #orders = new Map<string, Follower & { order: SortedOrder }>();
  readonly #fields: ReadonlyMap<string, FieldIndex<K>>;
  /** Made of these objects by others. */
  readonly #others: Follower[] = [];

  constructor(kind: K) {
    this.kind = kind;
    const readers = Object.entries(fieldReaders[kind] as unknown as Record<string, FieldReader<K>>).filter(([, reader]) => FieldIndex.isIndexed(reader));
    const searched: readonly string[] = searchedFields[kind];
    this.#fields = new Map(readers.map(([field, reader]) => [field, new FieldIndex(reader, this, searched.includes(field))]));
    const indexes = {};
    const parts = {};
    for (const [field, index] of this.#fields) {
      Object.defineProperty(indexes, field, { enumerable: true, get: () => this.whole(index).values });
      if (index.parts) Object.defineProperty(parts, field, { enumerable: true, get: () => this.whole(index).parts });
    }
    this.indexes = indexes as typeof this.indexes;
    this.parts = parts;
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
    const index = this.#fields.get(field);
    return !index || this.whole(index).mayHold(pattern);
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
    for (const [sort, { order, covered }] of this.#orders) {
      if (slot >= covered || (before && this.key(sort, before) === this.key(sort, object))) continue;
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
    for (const { order, covered } of this.#orders.values()) if (slot < covered) order.delete(slot);
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
    const known = this.#orders.get(sort) ?? this.#newOrder(sort);
    if (known.covered !== Infinity) known.order.fill(this.#slots.values());
    known.covered = Infinity;
    return known.order;
  }

  key(sort: string, object: ObjectOf[K]): SortKey {
    const table = sortFields[this.kind] as Record<string, (object: ObjectOf[K]) => SortKey>;
    return table[sort]!(object);
  }

  /** Of the first objects of a start: the indexes shall follow them later, by {@link follow} or when they are asked for. */
  followLater(): void {
    if (this.room === 0) for (const index of [...this.#fields.values(), ...this.#others]) index.covered = 0;
  }

  /** Brings the indexes behind the objects, and the orders that are asked for most. Yields as often as others may have their turn. */
  *follow(): Generator<void> {
    const sorts = ["name", ...Object.values<string>(orderOf[this.kind] ?? {})];
    const orders = sorts.map((sort) => this.#orders.get(sort) ?? this.#newOrder(sort));
    for (const follower of [...this.#fields.values(), ...this.#others, ...orders]) {
      while (follower.covered < this.room) {
        const until = Math.min(this.room, follower.covered + atOnce);
        for (let slot = follower.covered; slot < until; slot++) if (this.#objects[slot]) follower.add(slot);
        follower.covered = until;
        yield;
      }
      follower.covered = Infinity;
    }
  }

  /** Something else that follows the objects after a start as the indexes do. */
  alsoFollows(follower: Follower): void {
    this.#others.push(follower);
  }

  /** An index that is asked for before it is there is made now. */
  whole<F extends Follower>(follower: F): F {
    if (follower.covered === Infinity) return follower;
    for (let slot = follower.covered; slot < this.room; slot++) if (this.#objects[slot]) follower.add(slot);
    follower.covered = Infinity;
    return follower;
  }

  #newOrder(sort: string): Follower & { order: SortedOrder } {
    const order = new SortedOrder(
      (slot) => this.key(sort, this.at(slot)),
      (slot) => this.idOf(slot),
    );
    const follower = { covered: 0, order, add: (slot: number) => order.add(slot) };
    this.#orders.set(sort, follower);
    return follower;
  }

  #reindex(slot: number, before: ObjectOf[K] | undefined, after: ObjectOf[K] | undefined): void {
    changeValues(this.byHost, hostOf(before), hostOf(after), slot);
    changeValues(this.byNative, nativeOf(before), nativeOf(after), slot);
    for (const index of this.#fields.values()) if (slot < index.covered) index.change(slot, before, after);
  }
}
