// Runs inside a server of the storm before its own code: steps its clock and weighs it, as the storm asks.
// The clock that is stepped is the one of the wall; what measures durations goes on, as on a real machine.
import { readdirSync } from "node:fs";

const RealDate = Date;
let offset = Number(process.env["STORM_CLOCK"] ?? 0);
class SteppedDate extends RealDate {
  constructor(...values: [] | [string | number | Date] | [number, number, ...number[]]) {
    if (values.length === 0) super(RealDate.now() + offset);
    else super(...(values as [number, number]));
  }
  static override now(): number {
    return RealDate.now() + offset;
  }
  static override [Symbol.hasInstance](value: unknown): boolean {
    return value instanceof RealDate;
  }
}
globalThis.Date = SteppedDate as DateConstructor;

/** What a server weighs after its garbage was collected; bytes. */
export interface Weight {
  rss: number;
  heap: number;
  handles: number;
}
export type Ask = { n: number; clock: number } | { n: number; weigh: true };

process.on("message", (ask: Ask) => {
  if ("clock" in ask) offset = ask.clock;
  else for (let i = 0; i < 3; i++) globalThis.gc?.();
  const { rss, heapUsed } = process.memoryUsage();
  const weight: Weight = { rss, heap: heapUsed, handles: readdirSync("/proc/self/fd").length };
  process.send!({ n: ask.n, weight });
});
process.on("disconnect", () => process.exit(1)); // whoever started it is gone
process.channel?.unref();
