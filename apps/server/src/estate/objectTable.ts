import type { EstateKind, ObjectOf } from "../controlPlane.ts";
import { indexedFields, sortFields, valuesOf, type IndexedField } from "./fields.ts";
import { SortedOrder, type SortKey } from "./sortedOrder.ts";
import { ValueIndex } from "./valueIndex.ts";

/** All objects of a kind with their indexes. An order is made when it is first asked for and then kept. */
export class ObjectTable<K extends EstateKind> {
  readonly kind: K;
  readonly byId = new Map<string, ObjectOf[K]>();
  readonly byNative = new ValueIndex();
  readonly byHost = new Map<string, Set<string>>();
  readonly indexes = Object.fromEntries(indexedFields.map((field) => [field, new ValueIndex()])) as Record<IndexedField, ValueIndex>;
  readonly #orders = new Map<string, SortedOrder>();

  constructor(kind: K) {
    this.kind = kind;
  }

  put(object: ObjectOf[K]): void {
    const before = this.byId.get(object.id);
    this.byId.set(object.id, object);
    for (const field of indexedFields) this.#reindex(field, before, object);
    if (object.kind !== "host") {
      if (before && before.kind !== "host" && before.hostId !== object.hostId) this.#leaveHost(before.hostId, object.id);
      if (!before || (before.kind !== "host" && before.hostId !== object.hostId)) {
        const there = this.byHost.get(object.hostId);
        if (there) there.add(object.id);
        else this.byHost.set(object.hostId, new Set([object.id]));
      }
      if (before && before.kind !== "host" && before.nativeId !== object.nativeId) this.byNative.delete(before.nativeId, object.id);
      this.byNative.add(object.nativeId, object.id);
    }
    for (const [sort, order] of this.#orders) {
      const key = this.key(sort, object);
      const old = before && this.key(sort, before);
      if (old === key) continue;
      if (old !== undefined) order.delete(old, object.id);
      order.add(key, object.id);
    }
  }

  delete(id: string): void {
    const object = this.byId.get(id);
    if (!object) return;
    this.byId.delete(id);
    for (const field of indexedFields) this.#reindex(field, object, undefined);
    if (object.kind !== "host") {
      this.#leaveHost(object.hostId, id);
      this.byNative.delete(object.nativeId, id);
    }
    for (const [sort, order] of this.#orders) order.delete(this.key(sort, object), id);
  }

  /** The order by a field of `sortFields`; undefined when there is no such field. */
  order(sort: string): SortedOrder | undefined {
    if (!Object.hasOwn(sortFields[this.kind], sort)) return undefined;
    let order = this.#orders.get(sort);
    if (!order) {
      order = new SortedOrder();
      for (const object of this.byId.values()) order.add(this.key(sort, object), object.id);
      this.#orders.set(sort, order);
    }
    return order;
  }

  key(sort: string, object: ObjectOf[K]): SortKey {
    const table = sortFields[this.kind] as Record<string, (object: ObjectOf[K]) => SortKey>;
    return table[sort]!(object);
  }

  #leaveHost(hostId: string, id: string): void {
    const there = this.byHost.get(hostId);
    if (there?.delete(id) && there.size === 0) this.byHost.delete(hostId);
  }

  #reindex(field: IndexedField, before: ObjectOf[K] | undefined, after: ObjectOf[K] | undefined): void {
    const old = before ? valuesOf(before, field) : [];
    const now = after ? valuesOf(after, field) : [];
    if (old.length === 1 && now.length === 1 && old[0] === now[0]) return;
    const index = this.indexes[field];
    for (const value of old) if (!now.includes(value)) index.delete(value, before!.id);
    for (const value of now) if (!old.includes(value)) index.add(value, after!.id);
  }
}
