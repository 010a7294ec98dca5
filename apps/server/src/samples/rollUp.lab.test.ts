import { downsample, loadFigures, pointOf, type Load, type LoadPoint } from "@polyvisor/model";
import fc from "fast-check";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { keep, load, midnight, run, SamplesLab } from "../lab/samplesLab.ts";
import { until } from "../lab/until.ts";
import { partitionsOf } from "./partitions.ts";
import type { SampleRow } from "./sampleWriter.ts";
import { sampleStorage } from "./sampleStorage.ts";
import { coarse, dayMs, fine, middle, tiers } from "./tiers.ts";

const hour = 3_600_000;
let lab: SamplesLab;
beforeAll(async () => {
  lab = await SamplesLab.open();
});
afterAll(() => lab.close());
beforeEach(() => lab.clear());

/** What the database made is what the model makes of the same measurements; `real` holds seven digits, and memory is told in whole bytes. */
function same(points: readonly LoadPoint[], wanted: readonly LoadPoint[]): void {
  expect(points.map(({ at }) => at)).toEqual(wanted.map(({ at }) => at));
  const near = (a: number | undefined, b: number | undefined, unit = 0): void => {
    if (b === undefined) expect(a).toBeUndefined();
    else expect(Math.abs(a! - b)).toBeLessThanOrEqual(Math.max(1e-6, unit / 2, Math.abs(b) * 1e-6));
  };
  points.forEach((point, i) => {
    const other = wanted[i]!;
    near(point.seconds, other.seconds);
    for (const figure of loadFigures) {
      const byte = figure.startsWith("memory") ? 1 : 0;
      near(point[figure], other[figure], byte);
      near(point.min[figure], other.min[figure], byte);
      near(point.max[figure], other.max[figure], byte);
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
          .filter((each) => each.at < lab.wall)
          .map((each) => ({
            ...each,
            cpu: each.cpu === undefined ? undefined : Math.fround(each.cpu),
            diskReadLatency: each.diskReadLatency === undefined ? undefined : Math.fround(each.diskReadLatency),
          }));
        if (loads.length === 0) return;
        await lab.write(...loads.map((each): SampleRow => [id, each]));
        await lab.roller().run();
        const points = loads.map(pointOf);
        for (const [tier, step] of [
          [fine, 20],
          [fine, 60],
          [middle, 300],
          [middle, 900],
          [coarse, 3600],
          [coarse, 7200],
        ] as const)
          same(await lab.read(id, midnight, lab.wall, tier, step), downsample(points, step * 1000));
      },
    ),
    { numRuns: 25 },
  );
  // Tiers are not only named: the hours up to 6:00 stand in theirs, later ones are made of the 5 minutes, the last of the measurements.
  const { rows } = await lab.store.pool.query<{ name: string; until: Date }>("select name, until from sample_tier order by name");
  expect(rows.map(({ name, until }) => [name, until.getTime() - midnight])).toEqual([
    ["1h", 6 * hour],
    ["5m", 11 * hour],
  ]);
});

test("a gap at the seam of two tiers stays a gap", async () => {
  // Measured until 10:50, then not until 11:10; the 5 minutes reach until 11:00.
  await lab.write(
    ...[...run(midnight + 10 * hour, 150, () => 1), ...run(midnight + 11 * hour + 600_000, 30, () => 3)].map((each): SampleRow => ["vm-1", each]),
  );
  await lab.roller().run();
  const points = await lab.read("vm-1", midnight, lab.wall, middle);
  const minutes = points.map(({ at }) => (at - midnight - 10 * hour) / 60_000);
  expect(minutes).toEqual([5, 10, 15, 20, 25, 30, 35, 40, 45, 50, 75, 80]);
  expect((await lab.content("sample_5m")).length).toBe(10);
  const hours = await lab.read("vm-1", midnight, lab.wall, coarse);
  expect(hours).toMatchObject([
    { at: midnight + 11 * hour, seconds: 3000, cpu: 1, min: { cpu: 1 }, max: { cpu: 1 } },
    { at: midnight + 12 * hour, seconds: 600, cpu: 3 },
  ]);
});

test("doing it again changes nothing, and neither does a second server", async () => {
  await lab.write(
    ...Array.from({ length: 20 }, (_, vm) => run(midnight + 5 * hour, 300, (n) => n % (vm + 2)).map((each): SampleRow => [`vm-${vm}`, each])).flat(),
  );
  const one = lab.roller();
  const two = lab.roller();
  await Promise.all([one.run(), two.run()]);
  await Promise.all([one.run(), two.run()]);
  expect(one.figures.failures + two.figures.failures).toBe(0);
  const first = [await lab.content("sample_5m"), await lab.content("sample_1h")];
  expect(first.map((rows) => rows.length)).toEqual([20 * 20, 20]);
  await lab.store.pool.query("update sample_tier set until = $1, closing = $1", [new Date(midnight)]);
  await lab.roller().run();
  expect([await lab.content("sample_5m"), await lab.content("sample_1h")]).toEqual(first);
});

