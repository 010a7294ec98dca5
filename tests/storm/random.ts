/** Random choices that a seed and a name fix: two streams of one seed do not know of each other. */
export class Random {
  #state = 0x811c9dc5;
  readonly #key: string;

  constructor(key: string) {
    this.#key = key;
    for (let i = 0; i < key.length; i++) this.#state = Math.imul(this.#state ^ key.charCodeAt(i), 0x01000193);
  }

  /** A stream of its own. */
  fork(name: string): Random {
    return new Random(`${this.#key}/${name}`);
  }

  /** From 0 up to, not including, 1 (mulberry32, public domain). */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    t ^= t + Math.imul(t ^ (t >>> 7), 61 | t);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  }

  /** A whole number, both ends included. */
  int(from: number, to: number): number {
    return from + Math.floor(this.next() * (to - from + 1));
  }

  pick<T>(list: readonly T[]): T {
    return list[this.int(0, list.length - 1)]!;
  }

  /** A key, as often as its weight says. */
  weighted<K extends string>(weights: Readonly<Partial<Record<K, number>>>): K {
    const rows = Object.entries(weights) as [K, number][];
    let at = this.next() * rows.reduce((sum, [, weight]) => sum + weight, 0);
    for (const [key, weight] of rows) if ((at -= weight) < 0) return key;
    return rows.at(-1)![0];
  }
}
