import { loadFigures, PolyvisorError, type LoadFigures, type LoadPoint } from "@polyvisor/model";
import type pg from "pg";
import { coarse, dayMs, figureColumns, fine, merged, middle, rowsOf, tiers, type Keep, type Tier } from "./tiers.ts";

/** Points where no step is asked for; as many as a chart shows. */
const pointsByItself = 1_000;
/** Points at most: a day of 20 s. */
export const pointsAtMost = 4_500;

export interface Resolution {
  tier: Tier;
  /** Seconds: a multiple of the tier's. */
  step: number;
}

/**
 * The finest tier that still holds `from` and has no finer rows than the answer needs.
 * @param baseSeconds the interval of measurement
 * @param wanted seconds; the answer's step is this, or what the tier has that is next above it
 * @throws PolyvisorError `badRequest` where so many points would be too many
 */
export function resolutionFor(query: { from: number; to: number; step?: number | undefined }, now: number, keep: Keep, baseSeconds: number): Resolution {
  const seconds = (query.to - query.from) / 1000;
  const least = query.step ?? seconds / pointsByItself;
  const holds = (tier: Tier): boolean => query.from >= now - keep[tier.name] * dayMs;
  const baseOf = (tier: Tier): number => (tier === fine ? baseSeconds : tier.stepMs / 1000);
  const held = tiers.filter(holds);
  const tier = held.findLast((each) => baseOf(each) <= least) ?? held[0] ?? coarse;
  const base = baseOf(tier);
  const step = Math.max(1, Math.ceil(least / base)) * base;
  if (seconds / step > pointsAtMost)
    throw new PolyvisorError("badRequest", {
      detail: `a step of ${step} s over ${Math.round(seconds)} s would be more than ${pointsAtMost} points`,
      where: "query step",
    });
  return { tier, step };
}

type Row = { at: Date; seconds: number } & Record<string, number | null>;

/**
 * Points of one object, oldest first; a stretch in which nothing was measured has none. What is not in the tier yet is
 * read of the finer ones.
 */
export async function readPoints(pool: pg.Pool, id: string, from: number, to: number, { tier, step }: Resolution): Promise<LoadPoint[]> {
  const bound = (after: string, until: string): string =>
    `object_id = $1 and at > greatest($2::timestamptz, ${after}) and at <= least($3::timestamptz, ${until})`;
  const parts: string[] = [];
  let params: unknown[] = [id, new Date(from), new Date(to), step];
  if (tier === fine) parts.push(rowsOf(fine, "object_id = $1 and at > $2 and at <= $3"));
  else {
    const { rows } = await pool.query<{ name: string; until: Date }>("select name, until from sample_tier");
    const until = (name: string): Date => rows.find((row) => row.name === name)?.until ?? new Date(0);
    const inMiddle = until(middle.name);
    // The hours are made of the 5 minutes, so they never reach further.
    const inCoarse = until(coarse.name) < inMiddle ? until(coarse.name) : inMiddle;
    params = [...params, inMiddle, tier === coarse ? inCoarse : new Date(0)];
    if (tier === coarse) parts.push(rowsOf(coarse, bound("'-infinity'", "$6::timestamptz")));
    parts.push(rowsOf(middle, bound("$6::timestamptz", "$5::timestamptz")), rowsOf(fine, bound("$5::timestamptz", "'infinity'")));
  }
  const { rows } = await pool.query<Row>(
    `${merged(parts.join(" union all "), "make_interval(secs => $4::float8)")} order by 2 limit ${pointsAtMost + 1}`,
    params,
  );
  return rows.map(pointOfRow);
}

function pointOfRow(row: Row): LoadPoint {
  const point: LoadPoint = { at: row.at.getTime(), seconds: row.seconds, min: {}, max: {} };
  const covered: LoadFigures = {};
  for (const [figure, column] of figureColumns) {
    const mean = row[column];
    if (mean === null || mean === undefined) continue;
    const min = row[`${column}_min`] ?? mean;
    const max = row[`${column}_max`] ?? mean;
    const whole = figure.startsWith("memory");
    const tidy = (value: number): number => (whole ? Math.round(value) : value);
    point[figure] = tidy(Math.min(max, Math.max(min, mean)));
    point.min[figure] = tidy(min);
    point.max[figure] = tidy(max);
    const seconds = row[`${column}_s`];
    if (typeof seconds === "number" && seconds !== row.seconds) covered[figure] = seconds;
  }
  if (loadFigures.some((figure) => covered[figure] !== undefined)) point.covered = covered;
  return point;
}
