import type { Change, Inventory } from "@polyvisor/model";

/**
 * Changes on their way to one consumer. Bounded: when it is full, everything in it is thrown away and the
 * consumer gets an inventory instead, taken at the moment it asks, so that nothing is missed or told twice.
 */
export class ChangeQueue {
  readonly #limit: number;
  readonly #inventory: () => Inventory;
  #items: Change[] = [];
  #read = 0; // of them, how many were delivered
  #stale = true; // the first item is always an inventory
  #over: { error: Error | undefined } | undefined;
  #held = false;
  #wake: (() => void) | undefined;

  constructor(limit: number, inventory: () => Inventory) {
    this.#limit = limit;
    this.#inventory = inventory;
  }

  push(change: Change): void {
    if (this.#stale || this.#over) return; // the inventory that comes will have it
    if (this.#items.length - this.#read >= this.#limit) {
      this.#items = [];
      this.#read = 0;
      this.#stale = true;
    } else this.#items.push(change);
    this.#wake?.();
  }

  /** Nothing is delivered while the endpoint hangs. */
  hold(held: boolean): void {
    this.#held = held;
    this.#wake?.();
  }

  /** No more comes: `error` when the connection was lost. What is in the queue is not delivered. */
  end(error: Error | undefined): void {
    this.#over ??= { error };
    this.#wake?.();
  }

  async *read(signal: AbortSignal, leave: () => void): AsyncGenerator<Change, void, undefined> {
    const wake = (): void => this.#wake?.();
    signal.addEventListener("abort", wake);
    try {
      for (;;) {
        if (signal.aborted) return;
        if (this.#over) {
          if (this.#over.error) throw this.#over.error;
          return;
        }
        if (!this.#held && this.#stale) {
          this.#stale = false;
          yield { type: "inventory", inventory: this.#inventory() };
        } else if (!this.#held && this.#read < this.#items.length) {
          const change = this.#items[this.#read++]!;
          if (this.#read === this.#items.length || this.#read > 1024) {
            this.#items.splice(0, this.#read);
            this.#read = 0;
          }
          yield change;
        } else {
          await new Promise<void>((resolve) => (this.#wake = resolve));
          this.#wake = undefined;
        }
      }
    } finally {
      signal.removeEventListener("abort", wake);
      leave();
    }
  }
}
