export type SortKey = string | number;

interface Entry {
  readonly key: SortKey;
  readonly id: string;
}

const chunkLimit = 1024;

function compareKeys(a: SortKey, b: SortKey): number {
  if (typeof a === typeof b) return a < b ? -1 : a > b ? 1 : 0;
  return typeof a === "number" ? -1 : 1;
}

/** Order of (key, id); total, so that a place in it is a cursor. */
export function comparePlaces(aKey: SortKey, aId: string, bKey: SortKey, bId: string): number {
  return compareKeys(aKey, bKey) || (aId < bId ? -1 : aId > bId ? 1 : 0);
}

/**
 * Objects in the order of a key, kept sorted while they come, change and go. A list of short sorted lists: an
 * insertion moves at most 1,024 entries, and finding a place takes two binary searches.
 */
export class SortedOrder {
  readonly #chunks: Entry[][] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  add(key: SortKey, id: string): void {
    this.#size++;
    const entry: Entry = { key, id };
    if (this.#chunks.length === 0) {
      this.#chunks.push([entry]);
      return;
    }
    const c = Math.min(this.#chunkAt(key, id), this.#chunks.length - 1);
    const chunk = this.#chunks[c]!;
    chunk.splice(placeIn(chunk, key, id), 0, entry);
    if (chunk.length > chunkLimit) this.#chunks.splice(c + 1, 0, chunk.splice(chunkLimit / 2));
  }

  delete(key: SortKey, id: string): void {
    const c = this.#chunkAt(key, id);
    const chunk = this.#chunks[c];
    if (!chunk) return;
    const at = placeIn(chunk, key, id);
    if (chunk[at]?.id !== id) return;
    chunk.splice(at, 1);
    this.#size--;
    if (chunk.length === 0) this.#chunks.splice(c, 1);
  }

  /** Ids from the beginning, or after a place, ascending or descending. Take what you need at once. */
  *walk(descending: boolean, after?: { key: SortKey; id: string }): Generator<{ key: SortKey; id: string }> {
    if (!descending) {
      let c = after ? this.#chunkAt(after.key, after.id) : 0;
      let at = after && this.#chunks[c] ? placeIn(this.#chunks[c]!, after.key, after.id) : 0;
      if (after && this.#chunks[c]?.[at]?.id === after.id && comparePlaces(this.#chunks[c]![at]!.key, after.id, after.key, after.id) === 0) at++;
      for (; c < this.#chunks.length; c++, at = 0) for (const chunk = this.#chunks[c]!; at < chunk.length; at++) yield chunk[at]!;
      return;
    }
    let c = after ? Math.min(this.#chunkAt(after.key, after.id), this.#chunks.length - 1) : this.#chunks.length - 1;
    if (c < 0) return;
    let at = after ? placeIn(this.#chunks[c]!, after.key, after.id) - 1 : this.#chunks[c]!.length - 1;
    for (;;) {
      for (const chunk = this.#chunks[c]!; at >= 0; at--) yield chunk[at]!;
      if (--c < 0) return;
      at = this.#chunks[c]!.length - 1;
    }
  }

  /** First chunk whose last entry is not before the place. */
  #chunkAt(key: SortKey, id: string): number {
    let low = 0;
    let high = this.#chunks.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const last = this.#chunks[middle]!.at(-1)!;
      if (comparePlaces(last.key, last.id, key, id) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** Index of the first entry that is not before the place. */
function placeIn(chunk: readonly Entry[], key: SortKey, id: string): number {
  let low = 0;
  let high = chunk.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (comparePlaces(chunk[middle]!.key, chunk[middle]!.id, key, id) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}
