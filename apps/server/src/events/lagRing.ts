/** The last 1,000 durations in milliseconds, and what most of them stay under. */
export class LagRing {
  readonly #values = new Float64Array(1000);
  #count = 0;

  add(milliseconds: number): void {
    this.#values[this.#count++ % this.#values.length] = milliseconds;
  }

  /** In seconds; zeros when nothing was measured. */
  quantiles(): { p50: number; p99: number; max: number } {
    const values = this.#values.slice(0, Math.min(this.#count, this.#values.length)).sort();
    const at = (q: number): number => (values[Math.min(values.length - 1, Math.floor(values.length * q))] ?? 0) / 1000;
    return { p50: at(0.5), p99: at(0.99), max: at(1) };
  }
}
