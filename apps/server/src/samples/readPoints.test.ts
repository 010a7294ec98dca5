import { PolyvisorError } from "@polyvisor/model";
import fc from "fast-check";
import { expect, it } from "vitest";
import { pointsAtMost, resolutionFor } from "./readPoints.ts";
import { dayMs } from "./tiers.ts";

const now = Date.parse("2026-06-01T00:00:00Z");
const keep = { "20s": 25 / 24, "5m": 32, "1h": 367 };
const hour = 3_600_000;
const choice = (from: number, to = 0, step?: number) => {
  const { tier, step: chosen } = resolutionFor({ from: now - from, to: now - to, step }, now, keep, 20);
  return [tier.name, chosen];
};

it("takes the finest tier that still holds the beginning, and no finer rows than the answer needs", () => {
  expect(choice(hour)).toEqual(["20s", 20]);
  expect(choice(dayMs)).toEqual(["20s", 100]);
  expect(choice(dayMs, 0, 20)).toEqual(["20s", 20]);
  expect(choice(dayMs, 0, 30)).toEqual(["20s", 40]);
  expect(choice(dayMs, 0, 300)).toEqual(["5m", 300]);
  expect(choice(2 * dayMs, 2 * dayMs - hour)).toEqual(["5m", 300]);
  expect(choice(7 * dayMs)).toEqual(["5m", 900]);
  expect(choice(30 * dayMs)).toEqual(["5m", 2700]);
  expect(choice(30 * dayMs, 0, 3600)).toEqual(["1h", 3600]);
  expect(choice(365 * dayMs)).toEqual(["1h", 32_400]);
  expect(choice(1000 * dayMs)[0]).toBe("1h");
});

it("stretches with the interval of a large estate", () => {
  expect(resolutionFor({ from: now - hour, to: now }, now, keep, 100)).toMatchObject({ tier: { name: "20s" }, step: 100 });
});

it("never gives more points than it says, nor a step that the tier cannot have, nor one finer than asked for", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 400 * dayMs }),
      fc.integer({ min: 1, max: 400 * dayMs }),
      fc.option(fc.integer({ min: 1, max: 100_000 }), { nil: undefined }),
      (age, length, step) => {
        const query = { from: now - age, to: now - age + length, step };
        try {
          const { tier, step: chosen } = resolutionFor(query, now, keep, 20);
          expect(chosen % (tier.stepMs / 1000)).toBe(0);
          expect(length / 1000 / chosen).toBeLessThanOrEqual(step === undefined ? 1000 : pointsAtMost);
          if (step !== undefined) expect(chosen).toBeGreaterThanOrEqual(step);
        } catch (error) {
          expect(error).toBeInstanceOf(PolyvisorError);
          expect(step).toBeDefined();
        }
      },
    ),
  );
});
