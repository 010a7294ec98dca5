import { pino } from "pino";
import type { Load, LoadPoint } from "@polyvisor/model";
import type pg from "pg";
import { partitionsOf } from "../samples/partitions.ts";
import { readPoints } from "../samples/readPoints.ts";
import { RollUp } from "../samples/rollUp.ts";
import { SampleWriter, type SampleRow } from "../samples/sampleWriter.ts";
import { fine, tiers } from "../samples/tiers.ts";
import { openStore, type Store } from "../store/openStore.ts";
import { startSitePostgres } from "./sitePostgres.ts";

const log = pino({ level: process.env["LAB_LOG"] ?? "silent" });
const hour = 3_600_000;
export const midnight = Date.parse("2026-03-01T00:00:00Z");
export const keep = { "20s": 25 / 24, "5m": 32, "1h": 367 };

/** 20 s that end at a time. */
export const load = (at: number, cpu: number | undefined, more: Partial<Load> = {}): Load => ({ at, seconds: 20, cpu, ...more });

/** Samples in a PostgreSQL of the test's own, with a clock to be set; both kinds of time go on together unless a test steps one. */
export class SamplesLab {
  readonly store: Store;
  readonly #close: () => Promise<void>;
  wall = midnight + 12 * hour;
  mono = 0;

  private constructor(store: Store, close: () => Promise<void>) {
    this.store = store;
    this.#close = close;
  }

  static async open(): Promise<SamplesLab> {
    const site = await startSitePostgres();
    const store = await openStore({ kind: "url", url: await site.database() }, log);
    return new SamplesLab(store, async () => {
      await store.close();
      await site.close();
    });
  }
  close(): Promise<void> {
    return this.#close();
  }

  /** No samples, at noon. */
  async clear(): Promise<void> {
    this.wall = midnight + 12 * hour;
    this.mono = 0;
    const { pool } = this.store;
    for (const tier of tiers) for (const { name } of await partitionsOf(pool, tier)) await pool.query(`drop table ${name}`);
    await pool.query("delete from sample_late");
    await this.rolledUntil(midnight - 15 * 24 * hour);
  }
  async rolledUntil(at: number): Promise<void> {
    await this.store.pool.query("update sample_tier set until = $1, closing = $1", [new Date(at)]);
  }

  go(ms: number): void {
    this.wall += ms;
    this.mono += ms;
  }
  roller(pool: pg.Pool = this.store.pool): RollUp {
    return new RollUp({ pool, log, now: () => this.wall, monotonic: () => this.mono, keep });
  }
  writer(pool: pg.Pool = this.store.pool): SampleWriter {
    return new SampleWriter({ pool, log, now: () => this.wall, keep });
  }
  /** @throws where not every row was written */
  async write(...rows: SampleRow[]): Promise<void> {
    const writer = this.writer();
    writer.add(rows);
    await writer.write();
    if (writer.figures.rowsWritten !== rows.length) throw new Error(`${writer.figures.rowsWritten} of ${rows.length} rows were written`);
  }
  read(id: string, from: number, to: number, tier = fine, step = tier.stepMs / 1000): Promise<LoadPoint[]> {
    return readPoints(this.store.pool, id, from, to, { tier, step });
  }
  async content(table: string): Promise<unknown[]> {
    return (await this.store.pool.query(`select * from ${table} order by object_id, at`)).rows as unknown[];
  }

  /** A pool whose connections break at the n-th statement, before or after the database did it. */
  breaking(at: number, after: boolean): { pool: pg.Pool; asked(): number } {
    let asked = 0;
    const query = async (real: (...args: unknown[]) => Promise<unknown>, args: unknown[]): Promise<unknown> => {
      const mine = asked++;
      if (mine >= at && !(after && mine === at)) throw new Error("Connection terminated unexpectedly");
      const answer = await real(...args);
      if (mine === at) throw new Error("Connection terminated unexpectedly");
      return answer;
    };
    const pool = this.store.pool as unknown as { query(...args: unknown[]): Promise<unknown>; connect(): Promise<pg.PoolClient> };
    const broken = {
      query: (...args: unknown[]) => query((...all) => pool.query(...all), args),
      async connect() {
        const client = await pool.connect();
        return {
          query: (...args: unknown[]) => query((...all) => (client.query as (...each: unknown[]) => Promise<unknown>)(...all), args),
          release: (error?: Error) => client.release(error),
        };
      },
    };
    return { pool: broken as unknown as pg.Pool, asked: () => asked };
  }
}

/** Loads of 20 s each from a time on. */
export const run = (from: number, count: number, cpu: (n: number) => number | undefined): Load[] =>
  Array.from({ length: count }, (_, n) => load(from + (n + 1) * 20_000, cpu(n), { memoryUsed: 2 ** 30 + n }));
