import type { Logger } from "pino";
import type pg from "pg";
import { ClockTrust } from "../clockTrust.ts";
import { dropPartition, makePartitions, partitionsOf } from "./partitions.ts";
import { coarse, dayMs, fine, merged, middle, putInto, rowsOf, tiers, type Keep, type Tier } from "./tiers.ts";

/** Any number that no other program on a shared database uses; made once at random. One server at a time rolls up. */
const lockKey = "6120947733185402";
/** A stretch is closed this long after its end: rows that wait for the store have come by then; others are late. */
const graceMs = 120_000;
/** Stretches that came late, in one pass. */
const lateAtMost = 500;

export interface RollUpOptions {
  pool: pg.Pool;
  log: Logger;
  now: () => number;
  /** Milliseconds that no step of the clock touches. */
  monotonic: () => number;
  keep: Keep;
}

interface TierRow {
  name: string;
  until: Date;
  closing: Date;
}

/**
 * Puts what was measured into the coarser tiers and drops what is kept no longer. Each piece is one transaction that
 * says how far it came, and doing it again changes nothing: it may be killed anywhere. Several servers may run it.
 */
export class RollUp {
  readonly #options: RollUpOptions;
  #running: Promise<void> | undefined;
  #closed = false;
  readonly #clock: ClockTrust;
  readonly figures = { pieces: 0, late: 0, failures: 0, seconds: 0 };

  constructor(options: RollUpOptions) {
    this.#options = options;
    this.#clock = new ClockTrust({ ...options, stepped: () => options.log.warn("the clock was stepped; no samples are dropped for a day") });
  }

  /** Does all that is due. Never rejects: what failed is tried again by the next call. */
  run(): Promise<void> {
    this.#running ??= this.#run()
      .catch((error: unknown) => {
        this.figures.failures++;
        this.#options.log.warn({ err: error }, "samples could not be rolled up; it is tried again");
      })
      .finally(() => (this.#running = undefined));
    return this.#running;
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#running;
  }

  async #run(): Promise<void> {
    const began = this.#options.monotonic();
    const trusted = this.#clock.trusted();
    await this.#roll(fine, middle);
    await this.#roll(middle, coarse);
    if (trusted && !this.#closed) await this.#drop();
    this.figures.seconds += (this.#options.monotonic() - began) / 1000;
  }

  /** Runs one transaction as the only server. @returns undefined where another one is at it */
  async #alone<T>(work: (client: pg.PoolClient) => Promise<T>): Promise<T | undefined> {
    const client = await this.#options.pool.connect();
    let broken: Error | undefined;
    try {
      await client.query("begin");
      const { rows } = await client.query<{ mine: boolean }>("select pg_try_advisory_xact_lock($1) as mine", [lockKey]);
      const answer = rows[0]!.mine ? await work(client) : undefined;
      await client.query("commit");
      return answer;
    } catch (error) {
      await client.query("rollback").catch((late: Error) => (broken = late));
      throw error;
    } finally {
      client.release(broken);
    }
  }

  async #roll(from: Tier, to: Tier): Promise<void> {
    let more = true;
    while (more && !this.#closed) {
      more = (await this.#close(from, to)) === true && (await this.#alone((client) => this.#piece(client, from, to))) === true;
    }
    more = true;
    for (let n = 0; more && n < lateAtMost && !this.#closed; n++) more = (await this.#alone((client) => this.#late(client, from, to))) === true;
  }

  /**
   * Says up to where the next piece goes, in a transaction of its own that waits for those who write: from then on who
   * writes something older notes it as late. @returns whether there is a piece to do
   */
  #close(from: Tier, to: Tier): Promise<boolean | undefined> {
    return this.#alone(async (client) => {
      const { rows } = await client.query<TierRow>("select name, until, closing from sample_tier for update");
      const tier = (name: string): TierRow | undefined => rows.find((row) => row.name === name);
      const mine = tier(to.name)!;
      const ready = from === fine ? this.#options.now() - graceMs : tier(from.name)!.until.getTime();
      const end = Math.floor(ready / to.batchMs) * to.batchMs;
      // A clock that was ahead and is right again must not hold it up: all that was written meanwhile is noted as late.
      const until = mine.until.getTime() > end + 2 * dayMs ? end : mine.until.getTime();
      // Where there is no partition nothing was measured. What ends with the second that a partition begins stands in it.
      const begin = (await partitionsOf(client, from)).find((each) => each.to > until)?.from ?? Infinity;
      const start = Math.max(until, Math.min(end, Math.floor((begin - 1) / to.batchMs) * to.batchMs));
      const next = Math.min(end, start + to.batchMs);
      const closing = Math.max(start, next);
      if (start !== mine.until.getTime() || closing !== mine.closing.getTime())
        await client.query("update sample_tier set until = $2, closing = $3 where name = $1", [to.name, new Date(start), new Date(closing)]);
      return next > start;
    });
  }

