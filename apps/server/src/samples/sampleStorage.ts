import type pg from "pg";
import { dayMs, tiers, type Keep } from "./tiers.ts";

/** What samples cost on the disk of the database. */
export interface SampleStorage {
  /** Seconds between two measurements of an object. */
  interval: number;
  /** Hosts and active VMs that are measured. */
  objects: number;
  tiers: {
    name: "20s" | "5m" | "1h";
    /** Seconds of one row. */
    step: number;
    keepDays: number;
    partitions: number;
    /** With indexes. */
    bytes: number;
    /** What it will take when as many objects were measured for as long as it is kept. */
    bytesExpected: number;
    /** All that was measured up to then is in it; absent of the finest. */
    until?: string;
  }[];
}

/** Bytes of a row with its share of the indexes, measured with all figures of a VM: `bench/`. The expectation where there is no table yet. */
const bytesOfRow = { "20s": 200, "5m": 340, "1h": 340 } as const;

/** Sizes as the database has them, and as they will be. */
export async function sampleStorage(pool: pg.Pool, site: { keep: Keep; interval: number; objects: number }): Promise<SampleStorage> {
  const { rows } = await pool.query<{ parent: string; partitions: number; bytes: number }>(
    `select p.relname as parent, count(*)::integer as partitions, sum(pg_total_relation_size(inhrelid))::bigint as bytes
     from pg_inherits join pg_class p on p.oid = inhparent where inhparent = any($1::regclass[]) group by 1`,
    [tiers.map(({ table }) => table)],
  );
  const until = await pool.query<{ name: string; until: Date }>("select name, until from sample_tier");
  return {
    interval: site.interval,
    objects: site.objects,
    tiers: tiers.map(({ name, table, stepMs }, i) => {
      const found = rows.find(({ parent }) => parent === table);
      const step = i === 0 ? site.interval : stepMs / 1000;
      const keepDays = site.keep[name];
      const there = until.rows.find((row) => row.name === name)?.until.toISOString();
      return {
        name,
        step,
        keepDays,
        partitions: found?.partitions ?? 0,
        bytes: found?.bytes ?? 0,
        bytesExpected: Math.round(((site.objects * keepDays * dayMs) / 1000 / step) * bytesOfRow[name]),
        ...(there === undefined ? {} : { until: there }),
      };
    }),
  };
}
