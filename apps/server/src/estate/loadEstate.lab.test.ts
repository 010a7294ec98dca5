import { rm } from "node:fs/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { EstateObject } from "../controlPlane.ts";
import { makeDataFolder } from "../lab/labServer.ts";
import { labLog } from "../lab/labPlane.ts";
import { aHost, aVm } from "../lab/sampleObjects.ts";
import { openStore, type Store } from "../store/openStore.ts";
import { Estate } from "./estate.ts";
import { loadEstate } from "./loadEstate.ts";

let store: Store;
let folder: string;
beforeAll(async () => {
  folder = await makeDataFolder();
  store = await openStore({ kind: "private", dataFolder: folder }, labLog);
});
afterAll(async () => {
  await store.close();
  await rm(folder, { recursive: true, force: true });
});

async function keep(objects: readonly EstateObject[]): Promise<void> {
  await store.pool.query(
    `insert into object (id, kind, host_id, native_id, revision, doc)
     select o->>'id', o->>'kind', o->>'hostId', o->>'nativeId', (o->>'revision')::bigint, o from jsonb_array_elements($1::jsonb) as o
     on conflict (id) do update set revision = excluded.revision, doc = excluded.doc`,
    [JSON.stringify(objects)],
  );
}

test("of an empty site nothing is there", async () => {
  const estate = new Estate();
  expect(await loadEstate(store.pool, estate)).toBe(0);
  expect(estate.tables.vm.byId.size).toBe(0);
});

test("an estate of many blocks comes back whole, also after rows moved and went", async () => {
  const vms = Array.from({ length: 6_000 }, (_, n) => aVm(`vm-${n}`, "h-1", { notes: `${n} `.repeat(60) }));
  await keep([aHost("h-1"), ...vms]);
  const changed = vms.filter((_, n) => n % 7 === 0).map((vm) => ({ ...vm, revision: 2, notes: "changed ".repeat(80) }));
  await keep(changed);
  await store.pool.query("delete from object where kind = 'vm' and right(id, 1) = '3'");
  const blocks = await store.pool.query<{ count: number }>("select (pg_relation_size('object') / 8192)::int as count");
  expect(blocks.rows[0]!.count).toBeGreaterThan(800); // more than one portion for each of the two who read

  const estate = new Estate();
  await loadEstate(store.pool, estate);

  const wanted = new Map([...vms, ...changed].filter(({ id }) => !id.endsWith("3")).map((vm) => [vm.id, vm]));
  expect(estate.tables.vm.byId.size).toBe(wanted.size);
  for (const [id, vm] of wanted) expect(estate.get("vm", id)).toEqual(vm);
  expect(estate.get("host", "h-1")).toEqual(aHost("h-1"));
  expect(estate.ofHost("vm", "h-1").size).toBe(wanted.size);
});
