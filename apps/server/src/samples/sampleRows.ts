import type { Load } from "@polyvisor/model";
import type pg from "pg";

const day = 86_400_000;
const dateOf = (at: number): string => new Date(at).toISOString().slice(0, 10);
const partition = (at: number): string => `sample_${dateOf(at).replaceAll("-", "")}`;

/** Makes the partitions of yesterday (for late rows), today and tomorrow, and drops those that are older than they are kept. */
export async function keepPartitions(pool: pg.Pool, now: number, keepDays: number): Promise<void> {
  for (const at of [now - day, now, now + day]) {
    const from = dateOf(at);
    await pool
      .query(
        `create table if not exists ${partition(at)} partition of sample for values from ('${from} 00:00:00+00') to ('${dateOf(Date.parse(from) + day)} 00:00:00+00')`,
      )
      .catch((error: { code?: string }) => {
        if (error.code !== "42P07" && error.code !== "23505" && error.code !== "42P17") throw error; // another server was faster
      });
  }
  const oldest = partition(now - keepDays * day);
  const { rows } = await pool.query<{ name: string }>(
    "select c.relname as name from pg_inherits i join pg_class c on c.oid = i.inhrelid where i.inhparent = 'sample'::regclass",
  );
  for (const { name } of rows) if (/^sample_\d{8}$/.test(name) && name < oldest) await pool.query(`drop table if exists ${name}`);
}

/** Writes loads of objects in one statement. */
export async function writeLoads(pool: pg.Pool, list: readonly (readonly [id: string, load: Load])[]): Promise<void> {
  const column = (read: (load: Load) => number | undefined): (number | null)[] => list.map(([, load]) => read(load) ?? null);
  const whole = (value: number | undefined): number | undefined => (value === undefined ? undefined : Math.round(value));
  await pool.query(
    `insert into sample (at, object_id, seconds, cpu, cpu_wait, memory_used, disk_read, disk_write, net_receive, net_transmit)
     select * from unnest($1::timestamptz[], $2::text[], $3::real[], $4::real[], $5::real[], $6::bigint[], $7::real[], $8::real[], $9::real[], $10::real[])`,
    [
      list.map(([, load]) => new Date(load.at)),
      list.map(([id]) => id),
      column((load) => load.seconds),
      column((load) => load.cpu),
      column((load) => load.cpuWait),
      column((load) => whole(load.memoryUsed)),
      column((load) => load.diskReadBytesPerSecond),
      column((load) => load.diskWriteBytesPerSecond),
      column((load) => load.netReceiveBytesPerSecond),
      column((load) => load.netTransmitBytesPerSecond),
    ],
  );
}

interface HistoryRow {
  at: Date;
  seconds: number;
  cpu: number | null;
  cpu_wait: number | null;
  memory_used: number | null;
  disk_read: number | null;
  disk_write: number | null;
  net_receive: number | null;
  net_transmit: number | null;
}

/**
 * Means over steps of `step` seconds, each weighed by the time it covers. A step in which nothing was measured has no
 * point. Steps are aligned to multiples of their length since 1970.
 */
export async function readLoads(pool: pg.Pool, id: string, from: number, to: number, step: number): Promise<Load[]> {
  const mean = (column: string): string =>
    `sum(${column} * seconds) filter (where ${column} is not null) / nullif(sum(seconds) filter (where ${column} is not null), 0) as ${column}`;
  const { rows } = await pool.query<HistoryRow>(
    `select to_timestamp(floor(extract(epoch from at) / $4) * $4 + $4) as at, sum(seconds) as seconds, ${["cpu", "cpu_wait", "disk_read", "disk_write", "net_receive", "net_transmit"].map(mean).join(", ")}, (sum(memory_used * seconds) filter (where memory_used is not null) / nullif(sum(seconds) filter (where memory_used is not null), 0))::float8 as memory_used
     from sample where object_id = $1 and at > $2 and at <= $3 group by 1 order by 1 limit 5000`,
    [id, new Date(from), new Date(to), step],
  );
  return rows.map((row) => ({
    at: row.at.getTime(),
    seconds: row.seconds,
    cpu: row.cpu ?? undefined,
    cpuWait: row.cpu_wait ?? undefined,
    memoryUsed: row.memory_used === null ? undefined : Math.round(row.memory_used),
    diskReadBytesPerSecond: row.disk_read ?? undefined,
    diskWriteBytesPerSecond: row.disk_write ?? undefined,
    netReceiveBytesPerSecond: row.net_receive ?? undefined,
    netTransmitBytesPerSecond: row.net_transmit ?? undefined,
  }));
}
