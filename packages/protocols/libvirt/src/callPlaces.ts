import type { Procedure } from "./call.ts";

type Waits = Procedure["waits"];

/**
 * Who may be under way at a server that takes only a few calls that wait. One place is kept for each of the two sorts:
 * long work, such as migrations, keeps nobody from reading state or from aborting it, and reads of guests that hang
 * keep no work from being done. Calls that never wait need no place.
 */
export class CallPlaces {
  readonly #places: number;
  readonly #go: (call: number) => boolean;
  readonly #taken = { briefly: 0, long: 0 };
  readonly #queues: Record<"briefly" | "long", number[]> = { briefly: [], long: [] };

  /** `go` is told of each call whose turn has come; it says whether the call still is there. */
  constructor(places: number, go: (call: number) => boolean) {
    this.#places = places;
    this.#go = go;
  }

  /** Places taken. */
  get taken(): number {
    return this.#taken.briefly + this.#taken.long;
  }

  #free(sort: "briefly" | "long"): boolean {
    return this.taken < this.#places && (this.#places === 1 || this.#taken[sort] < this.#places - 1);
  }

  /** Whether the call may go now; else its turn comes later. */
  take(waits: Waits, call: number): boolean {
    if (waits === "never") return true;
    if (this.#queues[waits].length === 0 && this.#free(waits)) {
      this.#taken[waits]++;
      return true;
    }
    this.#queues[waits].push(call);
    return false;
  }

  /** A call has its answer, or never went: its place is another's. */
  free(waits: Waits): void {
    if (waits === "never") return;
    this.#taken[waits]--;
    // The other sort first: it may have waited for this place, and its own calls make room for themselves.
    this.#next(waits === "briefly" ? "long" : "briefly");
    this.#next(waits);
  }

  #next(sort: "briefly" | "long"): void {
    while (this.#queues[sort].length > 0 && this.#free(sort)) {
      const call = this.#queues[sort].shift();
      if (call === undefined) return;
      this.#taken[sort]++;
      if (!this.#go(call)) this.#taken[sort]--;
    }
  }

  /** Forgets who waits. */
  clear(): void {
    this.#queues.briefly.length = 0;
    this.#queues.long.length = 0;
  }
}
