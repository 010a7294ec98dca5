import { z } from "zod";
import { loadFigures, loadFiguresSchema, loadSchema, type Load, type LoadFigure, type LoadFigures } from "./sample.ts";

/**
 * Load over a stretch of time: the figures themselves are means, each weighed by the time it covers; `min` and `max`
 * are those of the measurements. `seconds` is how much of the stretch was measured, `covered` how much of it a figure
 * covers where that is less. What was not measured is in none of them.
 */
export const loadPointSchema = z.object({
  ...loadSchema.shape,
  min: loadFiguresSchema,
  max: loadFiguresSchema,
  covered: loadFiguresSchema.optional(),
});
export type LoadPoint = z.infer<typeof loadPointSchema>;

/** One measurement as a point. */
export function pointOf(load: Load): LoadPoint {
  const figures: LoadFigures = {};
  for (const figure of loadFigures) if (load[figure] !== undefined) figures[figure] = load[figure];
  return { ...load, min: figures, max: figures };
}

/** Seconds that a figure of a point covers. */
export const secondsOf = (point: LoadPoint, figure: LoadFigure): number => (point[figure] === undefined ? 0 : (point.covered?.[figure] ?? point.seconds));

/**
 * Many points as one that ends `at`. The order does not matter, nor whether some of them were merged before.
 * @param points at least one
 */
export function mergePoints(at: number, points: readonly LoadPoint[]): LoadPoint {
  const out: LoadPoint = { at, seconds: points.reduce((sum, point) => sum + point.seconds, 0), min: {}, max: {} };
  const covered: LoadFigures = {};
  for (const figure of loadFigures) {
    let seconds = 0;
    let sum = 0;
    let min = Infinity;
    let max = -Infinity;
    let part = false;
    for (const point of points) {
      const mean = point[figure];
      const weight = secondsOf(point, figure);
      if (weight !== point.seconds) part = true;
      if (mean === undefined || !(weight > 0)) continue;
      seconds += weight;
      sum += mean * weight;
      min = Math.min(min, point.min[figure] ?? mean);
      max = Math.max(max, point.max[figure] ?? mean);
    }
    if (seconds === 0) continue;
    if (part) covered[figure] = seconds;
    out[figure] = Math.min(max, Math.max(min, sum / seconds)); // sums round; a mean lies between the ends
    out.min[figure] = min;
    out.max[figure] = max;
  }
  if (Object.keys(covered).length > 0) out.covered = covered;
  return out;
}

/** The end of the stretch of `stepMs` in which a time lies: stretches are aligned to 1970 and include their end. */
export const stretchEnd = (at: number, stepMs: number): number => Math.ceil(at / stepMs) * stepMs;

/** Points of a coarser step, in order of time. A stretch in which nothing was measured has no point. */
export function downsample(points: readonly LoadPoint[], stepMs: number): LoadPoint[] {
  const stretches = new Map<number, LoadPoint[]>();
  for (const point of points) {
    const end = stretchEnd(point.at, stepMs);
    const there = stretches.get(end);
    if (there) there.push(point);
    else stretches.set(end, [point]);
  }
  return [...stretches].sort(([a], [b]) => a - b).map(([end, list]) => mergePoints(end, list));
}
