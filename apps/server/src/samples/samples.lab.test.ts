import { downsample, loadFigures, pointOf, type Load, type LoadPoint } from "@polyvisor/model";
import fc from "fast-check";
import type pg from "pg";
import { pino } from "pino";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { startSitePostgres, type SitePostgres } from "../lab/sitePostgres.ts";
import { until } from "../lab/until.ts";
import { openStore, type Store } from "../store/openStore.ts";
import { partitionsOf } from "./partitions.ts";
import { readPoints } from "./readPoints.ts";
import { RollUp } from "./rollUp.ts";
import { SampleWriter, type SampleRow } from "./sampleWriter.ts";
import { sampleStorage } from "./sampleStorage.ts";
import { coarse, dayMs, fine, middle, tiers } from "./tiers.ts";

const labLog = pino({ level: process.env["POLYVISOR_LAB_LOG"] ?? "silent" });
let site: SitePostgres;
let store: Store;
beforeAll(async () => {
  site = await startSitePostgres();
  store = await openStore({ kind: "url", url: await site.database() }, labLog);
});
afterAll(async () => {
  await store.close();
  await site.close();
});

const hour = 3_600_000;
const midnight = Date.parse("2026-03-01T00:00:00Z");
const keep = { "20s": 25 / 24, "5m": 32, "1h": 367 };
/** The clock of the tests; both kinds of time go on together unless a test steps one. */
let wall: number;
let mono: number;
const go = (ms: number): void => {
  wall += ms;
  mono += ms;
};
const roller = (pool: pg.Pool = store.pool): RollUp => new RollUp({ pool, log: labLog, now: () => wall, monotonic: () => mono, keep });
const writer = (pool: pg.Pool = store.pool): SampleWriter => new SampleWriter({ pool, log: labLog, now: () => wall, keep });
async function write(...rows: SampleRow[]): Promise<void> {
  const mine = writer();
  mine.add(rows);
  await mine.write();
  expect(mine.figures).toEqual({ rowsWritten: rows.length, refused: 0, lost: 0 });
}
const load = (at: number, cpu: number | undefined, more: Partial<Load> = {}): Load => ({ at, seconds: 20, cpu, ...more });
/** 20 s each from a time on. */
const run = (from: number, count: number, cpu: (n: number) => number | undefined): Load[] =>
  Array.from({ length: count }, (_, n) => load(from + (n + 1) * 20_000, cpu(n), { memoryUsed: 2 ** 30 + n }));
const read = (id: string, from: number, to: number, tier = fine, step = tier.stepMs / 1000): Promise<LoadPoint[]> =>
  readPoints(store.pool, id, from, to, { tier, step });
const content = async (table: string): Promise<unknown[]> => (await store.pool.query(`select * from ${table} order by object_id, at`)).rows as unknown[];

beforeEach(async () => {
  wall = midnight + 12 * hour;
  mono = 0;
  for (const tier of tiers) for (const { name } of await partitionsOf(store.pool, tier)) await store.pool.query(`drop table ${name}`);
  await store.pool.query("delete from sample_late");
  await store.pool.query("update sample_tier set until = $1, closing = $1", [new Date(midnight - 15 * dayMs)]);
});

/** What the database made is what the model makes of the same measurements; `real` holds seven digits. */
function same(points: readonly LoadPoint[], wanted: readonly LoadPoint[]): void {
  expect(points.map(({ at }) => at)).toEqual(wanted.map(({ at }) => at));
  const near = (a: number | undefined, b: number | undefined): void => {
    if (b === undefined) expect(a).toBeUndefined();
    else expect(Math.abs(a! - b)).toBeLessThanOrEqual(Math.max(1e-6, Math.abs(b) * 1e-6));
  };
  points.forEach((point, i) => {
    const other = wanted[i]!;
    near(point.seconds, other.seconds);
    for (const figure of loadFigures) {
      near(point[figure], other[figure]);
      near(point.min[figure], other.min[figure]);
      near(point.max[figure], other.max[figure]);
      near(point.covered?.[figure], other.covered?.[figure]);
      if (point[figure] === undefined) continue;
      expect(point[figure]).toBeGreaterThanOrEqual(point.min[figure]!);
      expect(point[figure]).toBeLessThanOrEqual(point.max[figure]!);
    }
  });
}

