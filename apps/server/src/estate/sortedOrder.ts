import type { Bits } from "./bits.ts";

export type SortKey = string | number;

const chunkLimit = 1024;

function compareKeys(a: SortKey, b: SortKey): number {
  if (typeof a === typeof b) return a < b ? -1 : a > b ? 1 : 0;
  return typeof a === "number" ? -1 : 1;
}

/** Order of (key, id); total, so that a place in it is a cursor. */
export function comparePlaces(aKey: SortKey, aId: string, bKey: SortKey, bId: string): number {
  return compareKeys(aKey, bKey) || (aId < bId ? -1 : aId > bId ? 1 : 0);
}

interface Chunk {
  readonly slots: Uint32Array;
  size: number;
}

/**
 * Slots in the order of a key of their objects, kept sorted while they come, change and go. A list of short sorted
 * lists: an insertion moves at most 1,024 numbers, and finding a place takes two binary searches. The keys are not
 * kept but read from the objects: an object must be taken out before its key changes, and be put in after it.
 */
export class SortedOrder {
  readonly #chunks: Chunk[] = [];
  readonly #keyOf: (slot: number) => SortKey;
  readonly #idOf: (slot: number) => string;
  #size = 0;

  constructor(keyOf: (slot: number) => SortKey, idOf: (slot: number) => string) {
    this.#keyOf = keyOf;
    this.#idOf = idOf;
  }

  get size(): number {
    return this.#size;
  }

  /** Puts in all of them at once. */
  fill(slots: Iterable<number>): void {
    const all = Array.from(slots, (slot) => ({ slot, key: this.#keyOf(slot), id: this.#idOf(slot) }));
    all.sort((a, b) => comparePlaces(a.key, a.id, b.key, b.id));
    this.#chunks.length = 0;
    for (let i = 0; i < all.length; i += chunkLimit / 2) {
      const chunk = { slots: new Uint32Array(chunkLimit), size: 0 };
      for (const { slot } of all.slice(i, i + chunkLimit / 2)) chunk.slots[chunk.size++] = slot;
      this.#chunks.push(chunk);
    }
    this.#size = all.length;
  }

  add(slot: number): void {
    this.#size++;
    if (this.#chunks.length === 0) {
      const slots = new Uint32Array(chunkLimit);
      slots[0] = slot;
      this.#chunks.push({ slots, size: 1 });
      return;
    }
    const key = this.#keyOf(slot);
    const id = this.#idOf(slot);
    let c = Math.min(this.#chunkAt(key, id), this.#chunks.length - 1);
    let chunk = this.#chunks[c]!;
    if (chunk.size === chunkLimit) {
      const half = chunkLimit / 2;
      const rest: Chunk = { slots: new Uint32Array(chunkLimit), size: half };
      rest.slots.set(chunk.slots.subarray(half));
      chunk.size = half;
      this.#chunks.splice(c + 1, 0, rest);
      if (this.#compare(chunk.slots[half - 1]!, key, id) < 0) chunk = this.#chunks[++c]!;
    }
    const at = this.#placeIn(chunk, key, id);
    chunk.slots.copyWithin(at + 1, at, chunk.size);
    chunk.slots[at] = slot;
    chunk.size++;
  }

  delete(slot: number): void {
    const key = this.#keyOf(slot);
    const id = this.#idOf(slot);
    const c = this.#chunkAt(key, id);
    const chunk = this.#chunks[c];
    if (!chunk) return;
    const at = this.#placeIn(chunk, key, id);
    if (at >= chunk.size || chunk.slots[at] !== slot) return;
    chunk.slots.copyWithin(at, at + 1, chunk.size);
    this.#size--;
    if (--chunk.size === 0) this.#chunks.splice(c, 1);
  }

  /**
   * At most `most` slots of a set from the beginning, or after a place, ascending or descending.
   * @param skip so many of the set are passed over first; a bit is tested for each, which is a millisecond for 250,000
   */
  pick(wanted: Bits, descending: boolean, most: number, after?: { key: SortKey; id: string }, skip = 0): number[] {
    const out: number[] = [];
    let left = skip;
    const step = descending ? -1 : 1;
    let { c, at } = this.#start(descending, after);
    for (; c >= 0 && c < this.#chunks.length; c += step, at = descending ? (this.#chunks[c]?.size ?? 0) - 1 : 0) {
      const { slots, size } = this.#chunks[c]!;
      for (; at >= 0 && at < size; at += step) if (wanted.has(slots[at]!) && left-- <= 0 && out.push(slots[at]!) === most) return out;
    }
    return out;
  }

  /** Adds the slots whose keys lie between two: `min` is included, `max` unless it is `below`. */
  between(min: SortKey, max: SortKey, bits: Bits, below = false): void {
    let { c, at } = this.#start(false, { key: min, id: "" });
    const end = this.#start(false, { key: max, id: below ? "" : "\uffff" });
    for (; c < this.#chunks.length; c++, at = 0) {
      const { slots, size } = this.#chunks[c]!;
      const to = c < end.c ? size : c === end.c ? end.at : 0;
      for (; at < to; at++) bits.add(slots[at]!);
      if (c >= end.c) return;
    }
  }

  /** The first place that is behind another one, in the direction of the walk. */
  #start(descending: boolean, after: { key: SortKey; id: string } | undefined): { c: number; at: number } {
    if (!after) {
      const c = descending ? this.#chunks.length - 1 : 0;
      return { c, at: descending ? (this.#chunks[c]?.size ?? 0) - 1 : 0 };
    }
    const c = this.#chunkAt(after.key, after.id);
    const chunk = this.#chunks[c];
    if (!descending) {
      if (!chunk) return { c, at: 0 };
      const at = this.#placeIn(chunk, after.key, after.id);
      return { c, at: at < chunk.size && this.#compare(chunk.slots[at]!, after.key, after.id) === 0 ? at + 1 : at };
    }
    const at = chunk ? this.#placeIn(chunk, after.key, after.id) - 1 : -1;
    return at >= 0 ? { c, at } : { c: c - 1, at: (this.#chunks[c - 1]?.size ?? 0) - 1 };
  }

  #compare(slot: number, key: SortKey, id: string): number {
    return compareKeys(this.#keyOf(slot), key) || comparePlaces("", this.#idOf(slot), "", id);
  }

  /** First chunk whose last entry is not before the place. */
  #chunkAt(key: SortKey, id: string): number {
    let low = 0;
    let high = this.#chunks.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const chunk = this.#chunks[middle]!;
      if (this.#compare(chunk.slots[chunk.size - 1]!, key, id) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Index of the first entry that is not before the place. */
  #placeIn(chunk: Chunk, key: SortKey, id: string): number {
    let low = 0;
    let high = chunk.size;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#compare(chunk.slots[middle]!, key, id) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
