import type { Bits } from "./bits.ts";
import { SlotSet } from "./slotSet.ts";

/** Which objects have a value. Most values of a name or native id have one object, so that one is kept without a set. */
export class ValueIndex<V extends string | number = string> {
  readonly #slots = new Map<V, number | SlotSet>();
  readonly #idOf: (slot: number) => string;

  constructor(idOf: (slot: number) => string) {
    this.#idOf = idOf;
  }

  add(value: V, slot: number): void {
    const held = this.#slots.get(value);
    if (held === undefined) this.#slots.set(value, slot);
    else if (typeof held !== "number") held.add(slot);
    else if (held !== slot) {
      const set = new SlotSet();
      set.add(held);
      set.add(slot);
      this.#slots.set(value, set);
    }
  }

  delete(value: V, slot: number): void {
    const held = this.#slots.get(value);
    if (held === slot) this.#slots.delete(value);
    else if (held instanceof SlotSet) {
      held.delete(slot);
      if (held.size === 0) this.#slots.delete(value);
    }
  }

  /** Ids that have the value; do not change the index while you walk them. */
  *get(value: V): Generator<string> {
    for (const slot of this.slots(value)) yield this.#idOf(slot);
  }

  slots(value: V): Iterable<number> {
    const held = this.#slots.get(value);
    return held === undefined ? [] : typeof held === "number" ? [held] : held;
  }

  count(value: V): number {
    const held = this.#slots.get(value);
    return held === undefined ? 0 : typeof held === "number" ? 1 : held.size;
  }

  /** Adds the slots that have the value. */
  into(value: V, bits: Bits): void {
    const held = this.#slots.get(value);
    if (typeof held === "number") bits.add(held);
    else held?.into(bits);
  }

  values(): Iterable<V> {
    return this.#slots.keys();
  }

  /** How many different values there are. */
  get size(): number {
    return this.#slots.size;
  }
}
