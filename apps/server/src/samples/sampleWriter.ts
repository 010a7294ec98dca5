import type { Load } from "@polyvisor/model";
import type { Logger } from "pino";
import type pg from "pg";
import { makePartitions } from "./partitions.ts";
import { dayMs, figureColumns, fine, middle, type Keep } from "./tiers.ts";

/** Rows that wait for the store at most; what is more is a gap. */
const waitingAtMost = 200_000;
/** Rows of one statement: some 5 ms of work at once, for whoever asks for something meanwhile. */
const batchRows = 300;
/** Clocks of servers may differ by this; what is further ahead is not kept. */
const aheadMs = 3_600_000;
const largest = 3e38; // of `real`
const smallest = 2e-38;

export type SampleRow = readonly [id: string, load: Load];

export interface SampleWriterOptions {
  pool: pg.Pool;
  log: Logger;
  now: () => number;
  keep: Keep;
}

/** Writes loads in batches. A row that the database refuses is left out; where the database is away rows wait, with a bound. */
export class SampleWriter {
  readonly #options: SampleWriterOptions;
  #waiting: SampleRow[][] = [];
  #count = 0;
  #writing: Promise<void> | undefined;
  /** Hours that have their partition. */
  readonly #made = new Set<number>();
  #doubtful = false;
  #saidAt = -Infinity;
  readonly figures = { rowsWritten: 0, refused: 0, lost: 0 };

  constructor(options: SampleWriterOptions) {
    this.#options = options;
  }

  get waiting(): number {
    return this.#count;
  }

  add(rows: SampleRow[]): void {
    if (rows.length === 0) return;
    this.#waiting.push(rows);
    this.#count += rows.length;
    while (this.#count > waitingAtMost) {
      const gone = this.#waiting.shift()!.length;
      this.#count -= gone;
      this.figures.lost += gone;
    }
  }

  /** Writes what waits. Resolves when it is written, or has to wait on. */
  write(): Promise<void> {
    this.#writing ??= this.#writeAll().finally(() => (this.#writing = undefined));
    return this.#writing;
  }

  async #writeAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      const taken: SampleRow[][] = [];
      let count = 0;
      while (this.#waiting.length > 0 && count < batchRows) {
        const next = this.#waiting.shift()!;
        taken.push(next);
        count += next.length;
      }
      this.#count -= count; // theirs is given back below
      const rows = this.#kept(taken.flat());
      try {
        // After a failure nobody knows whether only the answer was lost.
        await this.#put(this.#doubtful ? await unwritten(this.#options.pool, rows) : rows);
        this.#doubtful = false;
      } catch (error) {
        this.#doubtful = true;
        this.#waiting.unshift(...taken);
        this.#count += count;
        this.#say(error, { rows: this.#count }, "samples could not be written; they wait");
        return;
      }
    }
  }

  /** What lies in the time that is kept: a clock that is a year off fills no tables. */
  #kept(rows: SampleRow[]): SampleRow[] {
    const { now, keep } = this.#options;
    const oldest = now() - keep["20s"] * dayMs;
    const newest = now() + aheadMs;
    const inTime = rows.filter(([, { at, seconds }]) => at > oldest && at <= newest && seconds > 0 && seconds < largest);
    this.figures.refused += rows.length - inTime.length;
    return inTime;
  }

  async #put(rows: readonly SampleRow[]): Promise<void> {
    if (rows.length === 0) return;
    try {
      await this.#partitions(rows);
      await writeRows(this.#options.pool, rows);
      this.figures.rowsWritten += rows.length;
    } catch (error) {
      const { code } = error as { code?: string };
      // 22: a value that the column does not take; 23: no partition takes it, or a rule of the table.
      if (code !== undefined && /^2[23]/.test(code)) {
        if (rows.length > 1) {
          const half = rows.length >> 1;
          await this.#put(rows.slice(0, half));
          await this.#put(rows.slice(half));
          return;
        }
        if (code === "23514") this.#made.clear(); // its partition was dropped by hand: the next batch makes it anew
        this.figures.refused++;
        this.#say(error, { object: rows[0]![0] }, "the database refuses a sample; it is left out");
        return;
      }
      throw error;
    }
  }

  async #partitions(rows: readonly SampleRow[]): Promise<void> {
    const hour = fine.partitionMs!;
    const ahead = Math.floor(this.#options.now() / hour) + 1; // made before the hour strikes
    const hours = [...new Set([...rows.map(([, { at }]) => Math.floor(at / hour)), ahead])].filter((each) => !this.#made.has(each));
    for (const each of hours) {
      await makePartitions(this.#options.pool, fine, each * hour, each * hour);
      this.#made.add(each);
    }
    if (this.#made.size > 100) this.#made.clear();
  }

  /** Once in a minute is enough. */
  #say(error: unknown, what: object, text: string): void {
    if (performance.now() - this.#saidAt < 60_000) return;
    this.#saidAt = performance.now();
    this.#options.log.warn({ err: error, ...what }, text);
  }
}

const columns = figureColumns.map(([, column]) => column);
const types = columns.map((column) => (column === "memory_used" ? "bigint" : "real"));
/**
 * One statement, so one transaction: rows, and for those that come after their stretch was closed a note, so that it is
 * made anew. The lock on the tier's row lets a close wait for those who write meanwhile. Nobody waits for the disk: what
 * a crash of the database may lose is the last half second.
 */
const statement = `with tier as (select closing, set_config('synchronous_commit', 'off', true) from sample_tier where name = '${middle.name}' for share),
kept as (insert into sample (at, object_id, seconds, ${columns.join(", ")})
  select * from unnest($1::timestamptz[], $2::text[], $3::real[], ${types.map((type, i) => `$${i + 4}::${type}[]`).join(", ")}))
insert into sample_late select distinct '${middle.name}', stretch from (
  select date_bin('5 minutes', at - interval '1 microsecond', timestamptz 'epoch') + interval '5 minutes' as stretch from unnest($1::timestamptz[]) as at
) as stretches where stretch <= (select closing from tier) on conflict do nothing`;

const numberOf = (value: number | undefined, whole: boolean): string =>
  value === undefined || !(Math.abs(value) < largest)
    ? "NULL"
    : String(whole ? Math.round(Math.min(value, Number.MAX_SAFE_INTEGER)) : Math.abs(value) < smallest ? 0 : value);
const array = (parts: string[]): string => `{${parts.join(",")}}`;

/** Writes loads of objects in one transaction. Figures that no column could hold are left out. */
export async function writeRows(pool: pg.Pool, rows: readonly SampleRow[]): Promise<void> {
  await pool.query({
    name: "write-samples",
    text: statement,
    values: [
      array(rows.map(([, { at }]) => `"${new Date(at).toISOString()}"`)),
      array(rows.map(([id]) => `"${id.replaceAll(/["\\]/g, "\\$&")}"`)),
      array(rows.map(([, { seconds }]) => String(seconds))),
      ...figureColumns.map(([figure], i) => array(rows.map(([, load]) => numberOf(load[figure], types[i] === "bigint")))),
    ],
  });
}

async function unwritten(pool: pg.Pool, rows: readonly SampleRow[]): Promise<SampleRow[]> {
  const { rows: there } = await pool.query<{ n: number }>(
    "select n::integer as n from unnest($1::text[], $2::timestamptz[]) with ordinality as wanted (id, time, n) where exists (select 1 from sample where object_id = id and at = time)",
    [rows.map(([id]) => id), rows.map(([, { at }]) => new Date(at))],
  );
  const written = new Set(there.map(({ n }) => n - 1));
  return rows.filter((_, i) => !written.has(i));
}
