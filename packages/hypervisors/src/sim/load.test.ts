import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LoadCurve, LoadMeter } from "./load.ts";

const key = fc.string({ minLength: 1, maxLength: 12 });
/** 2025 to 2031, in seconds. */
const moment = fc.integer({ min: 1_735_689_600, max: 1_924_991_999 });

describe("a load curve", () => {
  it("keeps a processor between idle and busy", () => {
    fc.assert(
      fc.property(key, moment, (k, t) => {
        const busy = new LoadCurve(k).at(t);
        expect(busy).toBeGreaterThan(0);
        expect(busy).toBeLessThanOrEqual(1);
      }),
    );
  });

  it("only ever rises in total, from one millisecond to the next and over years", () => {
    fc.assert(
      fc.property(key, moment, fc.integer({ min: 1, max: 1e8 }), (k, t, ms) => {
        const curve = new LoadCurve(k);
        expect(curve.total(t + ms / 1000)).toBeGreaterThan(curve.total(t));
      }),
    );
  });

  it("has a total that is the sum of its moments", () => {
    fc.assert(
      fc.property(key, moment, (k, t) => {
        const curve = new LoadCurve(k);
        const step = 0.25;
        let sum = 0;
        for (let s = 0; s < 3600; s += step) sum += curve.at(t + s + step / 2) * step;
        expect(curve.total(t + 3600) - curve.total(t)).toBeCloseTo(sum, 0);
      }),
      { numRuns: 20 },
    );
  });

  it("is the same for the same key, and differs between guests", () => {
    const at = (k: string): string => [0, 1e4, 2e4, 5e4].map((s) => new LoadCurve(k).at(1.8e9 + s).toFixed(6)).join();
    expect(at("a")).toBe(at("a"));
    expect(new Set(Array.from({ length: 50 }, (_, i) => at(`vm-${i}`))).size).toBe(50);
  });
});

describe("a meter", () => {
  it("begins at nothing, stands still while held, and never falls", () => {
    const meter = new LoadMeter("a");
    const t = 1.8e12;
    meter.start(t, 4);
    expect(meter.read(t)).toEqual({ work: 0, seconds: 0 });
    const one = meter.read(t + 60_000);
    expect(one.seconds).toBe(60);
    expect(one.work).toBeGreaterThan(0);
    expect(one.work).toBeLessThanOrEqual(240);
    meter.hold(t + 60_000);
    expect(meter.read(t + 999_000)).toEqual(one);
    meter.go(t + 1_000_000, 2);
    const two = meter.read(t + 1_010_000);
    expect(two.seconds).toBeCloseTo(70);
    expect(two.work).toBeGreaterThan(one.work);
    expect(meter.read(t).work).toBeGreaterThanOrEqual(one.work); // a clock that goes back takes nothing back
  });
});
