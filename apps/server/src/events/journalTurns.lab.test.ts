import type { Event } from "@polyvisor/model";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { Estate } from "../estate/estate.ts";
import { labLog } from "../lab/labPlane.ts";
import { aHost } from "../lab/sampleObjects.ts";
import { startSitePostgres, type SitePostgres } from "../lab/sitePostgres.ts";
import { until } from "../lab/until.ts";
import { openStore, type Store } from "../store/openStore.ts";
import { ClaimLost, type Claim } from "./claim.ts";
import { follow } from "./follower.ts";
import { Journal } from "./journal.ts";

// Several servers' journals on one database: each with its own connections and its own copy of the estate.

interface Side {
  store: Store;
  estate: Estate;
  journal: Journal;
  told: Event[];
  lost: Claim[];
  /** Milliseconds by which its clock is ahead. */
  slept: number;
  missed: number;
  follower: { close(): Promise<void> };
}

let site: SitePostgres;
let sides: Side[];
beforeAll(async () => {
  site = await startSitePostgres();
});
afterAll(() => site.close());
beforeEach(async () => {
  const url = await site.database();
  sides = [];
  for (const serverId of ["s-a", "s-b", "s-c"]) {
    const store = await openStore({ kind: "url", url }, labLog);
    const estate = new Estate();
    const told: Event[] = [];
    const lost: Claim[] = [];
    const mine = { slept: 0, missed: 0 };
    const journal = new Journal({
      clock: () => performance.now() + mine.slept,
      missed: () => void mine.missed++,
      pool: store.pool,
      estate,
      log: labLog,
      serverId,
      now: Date.now,
      last: 0,
      publish: (events) => told.push(...events),
      lost: (claims) => lost.push(...claims),
      hasPeers: () => true,
    });
    sides.push(Object.assign(mine, { store, estate, journal, told, lost, follower: await follow({ store, journal, serverId, log: labLog }) }));
  }
});
afterEach(async () => {
  for (const { journal, store, follower } of sides) {
    await follower.close();
    await journal.close();
    await store.close();
  }
});

const add = (side: Side, id: string): Promise<void> => side.journal.write((draft) => draft.put(aHost(id), { type: "created" }));
/** Reads the host and writes it with one tag more: a change that is lost when another's is not seen. */
const tag = (side: Side, id: string, text: string): Promise<void> =>
  side.journal.write((draft) => {
    const host = draft.get("host", id)!;
    draft.put({ ...host, tags: [...host.tags, text], revision: host.revision + 1 }, { type: "changed", fields: ["tags"] });
  });
const contents = (side: Side) => [...side.estate.tables.host.byId.values()].sort((a, b) => (a.id < b.id ? -1 : 1));

test("three servers that change the same objects lose nothing, and all tell the same events in one order", async () => {
  const [a, b, c] = sides as [Side, Side, Side];
  const hosts = ["h-1", "h-2", "h-3"];
  for (const id of hosts) await add(a, id);
  await Promise.all(
    sides.map(async (side, s) => {
      await side.journal.catchUp();
      for (let round = 0; round < 40; round++) await Promise.all(hosts.map((id) => tag(side, id, `${s}-${round}`)));
    }),
  );
  for (const side of sides) await side.journal.catchUp();
  for (const id of hosts) {
    const host = a.estate.get("host", id)!;
    expect(host.revision).toBe(1 + 3 * 40);
    expect(new Set(host.tags).size).toBe(3 * 40);
    for (const s of [0, 1, 2]) expect(host.tags.filter((each) => each.startsWith(`${s}-`))).toEqual(Array.from({ length: 40 }, (_, round) => `${s}-${round}`));
  }
  expect(contents(b)).toEqual(contents(a));
  expect(contents(c)).toEqual(contents(a));
  const ids = a.told.map((event) => Number(event.id));
  expect(ids).toEqual([...new Set(ids)].sort((x, y) => x - y));
  expect(ids).toHaveLength(3 + 3 * 3 * 40);
  expect(b.told).toEqual(a.told);
  expect(c.told).toEqual(a.told);
  const { rows } = await a.store.pool.query<{ doc: unknown }>("select doc from object order by id");
  expect(rows.map((row) => row.doc)).toEqual(contents(a));
});