  async #piece(client: pg.PoolClient, from: Tier, to: Tier): Promise<boolean> {
    const { rows } = await client.query<TierRow>("select name, until, closing from sample_tier where name = $1", [to.name]);
    const { until, closing } = rows[0]!;
    if (closing.getTime() <= until.getTime()) return true; // another server did it
    await this.#put(client, from, to, until, closing);
    await client.query("update sample_tier set until = $2 where name = $1", [to.name, closing]);
    this.figures.pieces++;
    return true;
  }

  /** Makes one stretch anew that was written to after it was closed. @returns whether there may be more */
  async #late(client: pg.PoolClient, from: Tier, to: Tier): Promise<boolean> {
    const { rows } = await client.query<{ at: Date }>(
      `delete from sample_late where tier = $1 and at in (
         select late.at from sample_late late join sample_tier on name = tier where tier = $1 and late.at <= until order by late.at limit 1) returning at`,
      [to.name],
    );
    const end = rows[0]?.at;
    if (!end) return false;
    const start = new Date(end.getTime() - to.stepMs);
    // Where the finer rows are dropped already, a part of them must not replace the whole.
    const oldest = (await partitionsOf(client, from))[0]?.from;
    if (oldest !== undefined && oldest <= start.getTime()) {
      await this.#put(client, from, to, start, end);
      this.figures.late++;
    }
    if (to === middle)
      await client.query(
        `insert into sample_late select $2, stretch from (select date_bin('1 hour', $1::timestamptz - interval '1 microsecond', timestamptz 'epoch') + interval '1 hour' as stretch) as one
         where stretch <= (select until from sample_tier where name = $2) on conflict do nothing`,
        [end, coarse.name],
      );
    return true;
  }

  async #put(client: pg.PoolClient, from: Tier, to: Tier, start: Date, end: Date): Promise<void> {
    await makePartitions(client, to, start.getTime() + 1, end.getTime());
    // One core at most, and no more memory than is polite; a large piece sorts on disk.
    await client.query("set local statement_timeout = '30min'; set local max_parallel_workers_per_gather = 0; set local work_mem = '64MB'");
    const bounds = [start, end].map((time) => `timestamptz '${time.toISOString()}'`);
    const rows = merged(rowsOf(from, `at > ${bounds[0]} and at <= ${bounds[1]}`), `interval '${to.stepMs / 1000} seconds'`);
    await client.query({ text: putInto(to, rows), query_timeout: 31 * 60_000 } as pg.QueryConfig);
  }

  /** Drops partitions that are kept no longer, but none that is not in the next tier yet. */
  async #drop(): Promise<void> {
    const { pool, now, keep } = this.#options;
    const { rows } = await pool.query<TierRow>("select name, until, closing from sample_tier");
    for (const tier of tiers) {
      const next = tier === fine ? middle : tier === middle ? coarse : undefined;
      const rolledUp = rows.find((row) => row.name === next?.name)?.until.getTime() ?? Infinity;
      const before = Math.min(now() - keep[tier.name] * dayMs, rolledUp);
      for (const { name, to } of await partitionsOf(pool, tier)) if (to <= before && !(await dropPartition(pool, name))) break;
    }
  }
}
