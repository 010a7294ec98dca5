/** Which objects have a value. Most values of a name or native id have one object, so that one is kept without a set. */
export class ValueIndex {
  readonly #ids = new Map<string, string | Set<string>>();

  add(value: string, id: string): void {
    const held = this.#ids.get(value);
    if (held === undefined) this.#ids.set(value, id);
    else if (typeof held !== "string") held.add(id);
    else if (held !== id) this.#ids.set(value, new Set([held, id]));
  }

  delete(value: string, id: string): void {
    const held = this.#ids.get(value);
    if (held === id) this.#ids.delete(value);
    else if (held instanceof Set && held.delete(id) && held.size === 0) this.#ids.delete(value);
  }

  /** Ids that have the value; do not change the index while you walk them. */
  get(value: string): Iterable<string> {
    const held = this.#ids.get(value);
    return held === undefined ? [] : typeof held === "string" ? [held] : held;
  }

  count(value: string): number {
    const held = this.#ids.get(value);
    return held === undefined ? 0 : typeof held === "string" ? 1 : held.size;
  }

  values(): Iterable<string> {
    return this.#ids.keys();
  }
}
