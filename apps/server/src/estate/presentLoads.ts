import { inRange, type NumberRange } from "@polyvisor/api";
import type { Load } from "@polyvisor/model";
import type { Bits } from "./bits.ts";
import { TopValues } from "./topValues.ts";

/** What load has as fields of a filter. Shares in percent. */
export const loadFields = ["cpu.use", "cpu.cores", "cpu.wait", "memory.use", "memory.used", "disk.read", "disk.write", "net.receive", "net.transmit"] as const;
export type LoadField = (typeof loadFields)[number];
export const isLoadField = (field: string): field is LoadField => (loadFields as readonly string[]).includes(field);

/** What the highest loads are asked for by; disk and network are both directions together. */
export const loadRanks = ["cpu", "memory", "disk", "network"] as const;
export type LoadRank = (typeof loadRanks)[number];

/** What an object is ranked by; what has no such figure comes last. */
export function rankOf(load: Load, by: LoadRank): number {
  if (by === "cpu") return load.cpu ?? -1;
  if (by === "memory") return load.memoryUsed ?? -1;
  return by === "disk"
    ? (load.diskReadBytesPerSecond ?? -1) + (load.diskWriteBytesPerSecond ?? 0)
    : (load.netReceiveBytesPerSecond ?? -1) + (load.netTransmitBytesPerSecond ?? 0);
}

/**
 * The present load of each object in columns of numbers, 76 bytes an object with the trees of the highest. A filter goes through one column: 250,000
 * numbers take a third of a millisecond, which is less than keeping nine orders of all of them sorted in every round would.
 */
export class PresentLoads {
  #columns = Object.fromEntries(loadFields.map((field) => [field, new Float32Array(0)])) as Record<LoadField, Float32Array>;
  #at = new Float64Array(0);
  readonly #highest = Object.fromEntries(loadRanks.map((by) => [by, new TopValues()])) as Record<LoadRank, TopValues>;

  /** @param processors and @param memory what the shares are of */
  set(slot: number, load: Load, processors: number | undefined, memory: number | undefined): void {
    if (slot >= this.#at.length) this.#grow(slot);
    const share = (part: number | undefined, whole: number | undefined): number => (part === undefined || !whole ? NaN : (part / whole) * 100);
    const row: Record<LoadField, number> = {
      "cpu.use": share(load.cpu, processors),
      "cpu.cores": load.cpu ?? NaN,
      "cpu.wait": load.cpuWait ?? NaN,
      "memory.use": share(load.memoryUsed, memory),
      "memory.used": load.memoryUsed ?? NaN,
      "disk.read": load.diskReadBytesPerSecond ?? NaN,
      "disk.write": load.diskWriteBytesPerSecond ?? NaN,
      "net.receive": load.netReceiveBytesPerSecond ?? NaN,
      "net.transmit": load.netTransmitBytesPerSecond ?? NaN,
    };
    for (const field of loadFields) this.#columns[field][slot] = row[field];
    this.#at[slot] = load.at;
    for (const by of loadRanks) this.#highest[by].set(slot, rankOf(load, by));
  }

  /** The object is gone or off: what was measured is not present any more. */
  clear(slot: number): void {
    if (slot >= this.#at.length || this.#at[slot] === -Infinity) return;
    this.#at[slot] = -Infinity;
    for (const by of loadRanks) this.#highest[by].clear(slot);
  }

  /**
   * Slots with the highest present load, the highest first. What is not present any more is met once and then left out
   * until it is measured again, so that hosts that are gone do not stand before those that are there.
   * @param since milliseconds since 1970; what is older is not present
   */
  highest(by: LoadRank, most: number, since: number): number[] {
    const out: number[] = [];
    const past: number[] = [];
    for (const slot of this.#highest[by].descending()) {
      if (!this.isPresent(slot, since)) past.push(slot);
      else if (out.push(slot) >= most) break;
    }
    for (const slot of past) this.clear(slot);
    return out;
  }

  isPresent(slot: number, since: number): boolean {
    return slot < this.#at.length && this.#at[slot]! >= since;
  }

  /** @param since milliseconds since 1970; what is older is not present */
  get(slot: number, field: LoadField, since: number): number | undefined {
    if (!this.isPresent(slot, since)) return undefined;
    const value = this.#columns[field][slot]!;
    return Number.isNaN(value) ? undefined : value;
  }

  /** Adds the slots whose load is in one of the ranges; all that have one, where no range is given. */
  into(field: LoadField, ranges: readonly NumberRange[] | undefined, since: number, bits: Bits): void {
    const column = this.#columns[field];
    const at = this.#at;
    for (const range of ranges ?? [{ min: -Infinity, max: Infinity, minOpen: false, maxOpen: false }]) {
      // First the comparison that most fail, then the exact one.
      const { min, max } = range;
      for (let slot = 0; slot < column.length; slot++) {
        const value = column[slot]!;
        if (value >= min && value <= max && at[slot]! >= since && inRange(range, value)) bits.add(slot);
      }
    }
  }

  #grow(slot: number): void {
    const size = Math.max(256, Math.ceil((slot + 1) * 1.25));
    const before = this.#at;
    this.#at = new Float64Array(size).fill(-Infinity);
    this.#at.set(before);
    for (const field of loadFields) {
      const column = new Float32Array(size).fill(NaN);
      column.set(this.#columns[field]);
      this.#columns[field] = column;
    }
  }
}
