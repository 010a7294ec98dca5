import fc from "fast-check";
import { expect, it } from "vitest";
import { downsample, loadPointSchema, mergePoints, pointOf, secondsOf, stretchEnd, type LoadPoint } from "./loadPoint.ts";
import { loadFigures, type Load, type LoadFigure } from "./sample.ts";

// Whole numbers and powers of two: their sums are exact, so that equal means equal.
const figures = fc.record(
  { cpu: fc.nat(1000), cpuWait: fc.nat(1000), memoryUsed: fc.nat(2 ** 40), diskReadLatency: fc.nat(100) },
  { requiredKeys: [] },
) as fc.Arbitrary<Partial<Load>>;
/** Measurements in order of time, with breaks between them; `gap` is time of which nothing is known. */
const series = fc
  .array(fc.record({ gap: fc.oneof(fc.constant(0), fc.nat(2000)), seconds: fc.integer({ min: 1, max: 60 }), figures }), { maxLength: 80 })
  .map((list) => {
    let at = 1_790_000_000;
    return list.map(({ gap, seconds, figures: some }): Load => {
      at += gap + seconds;
      return { at: at * 1000, seconds, ...some };
    });
  });
const step = fc.constantFrom(20_000, 60_000, 300_000, 3_600_000);
const near = (a: number | undefined, b: number | undefined): void => (b === undefined ? expect(a).toBeUndefined() : expect(a).toBeCloseTo(b, 6));

/** By hand: of one figure in one stretch. */
function naive(loads: readonly Load[], figure: LoadFigure) {
  const values = loads.filter((load) => load[figure] !== undefined);
  const seconds = values.reduce((sum, load) => sum + load.seconds, 0);
  return values.length === 0
    ? undefined
    : {
        seconds,
        mean: values.reduce((sum, load) => sum + load[figure]! * load.seconds, 0) / seconds,
        min: Math.min(...values.map((load) => load[figure]!)),
        max: Math.max(...values.map((load) => load[figure]!)),
      };
}

it("downsampling of any sequence is what one gets by hand", () => {
  fc.assert(
    fc.property(series, step, (loads, stepMs) => {
      const points = downsample(loads.map(pointOf), stepMs);
      for (const point of points) {
        const inside = loads.filter((load) => load.at > point.at - stepMs && load.at <= point.at);
        expect(inside.length).toBeGreaterThan(0);
        expect(point.seconds).toBe(inside.reduce((sum, load) => sum + load.seconds, 0));
        for (const figure of loadFigures) {
          const told = naive(inside, figure);
          near(point[figure], told?.mean);
          expect([point.min[figure], point.max[figure], secondsOf(point, figure)]).toEqual([told?.min, told?.max, told?.seconds ?? 0]);
        }
        expect(loadPointSchema.safeParse(point).success).toBe(true);
      }
    }),
  );
});

it("no gap is ever filled and nothing measured is lost", () => {
  fc.assert(
    fc.property(series, step, (loads, stepMs) => {
      const points = downsample(loads.map(pointOf), stepMs);
      expect(points.map(({ at }) => at)).toEqual([...new Set(loads.map(({ at }) => stretchEnd(at, stepMs)))]);
      expect(points.reduce((sum, point) => sum + point.seconds, 0)).toBe(loads.reduce((sum, load) => sum + load.seconds, 0));
      for (const point of points) expect(point.at % stepMs).toBe(0);
    }),
  );
});

it("a mean lies between minimum and maximum, however the sums round", () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ cpu: fc.double({ min: 0, max: 1e30, noNaN: true }), seconds: fc.float({ min: Math.fround(0.001), max: 60, noNaN: true }) }), {
        minLength: 1,
      }),
      (list) => {
        const merged = mergePoints(
          0,
          list.map(({ cpu, seconds }) => pointOf({ at: 0, seconds, cpu })),
        );
        expect(merged.cpu).toBeGreaterThanOrEqual(merged.min.cpu!);
        expect(merged.cpu).toBeLessThanOrEqual(merged.max.cpu!);
      },
    ),
  );
});

it("merging is associative: by 5 minutes and then by hours is by hours at once", () => {
  const same = (a: readonly LoadPoint[], b: readonly LoadPoint[]): void => {
    expect(a.map(({ at, seconds, min, max }) => ({ at, seconds, min, max }))).toEqual(b.map(({ at, seconds, min, max }) => ({ at, seconds, min, max })));
    a.forEach((point, i) => {
      for (const figure of loadFigures) {
        expect(secondsOf(point, figure)).toBe(secondsOf(b[i]!, figure));
        if (point[figure] !== undefined) expect(Math.abs(point[figure] - b[i]![figure]!)).toBeLessThanOrEqual(1e-9 * Math.max(1, point[figure]));
      }
    });
  };
  fc.assert(
    fc.property(series, (loads) => {
      const points = loads.map(pointOf);
      same(downsample(downsample(points, 300_000), 3_600_000), downsample(points, 3_600_000));
    }),
  );
  fc.assert(
    fc.property(series, fc.nat(), fc.nat(), (loads, a, b) => {
      if (loads.length < 3) return;
      const points = loads.map(pointOf);
      const first = 1 + (a % (points.length - 2));
      const second = first + 1 + (b % (points.length - first - 1));
      const [x, y, z] = [points.slice(0, first), points.slice(first, second), points.slice(second)].map((list) => mergePoints(0, list));
      same([mergePoints(0, [mergePoints(0, [x!, y!]), z!])], [mergePoints(0, [x!, mergePoints(0, [y!, z!])])]);
    }),
  );
});

it("a stretch includes its end and not its beginning", () => {
  expect([0, 1, 300_000, 300_001].map((at) => stretchEnd(at, 300_000))).toEqual([0, 300_000, 300_000, 600_000]);
});
