import type pg from "pg";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { load, midnight, run, SamplesLab } from "../lab/samplesLab.ts";
import type { SampleRow } from "./sampleWriter.ts";
import { dayMs } from "./tiers.ts";

const hour = 3_600_000;
let lab: SamplesLab;
beforeAll(async () => {
  lab = await SamplesLab.open();
});
afterAll(() => lab.close());
beforeEach(() => lab.clear());

test("one row that the database refuses holds back no other", async () => {
  await lab.write(["vm-0", load(lab.wall - 60_000, 1)]);
  await lab.store.pool.query("alter table sample add constraint lab check (object_id <> 'vm-refused')");
  try {
    const mine = lab.writer();
    mine.add(Array.from({ length: 3000 }, (_, n): SampleRow => [n === 1234 ? "vm-refused" : n === 7 ? "vm-\0" : `vm-${n}`, load(lab.wall - 20_000, n)]));
    mine.add([["vm-9", load(lab.wall, 9)]]);
    await mine.write();
    expect(mine.waiting).toBe(0);
    expect(mine.figures).toEqual({ rowsWritten: 2999, refused: 2, lost: 0 });
    expect((await lab.read("vm-1235", midnight, lab.wall)).length).toBe(1);
  } finally {
    await lab.store.pool.query("alter table sample drop constraint lab");
  }
});

test("figures that no column holds are left out, times that cannot be are refused", async () => {
  await lab.write(["vm-1", load(lab.wall, Infinity, { cpuWait: 1e300, cpuUse: 1e-300, memoryResident: Number.NaN, diskReadsPerSecond: 4 })]);
  const figures = { cpuUse: 0, diskReadsPerSecond: 4 };
  expect(await lab.read("vm-1", midnight, lab.wall)).toEqual([{ at: lab.wall, seconds: 20, ...figures, min: figures, max: figures }]);
  const mine = lab.writer();
  mine.add([
    ["vm-1", load(lab.wall + 365 * dayMs, 1)],
    ["vm-1", load(lab.wall - 365 * dayMs, 1)],
  ]);
  await mine.write();
  expect(mine.figures).toEqual({ rowsWritten: 0, refused: 2, lost: 0 });
});

test("rows wait for a database that is away, each is there once, and what is too much is counted as lost", async () => {
  for (const after of [false, true]) {
    const id = `vm-${after}`;
    for (const at of [0, 1, 2, 3]) {
      let broken = lab.breaking(at, after).pool;
      const mine = lab.writer({ query: (...args: unknown[]) => (broken.query as (...all: unknown[]) => unknown)(...args) } as unknown as pg.Pool);
      const rows = run(midnight + at * hour, 3, () => 1);
      mine.add(rows.map((each): SampleRow => [id, each]));
      await mine.write();
      broken = lab.store.pool;
      mine.add([[id, load(midnight + at * hour + 100_000, 1)]]);
      await mine.write();
      expect(mine.waiting).toBe(0);
      expect(
        (
          await lab.store.pool.query("select 1 from sample where object_id = $1 and at > $2 and at <= $3", [
            id,
            new Date(midnight + at * hour),
            new Date(midnight + (at + 1) * hour),
          ])
        ).rowCount,
      ).toBe(4);
    }
  }
  const mine = lab.writer(lab.breaking(0, false).pool);
  for (let n = 0; n < 21; n++) mine.add(Array.from({ length: 10_000 }, (): SampleRow => ["vm-1", load(lab.wall, 1)]));
  expect([mine.waiting, mine.figures.lost]).toEqual([200_000, 10_000]);
});
