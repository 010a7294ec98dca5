import type { Load } from "@polyvisor/model";
import { afterAll, beforeAll, expect, test } from "vitest";
import { labLog } from "../lab/labPlane.ts";
import { startSitePostgres, type SitePostgres } from "../lab/sitePostgres.ts";
import { openStore, type Store } from "../store/openStore.ts";
import { keepPartitions, readLoads, writeLoads } from "./sampleRows.ts";

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

const noon = Date.parse("2026-03-01T12:00:00Z");
const load = (seconds: number, cpu: number | undefined, more: Partial<Load> = {}): Load => ({ at: noon + seconds * 1000, seconds: 20, cpu, ...more });
const partitions = async (): Promise<string[]> =>
  (
    await store.pool.query<{ name: string }>("select inhrelid::regclass::text as name from pg_inherits where inhparent = 'sample'::regclass order by 1")
  ).rows.map((row) => row.name);

test("a gap stays a gap, a mean is weighed by time, and an unknown figure stays unknown", async () => {
  await keepPartitions(store.pool, noon, 7);
  await writeLoads(store.pool, [
    ["vm-1", load(20, 1, { memoryUsed: 100 })],
    ["vm-1", load(40, 3, { memoryUsed: 2 ** 40 })],
    ["vm-1", load(200, undefined)],
    ["vm-2", load(20, 9)],
  ]);
  expect(await readLoads(store.pool, "vm-1", noon, noon + 300_000, 20)).toMatchObject([
    { at: noon + 40_000, cpu: 1 },
    { at: noon + 60_000, cpu: 3, memoryUsed: 2 ** 40 },
    { at: noon + 220_000, cpu: undefined },
  ]);
  const means = await readLoads(store.pool, "vm-1", noon, noon + 300_000, 60);
  expect(means.map((each) => [each.at - noon, each.cpu])).toEqual([
    [60_000, 2],
    [240_000, undefined],
  ]);
});

test("partitions are made ahead, dropped when they are kept no longer, and a midnight does not lose rows", async () => {
  await keepPartitions(store.pool, noon, 7);
  await writeLoads(store.pool, [
    ["vm-3", { ...load(0, 1), at: Date.parse("2026-03-01T23:59:59.999Z") }],
    ["vm-3", { ...load(0, 2), at: Date.parse("2026-03-02T00:00:00Z") }],
  ]);
  expect(await partitions()).toEqual(["sample_20260228", "sample_20260301", "sample_20260302"]);
  await keepPartitions(store.pool, noon + 2 * 86_400_000, 2);
  expect(await partitions()).toEqual(["sample_20260301", "sample_20260302", "sample_20260303", "sample_20260304"]);
  expect(await readLoads(store.pool, "vm-3", noon, noon + 86_400_000, 20)).toHaveLength(2);
});
