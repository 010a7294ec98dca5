import { chmod, mkdir, mkdtemp, rm, statfs } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { makePartitions } from "../../apps/server/src/samples/partitions.ts";
import { readPoints } from "../../apps/server/src/samples/readPoints.ts";
import { RollUp } from "../../apps/server/src/samples/rollUp.ts";
import { writeRows, type SampleRow } from "../../apps/server/src/samples/sampleWriter.ts";
import { coarse, figureColumns, fine, middle, type Tier } from "../../apps/server/src/samples/tiers.ts";
import { labLog } from "../../apps/server/src/lab/labPlane.ts";
import { openStore } from "../../apps/server/src/store/openStore.ts";
import { quantile } from "./measure.ts";

// What samples cost: rows written in a second, a roll-up, bytes of a row, and a year of hours of one VM. On the private
// PostgreSQL of a server, as it is shipped. Prints a table, asserts nothing.

const { values } = parseArgs({
  options: { vms: { type: "string", default: "2500" }, days: { type: "string", default: "365" }, ticks: { type: "string", default: "60" } },
});
const vms = Number(values.vms);
const hour = 3_600_000;
const rows: [what: string, figure: string][] = [];
const folder = await mkdtemp(join(tmpdir(), "pv-bench-samples-"));
await chmod(folder, 0o711); // as root, PostgreSQL runs as another account and must get through
await mkdir(join(folder, "data"), { mode: 0o711 });
const store = await openStore({ kind: "private", dataFolder: join(folder, "data") }, labLog);
const cpuOf = async (): Promise<number> => process.cpuUsage().user + process.cpuUsage().system;

const figuresOf = (seed: number): Record<string, number> =>
  Object.fromEntries(
    figureColumns
      .filter(([figure]) => figure !== "cpuIoWait")
      .map(([figure], i) => [figure, ((seed * 7919 + i * 104_729) % 1_000_003) * (figure.startsWith("memory") ? 4096 : 0.013)]),
  );
async function bytes(tier: Tier): Promise<{ bytes: number; rows: number }> {
  const { rows: sums } = await store.pool.query<{ bytes: number; rows: number }>(
    `select (select sum(pg_total_relation_size(inhrelid))::bigint from pg_inherits where inhparent = '${tier.table}'::regclass) as bytes, (select count(*) from ${tier.table}) as rows`,
  );
  return sums[0]!;
}