test("a server that dies at any statement leaves nothing half done: the next one goes on", { timeout: 300_000 }, async () => {
  lab.wall = midnight + 6 * hour + 600_000;
  const loads = run(midnight + 4.5 * hour, 150, (n) => n % 7); // until 5:20
  const begin = async (): Promise<void> => {
    for (const tier of tiers) for (const { name } of await partitionsOf(lab.store.pool, tier)) await lab.store.pool.query(`drop table ${name}`);
    await lab.store.pool.query("delete from sample_late");
    await lab.store.pool.query("update sample_tier set until = $1, closing = $1", [new Date(midnight)]);
    await lab.write(...loads.map((each): SampleRow => ["vm-1", each]));
    await lab.store.pool.query("insert into sample_late values ('5m', $1)", [new Date(midnight + 4.5 * hour + 300_000)]);
  };
  await begin();
  const whole = lab.breaking(Infinity, false);
  await lab.roller(whole.pool).run();
  const wanted = [await lab.content("sample_5m"), await lab.content("sample_1h"), await lab.content("(select tier as object_id, at from sample_late) as late")];
  expect(wanted.map((rows) => rows.length)).toEqual([10, 2, 0]);
  let deaths = 0;
  for (const after of [false, true])
    for (let at = 0; at < whole.asked(); at += 1) {
      await begin();
      const dying = lab.roller(lab.breaking(at, after).pool);
      await dying.run();
      deaths += dying.figures.failures;
      const next = lab.roller();
      // The database may need a moment to see that the dead one's connection is gone, and with it its lock.
      await until(`all is there after statement ${at}`, async () => {
        await next.run();
        expect([
          await lab.content("sample_5m"),
          await lab.content("sample_1h"),
          await lab.content("(select tier as object_id, at from sample_late) as late"),
        ]).toEqual(wanted);
        return true;
      });
      expect(next.figures.failures).toBe(0);
    }
  expect(deaths).toBeGreaterThan(whole.asked());
});

test("rows that come late are in every tier after the next pass", async () => {
  await lab.write(...run(midnight, 540, () => 1).map((each): SampleRow => ["vm-1", each]));
  await lab.roller().run();
  expect((await lab.read("vm-1", midnight, midnight + 3 * hour, coarse)).map((each) => each.max.cpu)).toEqual([1, 1, 1]);
  await lab.write(["vm-1", load(midnight + hour + 1_000, 9)], ["vm-2", load(midnight + hour + 1_000, 4)]);
  expect(await lab.content("(select tier as object_id, at from sample_late) as late")).toEqual([{ object_id: "5m", at: new Date(midnight + hour + 300_000) }]);
  await lab.roller().run();
  expect((await lab.read("vm-1", midnight, midnight + 3 * hour, coarse)).map((each) => each.max.cpu)).toEqual([1, 9, 1]);
  expect(await lab.read("vm-2", midnight, lab.wall, coarse)).toMatchObject([{ at: midnight + 2 * hour, seconds: 20, cpu: 4 }]);
  expect((await lab.content("sample_late as late (object_id, at)")).length).toBe(0);
});

test("what is kept no longer is dropped, but nothing that is not in the next tier yet, and nothing after a step of the clock", async () => {
  await lab.write(...run(midnight + 2 * hour, 180, () => 1).map((each): SampleRow => ["vm-1", each]));
  const rolling = lab.roller();
  const names = async (): Promise<string[]> => (await partitionsOf(lab.store.pool, fine)).map(({ name }) => name);
  const before = await names();
  expect(before).toContain("sample_2026030102");
  lab.mono += 60_000;
  lab.wall += 365 * dayMs;
  await rolling.run();
  expect(await names()).toEqual(before);
  lab.wall -= 365 * dayMs;
  lab.go(60_000);
  await rolling.run();
  expect(await names()).toEqual(before);
  lab.go(26 * hour);
  await rolling.run();
  expect(await names()).not.toContain("sample_2026030102");
  expect(await lab.read("vm-1", midnight, lab.wall, coarse)).toMatchObject([{ at: midnight + 3 * hour, seconds: 3600, cpu: 1 }]);
  lab.go(34 * dayMs);
  await rolling.run();
  await rolling.run();
  expect((await partitionsOf(lab.store.pool, middle)).map(({ to }) => to > lab.wall - 33 * dayMs)).not.toContain(false);
  expect((await lab.read("vm-1", midnight, lab.wall, coarse)).length).toBe(1);
});

test("a clock that was a year ahead and is right again holds nothing up", async () => {
  lab.wall += 365 * dayMs;
  await lab.write(["vm-1", load(lab.wall, 5)]);
  lab.go(13 * hour);
  await lab.roller().run();
  lab.wall = midnight + 13 * hour;
  await lab.write(...run(midnight + 2 * hour, 180, () => 2).map((each): SampleRow => ["vm-1", each]));
  await lab.roller().run();
  lab.go(12 * hour);
  await lab.roller().run();
  expect(await lab.content("sample_1h")).toContainEqual(
    expect.objectContaining({ object_id: "vm-1", at: new Date(midnight + 3 * hour), cpu: 2, seconds: 3600 }),
  );
});

test("says what it costs", async () => {
  await lab.write(...run(midnight + 2 * hour, 180, () => 1).map((each): SampleRow => ["vm-1", each]));
  await lab.roller().run();
  const storage = await sampleStorage(lab.store.pool, { keep, interval: 20, objects: 1000 });
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
