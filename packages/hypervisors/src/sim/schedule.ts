interface Entry {
  at: number;
  order: number;
  run: () => void;
  background: boolean;
}

/**
 * What is due in a world, and when. One timer stands for the earliest entry of all; with nothing due there is
 * none. Time is the machine's until `freeze`; then it stands still and moves by `advance` alone, for tests.
 */
export class Schedule {
  #entries: Entry[] = []; // a binary heap by (at, order)
  #order = 0;
  #foreground = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #timerAt = Infinity;
  #frozen: number | undefined;

  /** Milliseconds since 1970. */
  now(): number {
    return this.#frozen ?? Date.now();
  }

  /**
   * Runs something `ms` from now, in order of time; 0 means as soon as the present turn is over.
   * @param background does not keep the process alive
   * @returns takes it back
   */
  after(ms: number, run: () => void, background = false): () => void {
    const entry: Entry = { at: this.now() + Math.max(0, ms), order: this.#order++, run, background };
    if (ms <= 0) {
      queueMicrotask(() => entry.run());
      return () => void (entry.run = nothing);
    }
    this.#push(entry);
    if (!background) this.#foreground++;
    this.#arm();
    return () => {
      const at = this.#entries.indexOf(entry);
      if (at < 0) return;
      this.#removeAt(at);
      this.#arm();
    };
  }

  /** How many entries wait. */
  get size(): number {
    return this.#entries.length;
  }

  /** Makes time stand still at the present moment, or at `at`. */
  freeze(at = this.now()): void {
    this.#frozen = at;
    this.#arm();
  }

  /** Moves frozen time on and runs what falls due, each at its own moment; waits for what that starts. */
  async advance(ms: number): Promise<void> {
    if (this.#frozen === undefined) throw new Error("time is not frozen");
    const until = this.#frozen + ms;
    for (;;) {
      await settle();
      const next = this.#entries[0];
      if (!next || next.at > until) break;
      this.#frozen = Math.max(this.#frozen, next.at);
      this.#removeAt(0);
      next.run();
    }
    this.#frozen = until;
    await settle();
  }

  #arm(): void {
    const at = this.#frozen === undefined ? (this.#entries[0]?.at ?? Infinity) : Infinity;
    if (at !== this.#timerAt || this.#timer === undefined) {
      if (this.#timer) clearTimeout(this.#timer);
      this.#timer = undefined;
      this.#timerAt = at;
      if (at !== Infinity) this.#timer = setTimeout(() => this.#due(), Math.min(Math.max(0, at - Date.now()), 2 ** 31 - 1));
    }
    if (this.#foreground > 0) this.#timer?.ref();
    else this.#timer?.unref();
  }

  #due(): void {
    this.#timer = undefined;
    const now = this.now();
    while (this.#entries[0] && this.#entries[0].at <= now) {
      const entry = this.#entries[0];
      this.#removeAt(0);
      entry.run();
    }
    this.#arm();
  }

  #less(a: number, b: number): boolean {
    const x = this.#entries[a]!;
    const y = this.#entries[b]!;
    return x.at < y.at || (x.at === y.at && x.order < y.order);
  }

  #swap(a: number, b: number): void {
    [this.#entries[a], this.#entries[b]] = [this.#entries[b]!, this.#entries[a]!];
  }

  #push(entry: Entry): void {
    this.#entries.push(entry);
    this.#up(this.#entries.length - 1);
  }

  #up(from: number): void {
    let at = from;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.#less(at, parent)) break;
      this.#swap(at, parent);
      at = parent;
    }
  }

  #removeAt(at: number): void {
    const last = this.#entries.length - 1;
    if (!this.#entries[at]!.background) this.#foreground--;
    this.#swap(at, last);
    this.#entries.pop();
    if (at >= this.#entries.length) return;
    this.#up(at);
    let i = at;
    for (;;) {
      let least = i;
      for (const child of [2 * i + 1, 2 * i + 2]) if (child < this.#entries.length && this.#less(child, least)) least = child;
      if (least === i) break;
      this.#swap(i, least);
      i = least;
    }
  }
}

const nothing = (): void => {};
/** Lets promises that are already settled run their course: one turn of the event loop. */
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
