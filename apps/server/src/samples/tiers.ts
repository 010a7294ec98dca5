import { loadFigures, type LoadFigure } from "@polyvisor/model";

const minute = 60_000;
const hour = 60 * minute;
export const dayMs = 24 * hour;

/** A resolution in which samples are kept. Times in milliseconds. */
export interface Tier {
  readonly name: "20s" | "5m" | "1h";
  readonly table: string;
  /** Of one row. Of the finest it is as long as the interval, which a large estate stretches. */
  readonly stepMs: number;
  /** Length of a partition; a calendar month where undefined. */
  readonly partitionMs: number | undefined;
  /** How much is put into this tier at once: rows of one object that are made together lie together, which is what reading them costs. */
  readonly batchMs: number;
}

export const fine: Tier = { name: "20s", table: "sample", stepMs: 20_000, partitionMs: hour, batchMs: 0 };
export const middle: Tier = { name: "5m", table: "sample_5m", stepMs: 5 * minute, partitionMs: dayMs, batchMs: hour };
export const coarse: Tier = { name: "1h", table: "sample_1h", stepMs: hour, partitionMs: undefined, batchMs: 6 * hour };
export const tiers: readonly Tier[] = [fine, middle, coarse];

/** How long each tier is kept, in days. */
export interface Keep {
  "20s": number;
  "5m": number;
  "1h": number;
}

const columns: Record<LoadFigure, string> = {
  cpu: "cpu",
  cpuUse: "cpu_use",
  cpuWait: "cpu_wait",
  cpuIoWait: "cpu_io_wait",
  memoryUsed: "memory_used",
  memoryResident: "memory_resident",
  memoryAvailable: "memory_available",
  diskReadBytesPerSecond: "disk_read",
  diskWriteBytesPerSecond: "disk_write",
  diskReadsPerSecond: "disk_reads",
  diskWritesPerSecond: "disk_writes",
  diskReadLatency: "disk_read_latency",
  diskWriteLatency: "disk_write_latency",
  netReceiveBytesPerSecond: "net_receive",
  netTransmitBytesPerSecond: "net_transmit",
};
/** Each figure with its column. */
export const figureColumns: readonly (readonly [figure: LoadFigure, column: string])[] = loadFigures.map((figure) => [figure, columns[figure]]);

const each = (text: (column: string) => string): string => figureColumns.map(([, column]) => text(column)).join(", ");

/** Rows of a tier in the shape of all: `object_id`, `at`, `seconds`, and of each figure mean, minimum, maximum and covered seconds. */
export function rowsOf(tier: Tier, where: string): string {
  const shape =
    tier === fine
      ? each((c) => `${c}::float8 as ${c}, ${c}::float8 as ${c}_min, ${c}::float8 as ${c}_max, seconds::float8 as ${c}_s`)
      : each(
          (c) =>
            `${c}::float8 as ${c}, coalesce(${c}_min, ${c})::float8 as ${c}_min, coalesce(${c}_max, ${c})::float8 as ${c}_max, coalesce(${c}_s, seconds)::float8 as ${c}_s`,
        );
  return `select object_id, at, seconds::float8 as seconds, ${shape} from ${tier.table} where ${where}`;
}

/**
 * Merges rows of {@link rowsOf} by stretches of `step` (an SQL interval): what `mergePoints` of the model does. Stretches
 * are aligned to 1970 and include their end.
 */
export function merged(rows: string, step: string): string {
  const sums = each(
    (c) =>
      `sum(${c} * ${c}_s) / nullif(sum(${c}_s) filter (where ${c} is not null), 0) as ${c}, min(${c}_min) as ${c}_min, max(${c}_max) as ${c}_max, sum(${c}_s) filter (where ${c} is not null) as ${c}_s`,
  );
  return `select object_id, date_bin(${step}, at - interval '1 microsecond', timestamptz 'epoch') + ${step} as at, sum(seconds) as seconds, ${sums} from (${rows}) as rows group by 1, 2`;
}

/** Puts merged rows into a tier; rows that are there are replaced, so that doing it again changes nothing. */
export function putInto(tier: Tier, rows: string): string {
  const names = ["seconds", ...figureColumns.flatMap(([, c]) => [c, `${c}_min`, `${c}_max`, `${c}_s`])];
  const values = each(
    (c) =>
      `mean_${c}, nullif(${c}_min::real, mean_${c}) as ${c}_min, nullif(${c}_max::real, mean_${c}) as ${c}_max, nullif(${c}_s::real, seconds::real) as ${c}_s`,
  );
  // A mean lies between the ends, also where sums were rounded.
  const means = each((c) => `least(greatest(${c}, ${c}_min), ${c}_max)::real as mean_${c}`);
  return `insert into ${tier.table} (object_id, at, ${names.join(", ")})
select object_id, at, seconds, ${values} from (select *, ${means} from (${rows}) as merged) as rounded order by object_id, at
on conflict (object_id, at) do update set ${names.map((name) => `${name} = excluded.${name}`).join(", ")}`;
}