test("what is read of each tier is what the model makes of the measurements, with every gap", { timeout: 120_000 }, async () => {
  let n = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(
        fc.record({
          gap: fc.oneof({ weight: 5, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(9000) }),
          seconds: fc.integer({ min: 1, max: 50 }),
          cpu: fc.option(fc.double({ min: 0, max: 128, noNaN: true }), { nil: undefined, freq: 4 }),
          memoryUsed: fc.option(fc.nat(2 ** 40), { nil: undefined, freq: 4 }),
          diskReadLatency: fc.option(fc.constantFrom(0, 0.001, 0.25), { nil: undefined, freq: 2 }),
        }),
        { minLength: 1, maxLength: 400 },
      ),
      async (list) => {
        const id = `vm-${++n}`;
        let at = midnight;
        const loads = list
          .map(({ gap, ...each }): Load => ({ ...each, at: (at += (gap + each.seconds) * 1000) }))
          .filter((each) => each.at < wall)
          .map((each) => ({
            ...each,
            cpu: each.cpu === undefined ? undefined : Math.fround(each.cpu),
            diskReadLatency: each.diskReadLatency === undefined ? undefined : Math.fround(each.diskReadLatency),
          }));
        if (loads.length === 0) return;
        await write(...loads.map((each): SampleRow => [id, each]));
        await roller().run();
        const points = loads.map(pointOf);
        for (const [tier, step] of [
          [fine, 20],
          [fine, 60],
          [middle, 300],
          [middle, 900],
          [coarse, 3600],
          [coarse, 7200],
        ] as const)
          same(await read(id, midnight, wall, tier, step), downsample(points, step * 1000));
      },
    ),
    { numRuns: 25 },
  );
  // Tiers are not only named: the hours up to 6:00 stand in theirs, later ones are made of the 5 minutes, the last of the measurements.
  const { rows } = await store.pool.query<{ name: string; until: Date }>("select name, until from sample_tier order by name");
  expect(rows.map(({ name, until }) => [name, until.getTime() - midnight])).toEqual([
    ["1h", 6 * hour],
    ["5m", 11 * hour],
  ]);
});

test("a gap at the seam of two tiers stays a gap", async () => {
  // Measured until 10:50, then not until 11:10; the 5 minutes reach until 11:00.
  await write(...[...run(midnight + 10 * hour, 150, () => 1), ...run(midnight + 11 * hour + 600_000, 30, () => 3)].map((each): SampleRow => ["vm-1", each]));
  await roller().run();
  const points = await read("vm-1", midnight, wall, middle);
  const minutes = points.map(({ at }) => (at - midnight - 10 * hour) / 60_000);
  expect(minutes).toEqual([5, 10, 15, 20, 25, 30, 35, 40, 45, 50, 75, 80]);
  expect((await content("sample_5m")).length).toBe(10);
  const hours = await read("vm-1", midnight, wall, coarse);
  expect(hours).toMatchObject([
    { at: midnight + 11 * hour, seconds: 3000, cpu: 1, min: { cpu: 1 }, max: { cpu: 1 } },
    { at: midnight + 12 * hour, seconds: 600, cpu: 3 },
  ]);
});

test("doing it again changes nothing, and neither does a second server", async () => {
  await write(...Array.from({ length: 20 }, (_, vm) => run(midnight + 5 * hour, 300, (n) => n % (vm + 2)).map((each): SampleRow => [`vm-${vm}`, each])).flat());
  const one = roller();
  const two = roller();
  await Promise.all([one.run(), two.run()]);
  await Promise.all([one.run(), two.run()]);
  expect(one.figures.failures + two.figures.failures).toBe(0);
  const first = [await content("sample_5m"), await content("sample_1h")];
  expect(first.map((rows) => rows.length)).toEqual([20 * 20, 20]);
  await store.pool.query("update sample_tier set until = $1, closing = $1", [new Date(midnight)]);
  await roller().run();
  expect([await content("sample_5m"), await content("sample_1h")]).toEqual(first);
});

