/** A set of slots as bits: 31 KB for 250,000 objects, and two of them are combined in some ten microseconds. */
export class Bits {
  readonly words: Uint32Array;

  /** @param slots how many it has room for */
  constructor(slots: number | Uint32Array) {
    this.words = typeof slots === "number" ? new Uint32Array((slots + 31) >>> 5) : slots;
  }

  add(slot: number): void {
    this.words[slot >>> 5]! |= 1 << (slot & 31);
  }

  has(slot: number): boolean {
    return (this.words[slot >>> 5]! & (1 << (slot & 31))) !== 0;
  }

  /** Takes what is in the other, too. */
  or(other: Uint32Array): this {
    const { words } = this;
    const n = Math.min(words.length, other.length);
    for (let i = 0; i < n; i++) words[i]! |= other[i]!;
    return this;
  }

  /** Keeps what is in the other as well. */
  and({ words: other }: Bits): this {
    const { words } = this;
    for (let i = 0; i < words.length; i++) words[i]! &= other[i]!;
    return this;
  }

  /** Leaves out what is in the other. */
  without({ words: other }: Bits): this {
    const { words } = this;
    for (let i = 0; i < words.length; i++) words[i]! &= ~other[i]!;
    return this;
  }

  copy(): Bits {
    return new Bits(this.words.slice());
  }

  count(): number {
    let total = 0;
    for (const word of this.words) {
      let v = word;
      v -= (v >>> 1) & 0x55555555;
      v = (v & 0x33333333) + ((v >>> 2) & 0x33333333);
      total += (((v + (v >>> 4)) & 0x0f0f0f0f) * 0x01010101) >>> 24;
    }
    return total;
  }

  /** Slots, lowest first. */
  *[Symbol.iterator](): Generator<number> {
    for (let i = 0; i < this.words.length; i++) {
      for (let word = this.words[i]!; word !== 0; word &= word - 1) yield (i << 5) + 31 - Math.clz32(word & -word);
    }
  }
}
