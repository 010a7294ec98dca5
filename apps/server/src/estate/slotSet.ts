import type { Bits } from "./bits.ts";

/** Below so many a list is small enough whatever the slots are. */
const alwaysList = 64;

/**
 * Slots that have a value. Few are kept as a sorted list of 4 bytes each, many as bits: whichever is smaller, so that
 * a value of nearly all objects costs an eighth of a byte for each.
 */
export class SlotSet {
  #list: Uint32Array | undefined = new Uint32Array(4);
  #bits: Uint32Array | undefined;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  add(slot: number): void {
    if (this.#bits) {
      if (slot >>> 5 >= this.#bits.length) {
        const larger = new Uint32Array(Math.ceil((slot + 1) / 32 / 256) * 256);
        larger.set(this.#bits);
        this.#bits = larger;
      }
      const mask = 1 << (slot & 31);
      if ((this.#bits[slot >>> 5]! & mask) !== 0) return;
      this.#bits[slot >>> 5]! |= mask;
      this.#size++;
      return;
    }
    let list = this.#list!;
    const at = this.#place(slot);
    if (at < this.#size && list[at] === slot) return;
    if (this.#size === list.length) {
      const larger = new Uint32Array(Math.ceil(list.length * 1.5));
      larger.set(list);
      this.#list = list = larger;
    }
    list.copyWithin(at + 1, at, this.#size);
    list[at] = slot;
    this.#size++;
    if (this.#size > alwaysList && this.#size * 32 > list[this.#size - 1]!) this.#becomeBits();
  }

  delete(slot: number): void {
    if (this.#bits) {
      const mask = 1 << (slot & 31);
      if (slot >>> 5 >= this.#bits.length || (this.#bits[slot >>> 5]! & mask) === 0) return;
      this.#bits[slot >>> 5]! &= ~mask;
      this.#size--;
      if (this.#size * 128 < this.#bits.length * 32) this.#becomeList();
      return;
    }
    const at = this.#place(slot);
    if (at >= this.#size || this.#list![at] !== slot) return;
    this.#list!.copyWithin(at, at + 1, this.#size);
    this.#size--;
  }

  has(slot: number): boolean {
    if (this.#bits) return slot >>> 5 < this.#bits.length && (this.#bits[slot >>> 5]! & (1 << (slot & 31))) !== 0;
    const at = this.#place(slot);
    return at < this.#size && this.#list![at] === slot;
  }

  into(bits: Bits): void {
    if (this.#bits) bits.or(this.#bits);
    else for (let i = 0; i < this.#size; i++) bits.add(this.#list![i]!);
  }

  *[Symbol.iterator](): Generator<number> {
    if (this.#bits) {
      for (let i = 0; i < this.#bits.length; i++) for (let word = this.#bits[i]!; word !== 0; word &= word - 1) yield (i << 5) + 31 - Math.clz32(word & -word);
    } else for (let i = 0; i < this.#size; i++) yield this.#list![i]!;
  }

  #becomeBits(): void {
    const list = this.#list!;
    this.#bits = new Uint32Array(Math.ceil((list[this.#size - 1]! + 1) / 32 / 256) * 256);
    for (let i = 0; i < this.#size; i++) this.#bits[list[i]! >>> 5]! |= 1 << (list[i]! & 31);
    this.#list = undefined;
  }

  #becomeList(): void {
    this.#list = Uint32Array.from(this);
    if (this.#list.length === 0) this.#list = new Uint32Array(4);
    this.#bits = undefined;
  }

  #place(slot: number): number {
    const list = this.#list!;
    let low = 0;
    let high = this.#size;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (list[middle]! < slot) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
