/** A step of the clock is not believed at once: what would be thrown away by it is kept for this long. */
const distrustMs = 86_400_000;
const stepMs = 60_000;

export interface ClockTrustOptions {
  now(): number;
  /** Milliseconds that no step of the clock touches. */
  monotonic(): number;
  /** A step was seen. */
  stepped(): void;
}

/** A clock that jumped by a year must not throw a year's data away: what it says counts when it has said so for a day. */
export class ClockTrust {
  readonly #options: ClockTrustOptions;
  /** The clock when last looked at, with what counted beside it. */
  #clock: { wall: number; mono: number };
  #distrustUntil = -Infinity;

  constructor(options: ClockTrustOptions) {
    this.#options = options;
    this.#clock = { wall: options.now(), mono: options.monotonic() };
  }

  /** To be asked before what is old is deleted. */
  trusted(): boolean {
    const { now, monotonic, stepped } = this.#options;
    const wall = now();
    const mono = monotonic();
    if (Math.abs(wall - this.#clock.wall - (mono - this.#clock.mono)) > stepMs) {
      this.#distrustUntil = mono + distrustMs;
      stepped();
    }
    this.#clock = { wall, mono };
    return mono >= this.#distrustUntil;
  }
}
