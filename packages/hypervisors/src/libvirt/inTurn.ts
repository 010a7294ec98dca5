/**
 * Runs one piece of work after the other, in the order of asking: of two readings of the same thing the one that is told
 * last was also made last.
 */
export class InTurn {
  #last: Promise<unknown> = Promise.resolve();

  run<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#last.then(work);
    this.#last = mine.catch(() => {});
    return mine;
  }
}
