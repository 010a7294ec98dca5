/** A queue between one producer that never waits and one consumer. Past its bound it empties itself and says so. */
export class ChangeQueue<T> {
  readonly #bound: number;
  #items: T[] = [];
  #overflowed = false;
  #ended = false;
  #error: unknown;
  #wake: (() => void) | undefined;

  constructor(bound: number) {
    this.#bound = bound;
  }

  push(item: T): void {
    if (this.#ended || this.#overflowed) return;
    if (this.#items.length >= this.#bound) {
      this.#items = [];
      this.#overflowed = true;
    } else {
      this.#items.push(item);
    }
    this.#stir();
  }

  /** Forgets what is queued: it is older than what comes next. */
  clear(): void {
    this.#items = [];
    this.#overflowed = false;
  }

  /** Nothing more comes; with an error the consumer gets it after what is queued. */
  end(error?: unknown): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#error = error;
    this.#stir();
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** The next item; `overflowed` once in place of everything that was lost; `ended` at the end. */
  async next(): Promise<{ item: T } | "overflowed" | "ended"> {
    for (;;) {
      if (this.#overflowed) {
        this.#overflowed = false;
        return "overflowed";
      }
      if (this.#items.length > 0) return { item: this.#items.shift()! };
      if (this.#ended) {
        if (this.#error !== undefined) throw this.#error;
        return "ended";
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      this.#wake = undefined;
    }
  }

  #stir(): void {
    this.#wake?.();
  }
}
