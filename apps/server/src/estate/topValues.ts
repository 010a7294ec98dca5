/** No value: the slot is not among the highest, however many are asked for. */
const none = -Infinity;

/**
 * The highest values of slots. A tree of numbers in which each knot has the higher of its two below, so that a value that
 * changes costs a step for each doubling of the slots at most, and the highest `k` cost `k` such walks: nothing here goes
 * through all of them. Values are kept in single precision, 8 bytes a slot.
 */
export class TopValues {
  /** The root is 1, the knots below `n` are `2n` and `2n + 1`, slots begin at `#room`. */
  #tree = new Float32Array(2).fill(none);
  #room = 1;

  set(slot: number, value: number): void {
    if (slot >= this.#room) this.#grow(slot);
    const tree = this.#tree;
    let knot = slot + this.#room;
    tree[knot] = value;
    for (knot >>>= 1; knot > 0; knot >>>= 1) {
      const higher = Math.max(tree[knot * 2]!, tree[knot * 2 + 1]!);
      if (tree[knot] === higher) return;
      tree[knot] = higher;
    }
  }

  clear(slot: number): void {
    if (slot < this.#room) this.set(slot, none);
  }

  /** Slots from the highest value down. Nothing may be set while this is walked. */
  *descending(): Generator<number> {
    const tree = this.#tree;
    const open = new Heap((knot) => tree[knot]!);
    open.add(1);
    for (let knot = open.take(); knot !== undefined && tree[knot] !== none; knot = open.take()) {
      while (knot < this.#room) {
        const left: number = knot * 2;
        const leftIsHigher: boolean = tree[left]! >= tree[left + 1]!;
        open.add(leftIsHigher ? left + 1 : left);
        knot = leftIsHigher ? left : left + 1;
      }
      yield knot - this.#room;
    }
  }

  #grow(slot: number): void {
    const before = this.#tree.subarray(this.#room);
    while (this.#room <= slot) this.#room *= 2;
    const tree = new Float32Array(this.#room * 2).fill(none);
    tree.set(before, this.#room);
    for (let knot = this.#room - 1; knot > 0; knot--) tree[knot] = Math.max(tree[knot * 2]!, tree[knot * 2 + 1]!);
    this.#tree = tree;
  }
}

/** Numbers, of which the one with the highest value is taken first. */
class Heap {
  readonly #items: number[] = [];
  readonly #valueOf: (item: number) => number;

  constructor(valueOf: (item: number) => number) {
    this.#valueOf = valueOf;
  }

  add(item: number): void {
    const items = this.#items;
    const value = this.#valueOf(item);
    let at = items.push(item) - 1;
    for (; at > 0;) {
      const above = (at - 1) >>> 1;
      if (this.#valueOf(items[above]!) >= value) break;
      items[at] = items[above]!;
      at = above;
    }
    items[at] = item;
  }

  take(): number | undefined {
    const items = this.#items;
    const first = items[0];
    const last = items.pop();
    if (last === undefined || items.length === 0) return first;
    const value = this.#valueOf(last);
    let at = 0;
    for (;;) {
      let below = at * 2 + 1;
      if (below >= items.length) break;
      if (below + 1 < items.length && this.#valueOf(items[below + 1]!) > this.#valueOf(items[below]!)) below++;
      if (this.#valueOf(items[below]!) <= value) break;
      items[at] = items[below]!;
      at = below;
    }
    items[at] = last;
    return first;
  }
}