test("who writes nothing is told at once", async () => {
  const [a, b] = sides as [Side, Side];
  await add(a, "h-1");
  await until("the event", () => b.told.length === 1, 1_500);
  expect(b.estate.get("host", "h-1")).toEqual(a.estate.get("host", "h-1"));
});

test("a refusal and an answer without a change are of the present, not of what is known here", async () => {
  const [a, b] = sides as [Side, Side];
  await b.follower.close(); // so that it knows nothing by itself
  const look = (id: string): Promise<number> =>
    b.journal.ask((draft) => {
      const host = draft.get("host", id);
      if (!host) throw new Error("no such host");
      return host.revision;
    });
  await expect(look("h-1")).rejects.toThrow("no such host");
  await add(a, "h-1");
  expect(await look("h-1")).toBe(1);
  await tag(a, "h-1", "x");
  expect(await look("h-1")).toBe(2);
});

test("one that was away for thousands of events reads them before it writes, in pages", async () => {
  const [a, b] = sides as [Side, Side];
  await b.follower.close();
  const ids = Array.from({ length: 3_500 }, (_, i) => `h-${String(i).padStart(4, "0")}`);
  await Promise.all(ids.map((id) => add(a, id)));
  await tag(b, "h-3499", "mine");
  expect(b.told).toHaveLength(3_501);
  expect(b.estate.get("host", "h-3499")).toMatchObject({ revision: 2, tags: ["mine"] });
});

test("what is written under a lease that another has is taken back whole; the rest of the batch is there", async () => {
  const [a, b] = sides as [Side, Side];
  for (const id of ["h-1", "h-2"]) await add(a, id);
  await a.store.pool.query("insert into lease (host_id, server_id, fence) values ('h-1', 's-a', 1), ('h-2', 's-a', 7)");
  const [mine, other]: Claim[] = [
    { kind: "host", id: "h-1", fence: 1, lost: false },
    { kind: "host", id: "h-2", fence: 7, lost: false },
  ];
  const under = (claim: Claim, text: string) =>
    a.journal.write((draft) => {
      draft.under(claim);
      const host = draft.get("host", claim.id)!;
      draft.put({ ...host, tags: [...host.tags, text], revision: host.revision + 1 }, { type: "changed", fields: ["tags"] });
    });
  await under(other!, "before");
  await b.store.pool.query("update lease set server_id = 's-b', fence = 8 where host_id = 'h-2'");
  const results = await Promise.allSettled([under(mine!, "kept"), under(other!, "late"), tag(a, "h-2", "of an operator")]);
  expect(results.map((each) => each.status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
  expect((results[1] as PromiseRejectedResult).reason).toBeInstanceOf(ClaimLost);
  expect(a.lost).toEqual([other]);
  expect(a.estate.get("host", "h-1")!.tags).toEqual(["kept"]);
  expect(a.estate.get("host", "h-2")!.tags).toEqual(["before", "of an operator"]);
});

test("a server that stood still for longer than the history is kept says so, and takes nothing for the present", async () => {
  const [a, b] = sides as [Side, Side];
  await add(a, "host-1");
  await until("b knows the host", async () => b.estate.get("host", "host-1") !== undefined);
  await b.follower.close();
  await a.journal.write((draft) => draft.remove(draft.get("host", "host-1")!, {}));
  // What is left of it after the retention: nothing.
  await a.store.pool.query("delete from event");
  await add(a, "host-2");
  b.slept = 20 * 60_000;
  await b.journal.catchUp(); // not long enough for anything to be thrown away
  expect(b.missed).toBe(0);
  const last = (await a.store.pool.query<{ id: number }>("select max(id) as id from event")).rows[0]!.id;
  await add(a, "host-3");
  await a.store.pool.query("update history_horizon set id = $1 where kind = 'host'", [last + 1]);
  b.slept += 3 * 3_600_000;
  await expect(b.journal.catchUp()).rejects.toMatchObject({ code: "starting" });
  await expect(add(b, "host-4")).rejects.toMatchObject({ code: "starting" });
  expect(b.missed).toBe(2);
  // Who had read everything missed nothing, however long it slept.
  a.slept = 40 * 86_400_000;
  await add(a, "host-5");
  expect(a.missed).toBe(0);
});