/** A pool whose connections break at the n-th statement, before or after the database did it. */
function breaking(at: number, after: boolean): { pool: pg.Pool; asked(): number } {
  let asked = 0;
  const query = async (real: (...args: unknown[]) => Promise<unknown>, args: unknown[]): Promise<unknown> => {
    const mine = asked++;
    if (mine >= at && !(after && mine === at)) throw new Error("Connection terminated unexpectedly");
    const answer = await real(...args);
    if (mine === at) throw new Error("Connection terminated unexpectedly");
    return answer;
  };
  const pool = store.pool as unknown as { query(...args: unknown[]): Promise<unknown>; connect(): Promise<pg.PoolClient> };
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

test("a server that dies at any statement leaves nothing half done: the next one goes on", { timeout: 300_000 }, async () => {
  wall = midnight + 6 * hour + 600_000;
  const loads = run(midnight + 4.5 * hour, 150, (n) => n % 7); // until 5:20
  const begin = async (): Promise<void> => {
    for (const tier of tiers) for (const { name } of await partitionsOf(store.pool, tier)) await store.pool.query(`drop table ${name}`);
    await store.pool.query("delete from sample_late");
    await store.pool.query("update sample_tier set until = $1, closing = $1", [new Date(midnight)]);
    await write(...loads.map((each): SampleRow => ["vm-1", each]));
    await store.pool.query("insert into sample_late values ('5m', $1)", [new Date(midnight + 4.5 * hour + 300_000)]);
  };
  await begin();
  const whole = breaking(Infinity, false);
  await roller(whole.pool).run();
  const wanted = [await content("sample_5m"), await content("sample_1h"), await content("(select tier as object_id, at from sample_late) as late")];
  expect(wanted.map((rows) => rows.length)).toEqual([10, 2, 0]);
  let deaths = 0;
  for (const after of [false, true])
    for (let at = 0; at < whole.asked(); at += 1) {
      await begin();
      const dying = roller(breaking(at, after).pool);
      await dying.run();
      deaths += dying.figures.failures;
      const next = roller();
      // The database may need a moment to see that the dead one's connection is gone, and with it its lock.
      await until(`all is there after statement ${at}`, async () => {
        await next.run();
        expect([await content("sample_5m"), await content("sample_1h"), await content("(select tier as object_id, at from sample_late) as late")]).toEqual(
          wanted,
        );
        return true;
      });
      expect(next.figures.failures).toBe(0);
    }
  expect(deaths).toBeGreaterThan(whole.asked());
});

test("rows that come late are in every tier after the next pass", async () => {
  await write(...run(midnight, 540, () => 1).map((each): SampleRow => ["vm-1", each]));
  await roller().run();
  expect((await read("vm-1", midnight, midnight + 3 * hour, coarse)).map((each) => each.max.cpu)).toEqual([1, 1, 1]);
  await write(["vm-1", load(midnight + hour + 1_000, 9)], ["vm-2", load(midnight + hour + 1_000, 4)]);
  expect(await content("(select tier as object_id, at from sample_late) as late")).toEqual([{ object_id: "5m", at: new Date(midnight + hour + 300_000) }]);
  await roller().run();
  expect((await read("vm-1", midnight, midnight + 3 * hour, coarse)).map((each) => each.max.cpu)).toEqual([1, 9, 1]);
  expect(await read("vm-2", midnight, wall, coarse)).toMatchObject([{ at: midnight + 2 * hour, seconds: 20, cpu: 4 }]);
  expect((await content("sample_late as late (object_id, at)")).length).toBe(0);
});

test("one row that the database refuses holds back no other", async () => {
  await write(["vm-0", load(wall - 60_000, 1)]);
  await store.pool.query("alter table sample add constraint lab check (object_id <> 'vm-refused')");
  try {
    const mine = writer();
    mine.add(Array.from({ length: 3000 }, (_, n): SampleRow => [n === 1234 ? "vm-refused" : n === 7 ? "vm-\0" : `vm-${n}`, load(wall - 20_000, n)]));
    mine.add([["vm-9", load(wall, 9)]]);
    await mine.write();
    expect(mine.waiting).toBe(0);
    expect(mine.figures).toEqual({ rowsWritten: 2999, refused: 2, lost: 0 });
    expect((await read("vm-1235", midnight, wall)).length).toBe(1);
  } finally {
    await store.pool.query("alter table sample drop constraint lab");
  }
});

test("figures that no column holds are left out, times that cannot be are refused", async () => {
  await write(["vm-1", load(wall, Infinity, { cpuWait: 1e300, cpuUse: 1e-300, memoryResident: Number.NaN, diskReadsPerSecond: 4 })]);
  const figures = { cpuUse: 0, diskReadsPerSecond: 4 };
  expect(await read("vm-1", midnight, wall)).toEqual([{ at: wall, seconds: 20, ...figures, min: figures, max: figures }]);
  const mine = writer();
  mine.add([
    ["vm-1", load(wall + 365 * dayMs, 1)],
    ["vm-1", load(wall - 365 * dayMs, 1)],
  ]);
  await mine.write();
  expect(mine.figures).toEqual({ rowsWritten: 0, refused: 2, lost: 0 });
});

test("rows wait for a database that is away, each is there once, and what is too much is counted as lost", async () => {
  for (const after of [false, true]) {
    const id = `vm-${after}`;
    for (const at of [0, 1, 2, 3]) {
      let broken = breaking(at, after).pool;
      const mine = writer({ query: (...args: unknown[]) => (broken.query as (...all: unknown[]) => unknown)(...args) } as unknown as pg.Pool);
      const rows = run(midnight + at * hour, 3, () => 1);
      mine.add(rows.map((each): SampleRow => [id, each]));
      await mine.write();
      broken = store.pool;
      mine.add([[id, load(midnight + at * hour + 100_000, 1)]]);
      await mine.write();
      expect(mine.waiting).toBe(0);
      expect(
        (
          await store.pool.query("select 1 from sample where object_id = $1 and at > $2 and at <= $3", [
            id,
            new Date(midnight + at * hour),
            new Date(midnight + (at + 1) * hour),
          ])
        ).rowCount,
      ).toBe(4);
    }
  }
  const mine = writer(breaking(0, false).pool);
  for (let n = 0; n < 21; n++) mine.add(Array.from({ length: 10_000 }, (): SampleRow => ["vm-1", load(wall, 1)]));
  expect([mine.waiting, mine.figures.lost]).toEqual([200_000, 10_000]);
});

test("what is kept no longer is dropped, but nothing that is not in the next tier yet, and nothing after a step of the clock", async () => {
  await write(...run(midnight + 2 * hour, 180, () => 1).map((each): SampleRow => ["vm-1", each]));
  const rolling = roller();
  const names = async (): Promise<string[]> => (await partitionsOf(store.pool, fine)).map(({ name }) => name);
  const before = await names();
  expect(before).toContain("sample_2026030102");
  mono += 60_000;
  wall += 365 * dayMs;
  await rolling.run();
  expect(await names()).toEqual(before);
  wall -= 365 * dayMs;
  go(60_000);
  await rolling.run();
  expect(await names()).toEqual(before);
  go(26 * hour);
  await rolling.run();
  expect(await names()).not.toContain("sample_2026030102");
  expect(await read("vm-1", midnight, wall, coarse)).toMatchObject([{ at: midnight + 3 * hour, seconds: 3600, cpu: 1 }]);
  go(34 * dayMs);
  await rolling.run();
  await rolling.run();
  expect((await partitionsOf(store.pool, middle)).map(({ to }) => to > wall - 33 * dayMs)).not.toContain(false);
  expect((await read("vm-1", midnight, wall, coarse)).length).toBe(1);
});

test("a clock that was a year ahead and is right again holds nothing up", async () => {
  wall += 365 * dayMs;
  await write(["vm-1", load(wall, 5)]);
  go(13 * hour);
  await roller().run();
  wall = midnight + 13 * hour;
  await write(...run(midnight + 2 * hour, 180, () => 2).map((each): SampleRow => ["vm-1", each]));
  await roller().run();
  go(12 * hour);
  await roller().run();
  expect(await content("sample_1h")).toContainEqual(expect.objectContaining({ object_id: "vm-1", at: new Date(midnight + 3 * hour), cpu: 2, seconds: 3600 }));
});

test("says what it costs", async () => {
  await write(...run(midnight + 2 * hour, 180, () => 1).map((each): SampleRow => ["vm-1", each]));
  await roller().run();
  const storage = await sampleStorage(store.pool, { keep, interval: 20, objects: 1000 });
  expect(storage.tiers.map(({ name, step, keepDays }) => [name, step, keepDays])).toEqual([
    ["20s", 20, 25 / 24],
    ["5m", 300, 32],
    ["1h", 3600, 367],
  ]);
  for (const tier of storage.tiers) {
    expect(tier.bytes).toBeGreaterThan(8192);
    expect(tier.bytesExpected).toBeGreaterThan(1e8);
  }
});
