import { dice } from "./seeded.ts";

const day = 86_400;
/** 2026-01-01T00:00:00Z in seconds; keeps the figures small enough for exact sums. */
const epoch = 1_767_225_600;
const slots = 32;

/**
 * How busy a guest is, as a pure function of its key and the time: a base, a daily rhythm, two waves as noise,
 * and bursts that return every 32 slots. Each part has a closed integral, so that a counter at any moment costs
 * a handful of operations and nothing has to tick.
 */
export class LoadCurve {
  readonly #base: number;
  readonly #daily: number;
  readonly #phase: number;
  readonly #waves: readonly { amplitude: number; omega: number; phase: number }[];
  readonly #slotSeconds: number;
  readonly #bursts: Float64Array;
  readonly #before: Float64Array;

  constructor(key: string) {
    const kind = dice(`${key}/kind`);
    const some = dice(`${key}/base`);
    const [base, daily, burst, often] =
      kind < 0.35
        ? [0.01 + 0.02 * some, 0.02, 0.1, 0.1]
        : kind < 0.7
          ? [0.05 + 0.1 * some, 0.35, 0.15, 0.2]
          : kind < 0.88
            ? [0.2 + 0.15 * some, 0.2, 0.2, 0.3]
            : [0.02, 0.02, 0.8, 0.25];
    this.#base = base!;
    this.#daily = daily!;
    this.#phase = (13 + 4 * (dice(`${key}/phase`) - 0.5)) * 3600; // busiest in the early afternoon, UTC
    this.#waves = [0.3, 0.2].map((share, i) => ({
      amplitude: base! * share,
      omega: (2 * Math.PI) / (40 + 900 * dice(`${key}/wave/${i}`)),
      phase: 2 * Math.PI * dice(`${key}/wave-phase/${i}`),
    }));
    this.#slotSeconds = 20 + Math.floor(100 * dice(`${key}/slot`));
    this.#bursts = Float64Array.from({ length: slots }, (_, i) => (dice(`${key}/burst/${i}`) < often! ? burst! * dice(`${key}/height/${i}`) : 0));
    this.#before = new Float64Array(slots + 1);
    for (let i = 0; i < slots; i++) this.#before[i + 1] = this.#before[i]! + this.#bursts[i]! * this.#slotSeconds;
  }

  /** Share of one processor that is busy, 0 to 1, at a time in seconds since 1970. */
  at(seconds: number): number {
    const t = seconds - epoch;
    let value = this.#base + (this.#daily * (1 + Math.cos((2 * Math.PI * (t - this.#phase)) / day))) / 2;
    for (const w of this.#waves) value += w.amplitude * Math.sin(w.omega * t + w.phase);
    return value + this.#bursts[positive(Math.floor(t / this.#slotSeconds), slots)]!;
  }

  /** Integral of `at`: busy seconds of one processor since a fixed moment. Rises with time, always. */
  total(seconds: number): number {
    const t = seconds - epoch;
    const omega = (2 * Math.PI) / day;
    let value = this.#base * t + (this.#daily / 2) * (t + Math.sin(omega * (t - this.#phase)) / omega);
    for (const w of this.#waves) value -= (w.amplitude / w.omega) * Math.cos(w.omega * t + w.phase);
    const cycle = slots * this.#slotSeconds;
    const cycles = Math.floor(t / cycle);
    const rest = t - cycles * cycle;
    const slot = Math.min(slots - 1, Math.floor(rest / this.#slotSeconds));
    return value + cycles * this.#before[slots]! + this.#before[slot]! + this.#bursts[slot]! * (rest - slot * this.#slotSeconds);
  }
}

const positive = (n: number, of: number): number => ((n % of) + of) % of;

/** What a running guest has used since it was switched on. Stands still while paused. */
export class LoadMeter {
  readonly #key: string;
  #curve: LoadCurve | undefined;
  #runningSince: number | undefined;
  #vcpus = 1;
  #work = 0;
  #seconds = 0;

  constructor(key: string) {
    this.#key = key;
  }

  get curve(): LoadCurve {
    return (this.#curve ??= new LoadCurve(this.#key));
  }

  /** Power on: counters begin at 0. */
  start(ms: number, vcpus: number): void {
    this.#work = 0;
    this.#seconds = 0;
    this.#vcpus = vcpus;
    this.#runningSince = ms / 1000;
  }
  /** The processors stand still, or go on. */
  hold(ms: number): void {
    this.#settle(ms);
    this.#runningSince = undefined;
  }
  go(ms: number, vcpus: number): void {
    this.#settle(ms);
    this.#vcpus = vcpus;
    this.#runningSince = ms / 1000;
  }

  /** Busy processor seconds of all vCPUs, and seconds of running, since power on. */
  read(ms: number): { work: number; seconds: number } {
    if (this.#runningSince === undefined) return { work: this.#work, seconds: this.#seconds };
    const now = Math.max(ms / 1000, this.#runningSince);
    return {
      work: this.#work + this.#vcpus * Math.max(0, this.curve.total(now) - this.curve.total(this.#runningSince)),
      seconds: this.#seconds + now - this.#runningSince,
    };
  }

  #settle(ms: number): void {
    const { work, seconds } = this.read(ms);
    this.#work = work;
    this.#seconds = seconds;
    if (this.#runningSince !== undefined) this.#runningSince = ms / 1000;
  }
}