try {
  // Writing: each tick every VM, as the server does it.
  const begin = Math.floor(Date.now() / hour) * hour - 3 * hour;
  await makePartitions(store.pool, fine, begin, begin + 2 * hour);
  const ticks = Number(values.ticks);
  const cpu = await cpuOf();
  const started = performance.now();
  for (let tick = 1; tick <= ticks; tick++) {
    const all = Array.from({ length: vms }, (_, vm): SampleRow => [
      `vm-${String(vm).padStart(20, "0")}`,
      { at: begin + tick * 20_000, seconds: 20, ...figuresOf(vm * 31 + tick) },
    ]);
    for (let i = 0; i < all.length; i += 2000) await writeRows(store.pool, all.slice(i, i + 2000));
  }
  const took = performance.now() - started;
  rows.push(["rows written in a second, one connection", `${Math.round((vms * ticks * 1000) / took)}`]);
  rows.push(["server's processor time for 1,000 rows", `${(((await cpuOf()) - cpu) / 1000 / ((vms * ticks) / 1000)).toFixed(2)} ms`]);
  const fineSize = await bytes(fine);
  rows.push(["bytes of a row of 20 s, with indexes", (fineSize.bytes / fineSize.rows).toFixed(0)]);

  const rolling = new RollUp({
    pool: store.pool,
    log: labLog,
    now: () => begin + 2 * hour,
    monotonic: () => performance.now(),
    keep: { "20s": 2, "5m": 32, "1h": 367 },
  });
  const rollStart = performance.now();
  await rolling.run();
  const middleSize = await bytes(middle);
  rows.push([
    `roll-up of ${(vms * ticks).toLocaleString("en")} rows of 20 s into ${middleSize.rows.toLocaleString("en")} of 5 minutes`,
    `${((performance.now() - rollStart) / 1000).toFixed(2)} s`,
  ]);
  rows.push(["bytes of a row of 5 minutes, with indexes", (middleSize.bytes / middleSize.rows).toFixed(0)]);

  // A year of hours: put in six hours at a time in the order of the roll-up, so lying on the disk as it makes them.
  const year = Number(values.days) * 24;
  const end = Math.floor(begin / (6 * hour)) * 6 * hour;
  await makePartitions(store.pool, coarse, end - year * hour, end);
  const names = figureColumns.flatMap(([, c]) => [c, `${c}_min`, `${c}_max`]);
  const value = (n: number) => `((v * 31 + h * 7 + ${n}) % 1009)::real`;
  await store.pool.query("truncate sample_1h");
  const fill = performance.now();
  for (let h = 0; h < year; h += 6)
    await store.pool.query({
      text: `insert into sample_1h (object_id, at, seconds, ${names.join(", ")}) select 'vm-' || lpad(v::text, 20, '0'), to_timestamp(${(end - year * hour) / 1000} + (h + 1) * 3600), 3600, ${names.map((_, i) => value(i)).join(", ")}
             from generate_series(0, ${vms - 1}) as v, generate_series(${h}, ${h + 5}) as h order by v, h`,
      query_timeout: 600_000,
    } as { text: string });
  await store.pool.query("update sample_tier set until = $1, closing = $1", [new Date(end)]);
  const coarseSize = await bytes(coarse);
  rows.push([
    `a year of hours of ${vms.toLocaleString("en")} VMs: ${coarseSize.rows.toLocaleString("en")} rows, ${(coarseSize.bytes / 2 ** 30).toFixed(1)} GiB; bytes of a row`,
    `${(coarseSize.bytes / coarseSize.rows).toFixed(0)} (put in within ${((performance.now() - fill) / 1000).toFixed(0)} s)`,
  ]);
  const ask = async (): Promise<number> => {
    const id = `vm-${String(Math.floor(Math.random() * vms)).padStart(20, "0")}`;
    const from = performance.now();
    const points = await readPoints(store.pool, id, end - year * hour, end, { tier: coarse, step: 9 * 3600 });
    if (points.length < Math.floor(year / 9)) throw new Error(`only ${points.length} points`);
    return performance.now() - from;
  };
  await ask();
  const times: number[] = [];
  for (let i = 0; i < 300; i++) times.push(await ask());
  rows.push(["a year of hours of a random VM as 974 points: median, p99", `${quantile(times, 0.5).toFixed(0)} ms, ${quantile(times, 0.99).toFixed(0)} ms`]);
  // What a larger table adds is that these pages are not in memory: each is then a read of the disk.
  let pages = 0;
  const explaining = {
    async query(text: string, params?: unknown[]): Promise<unknown> {
      if (params === undefined) return store.pool.query(text);
      const { rows: plan } = await store.pool.query<{ "QUERY PLAN": [{ Plan: Record<string, number> }] }>(
        `explain (analyze, buffers, format json) ${text}`,
        params,
      );
      const { Plan } = plan[0]!["QUERY PLAN"][0];
      pages = Plan["Shared Hit Blocks"]! + Plan["Shared Read Blocks"]!;
      return { rows: [] };
    },
  };
  await readPoints(explaining as unknown as typeof store.pool, `vm-${"0".padStart(20, "0")}`, end - year * hour, end, { tier: coarse, step: 9 * 3600 });
  rows.push(["pages of 8 KiB that it reads, however many VMs there are", String(pages)]);
  const disk = await statfs(folder);
  process.stdout.write(
    `${vms.toLocaleString("en")} VMs; ${Math.round((disk.bavail * disk.bsize) / 2 ** 30)} GiB free\n\n| what | |\n|---|---:|\n${rows.map(([what, figure]) => `| ${what} | ${figure} |`).join("\n")}\n`,
  );
} finally {
  await store.close();
  await rm(folder, { recursive: true, force: true });
}
