/** Milliseconds between looks: a deadline is kept to about this. */
const TICK_MS = 100;

/**
 * Expires entries of a map by their deadline with one coarse timer for all of them, which runs only while entries are
 * there: a timer for each of thousands of calls would cost more than the calls.
 */
export class Deadlines<Entry extends { readonly deadline: number }> {
  readonly #entries: ReadonlyMap<number, Entry>;
  readonly #expire: (key: number, entry: Entry) => void;
  #timer: NodeJS.Timeout | undefined;

  constructor(entries: ReadonlyMap<number, Entry>, expire: (key: number, entry: Entry) => void) {
    this.#entries = entries;
    this.#expire = expire;
  }

  /** An entry with a deadline was added. */
  arm(): void {
    this.#timer ??= setInterval(() => this.#look(), TICK_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #look(): void {
    if (this.#entries.size === 0) return this.stop();
    const now = performance.now();
    for (const [key, entry] of this.#entries) if (entry.deadline <= now) this.#expire(key, entry);
  }
}
