import type { Event } from "@polyvisor/model";
import fc from "fast-check";
import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { EstateKind, EstateObject } from "../controlPlane.ts";
import { Estate } from "../estate/estate.ts";
import { happenings, idOf, naiveDifferences, play, start, stateAt, time } from "../lab/naiveHistory.ts";
import { startSitePostgres, type SitePostgres } from "../lab/sitePostgres.ts";
import { labLog } from "../lab/labPlane.ts";
import { openStore, type Store } from "../store/openStore.ts";
import { History } from "./history.ts";
import { dropOld, historyKinds, readRetention, writeRetention } from "./retention.ts";
import { nextPairs } from "./versions.ts";

let site: SitePostgres;
beforeAll(async () => {
  site = await startSitePostgres();
});
afterAll(() => site.close());

async function write(pool: pg.Pool, events: readonly Omit<Event, "id">[]): Promise<void> {
  await pool.query(
    "truncate event restart identity; delete from history_object; delete from history_size; update history_horizon set id = 0, at = '2025-01-01'",
  );
  if (events.length > 0)
    await pool.query(
      `insert into event (at, type, kind, object_id, fields, doc)
       select at, type, kind, "objectId", fields, object from jsonb_to_recordset($1::jsonb) as e(at timestamptz, type text, kind text, "objectId" text, fields text[], object jsonb, n int) order by n`,
      [JSON.stringify(events.map((event, n) => ({ ...event, n })))],
    );
}

async function everythingAt(history: History, second: number): Promise<Map<string, EstateObject>> {
  const out = new Map<string, EstateObject>();
  for (const kind of ["host", "vm"] as EstateKind[]) {
    let cursor: string | undefined;
    do {
      const page: { items: EstateObject[]; next?: string } = await history.list(kind, { at: time(second), limit: 2, cursor });
      for (const object of page.items) out.set(object.id, object);
      cursor = page.next;
    } while (cursor !== undefined);
  }
  return out;
}

async function withHistory(work: (history: History, store: Store, clock: { now: number }) => Promise<void>): Promise<void> {
  const store = await openStore({ kind: "url", url: await site.database() }, labLog);
  const clock = { now: start + 400 * 86_400_000 };
  try {
    await work(new History({ pool: store.pool, estate: new Estate(), now: () => clock.now, keepDays: 30 }), store, clock);
  } finally {
    await store.close();
  }
}

test(
  "at every time the history gives what a naive log would, and between any two the differences that it would, before and after old changes are dropped",
  { timeout: 240_000 },
  () =>
    withHistory(async (history, store, clock) => {
      const { pool } = store;
      await fc.assert(
        fc.asyncProperty(happenings, fc.nat(), async (list, choice) => {
          const naive = play(list);
          fc.pre(naive.events.length > 0);
          await write(pool, naive.events);
          const times = [...new Set(naive.times)];
          const look = async (from: number): Promise<void> => {
            for (const second of times.filter((each) => each >= from)) expect(await everythingAt(history, second)).toEqual(stateAt(naive, second));
            const [a, b] = [times[choice % times.length]!, times[(choice * 7) % times.length]!].sort((x, y) => x - y) as [number, number];
            if (a < from) return;
            const { items } = await history.differences({ from: time(a), to: time(b), limit: 1000 });
            expect(new Map(items.map((item) => [item.id, item.fields])), `differences ${a} to ${b}`).toEqual(
              naiveDifferences(stateAt(naive, a), stateAt(naive, b)),
            );
          };
          await look(-1);
          // Kept for so long that the horizon falls onto one of the times.
          const horizon = times[choice % times.length]!;
          clock.now = start + horizon * 1000 + 30 * 86_400_000;
          const retention = await readRetention(pool, 30);
          await dropOld({ pool, now: () => clock.now, goesOn: () => true }, retention);
          clock.now = start + 400 * 86_400_000;
          await look(horizon);
          // Of each object at most one version is left from before the horizon, and none of those that were gone.
          const { rows } = await pool.query<{ n: number }>("select count(*)::int as n from event where at <= $1", [time(horizon)]);
          expect(rows[0]!.n).toBe(stateAt(naive, horizon).size);
          const sizes = await pool.query<{ rows: number; real: number }>(
            "select (select coalesce(sum(rows), 0)::int from history_size) as rows, (select count(*)::int from event) as real",
          );
          expect(sizes.rows[0]!.rows).toBe(sizes.rows[0]!.real);
        }),
        { numRuns: 60 },
      );
    }),
);

test("a time before the horizon is refused and the horizon named; what is to come too", () =>
  withHistory(async (history, { pool }, clock) => {
    await write(
      pool,
      play([
        { object: 2, what: "name", value: 1, pause: 10 },
        { object: 2, what: "name", value: 2, pause: 10 },
        { object: 2, what: "name", value: 3, pause: 0 },
      ]).events,
    );
    clock.now = start + 10_000 + 30 * 86_400_000;
    await dropOld({ pool, now: () => clock.now, goesOn: () => true }, await readRetention(pool, 30));
    await expect(history.list("vm", { at: time(5), limit: 10 })).rejects.toThrow(`reaches back to ${time(10)}`);
    await expect(history.objectAt("vm", idOf(2), time(5))).rejects.toThrow("reaches back");
    await expect(history.differences({ from: time(5), limit: 10 })).rejects.toThrow("reaches back");
    expect((await history.objectAt("vm", idOf(2), time(12))).name).toBe("name-2");
    await expect(history.list("vm", { at: new Date(clock.now + 3_600_000).toISOString(), limit: 1 })).rejects.toThrow("still to come");
  }));

test("an object is found by what it was called then, and its changes by any name it had, also when it is gone", () =>
  withHistory(async (history, { pool }) => {
    const naive = play([
      { object: 0, what: "name", value: 0, pause: 1 },
      { object: 2, what: "name", value: 1, pause: 1 },
      { object: 2, what: "name", value: 2, pause: 1 },
      { object: 3, what: "name", value: 1, pause: 1 },
      { object: 2, what: "gone", value: 0, pause: 1 },
    ]);
    await write(pool, naive.events);
    expect((await history.objectAt("vm", "name-1", time(1))).id).toBe(idOf(2));
    expect((await history.objectAt("vm", "name-1", time(3))).id).toBe(idOf(3));
    expect((await history.objectAt("vm", "name-0/name-2", time(3))).id).toBe(idOf(2));
    await expect(history.objectAt("vm", "name-2", time(1))).rejects.toThrow(/there was no vm/);
    await expect(history.objectAt("vm", idOf(2), time(4))).rejects.toThrow(/there was no vm/);
    await expect(history.changes("vm", "name-1", { limit: 10 })).rejects.toThrow(/2 vms are or were called/);
    const { items } = await history.changes("vm", "name-2", { limit: 10 });
    expect(items.map(({ type, changes }) => [type, changes])).toEqual([
      ["deleted", []],
      ["changed", [{ field: "name", before: "name-1", after: "name-2" }]],
      ["created", []],
    ]);
    const first = await history.changes("vm", idOf(2), { limit: 2 });
    expect(first.items).toEqual(items.slice(0, 2));
    expect((await history.changes("vm", idOf(2), { limit: 2, cursor: first.next })).items).toEqual(items.slice(2));
    // From a time on: the change before it is known, but not told.
    expect((await history.changes("vm", idOf(2), { limit: 10, from: time(2) })).items).toEqual(items.slice(0, 2));
    await expect(history.changes("vm", "never", { limit: 1 })).rejects.toThrow(/none was called so/);
  }));

test("a filter over the past sees what was then, and refuses what is not kept", () =>
  withHistory(async (history, { pool }) => {
    const naive = play([
      { object: 0, what: "name", value: 0, pause: 0 },
      { object: 1, what: "name", value: 3, pause: 0 },
      { object: 2, what: "state", value: 1, pause: 1 },
      { object: 3, what: "state", value: 1, pause: 1 },
      { object: 2, what: "state", value: 0, pause: 1 },
      { object: 3, what: "move", value: 1, pause: 1 },
    ]);
    await write(pool, naive.events);
    const ids = async (second: number, filter: string): Promise<string[]> =>
      (await history.list("vm", { at: time(second), limit: 100, filter })).items.map((vm) => vm.id);
    expect(await ids(1, "state = running")).toEqual([idOf(2), idOf(3)]);
    expect(await ids(2, "state = running")).toEqual([idOf(3)]);
    expect(await ids(2, "host = name-0")).toEqual([idOf(2), idOf(3)]);
    expect(await ids(3, "host.name = name-3")).toEqual([idOf(3)]);
    await expect(ids(1, "cpu.use > 80%")).rejects.toThrow(/cannot be asked of the past/);
    await expect(ids(1, "nonsense = 1")).rejects.toThrow(/nonsense/);
    expect((await history.differences({ from: time(1), to: time(3), kind: "vm", filter: "state = off", limit: 10 })).items.map((item) => item.id)).toEqual([
      idOf(2),
    ]);
  }));

test("what is kept by size goes oldest first, and keeps every object", () =>
  withHistory(async (history, { pool }, clock) => {
    const naive = play(Array.from({ length: 400 }, (_, i) => ({ object: i % 6, what: "name" as const, value: i % 4, pause: 60 })));
    await write(pool, naive.events);
    const { total } = await history.storage();
    expect(total.rows).toBe(400);
    await writeRetention(pool, 30, { days: Object.fromEntries(historyKinds.map((kind) => [kind, 1_000])) as never, maxBytes: Math.round(total.bytes / 2) });
    await dropOld({ pool, now: () => clock.now, goesOn: () => true }, await history.retention());
    const after = await history.storage();
    expect(after.total.bytes).toBeLessThanOrEqual(total.bytes / 2);
    expect(await everythingAt(history, 400 * 60)).toEqual(stateAt(naive, 400 * 60));
    expect(after.disk).toBeGreaterThan(0);
  }));

test("few and many events between two times give the same pairs", () =>
  withHistory(async (_history, { pool }) => {
    const naive = play(
      Array.from({ length: 60 }, (_, i) => ({ object: (i * 5) % 6, what: i % 7 === 6 ? ("gone" as const) : ("state" as const), value: i % 2, pause: 1 })),
    );
    await write(pool, naive.events);
    for (const [from, to] of [
      [3, 30],
      [10, 11],
      [0, 59],
    ] as const) {
      const few = await nextPairs(pool, "vm", "", { id: from, at: new Date() }, { id: to, at: new Date() }, 100);
      // A bound that makes it walk the objects instead, and the same events.
      await pool.query(
        "insert into event (id, at, type, kind, object_id, fields) overriding system value values (200000, now(), 'created', 'task', 't-1', '{}')",
      );
      const many = (await nextPairs(pool, "vm", "", { id: from, at: new Date() }, { id: to < 59 ? to : 200_000, at: new Date() }, 100)).filter((pair) =>
        few.some((each) => each.id === pair.id),
      );
      expect(many.map(({ id, before, after }) => ({ id, before, after }))).toEqual(few.map(({ id, before, after }) => ({ id, before, after })));
      await pool.query("delete from event where id = 200000");
    }
  }));

test("what the caller may not see was never there: not by id, name, list, difference or number of namesakes", () =>
  withHistory(async (history, { pool }) => {
    await write(
      pool,
      play([
        { object: 2, what: "name", value: 1, pause: 1 },
        { object: 3, what: "name", value: 1, pause: 1 },
        { object: 3, what: "name", value: 2, pause: 1 },
      ]).events,
    );
    const sees = (object: EstateObject): boolean => object.id !== idOf(3);
    expect((await history.objectAt("vm", "name-1", time(1), sees)).id).toBe(idOf(2));
    const refusalOf = (id: string): Promise<string> =>
      history.objectAt("vm", id, time(2), sees).then(
        () => "found",
        (error: Error) => error.message.replace(id, "X"),
      );
    expect(await refusalOf(idOf(3))).toBe(await refusalOf("vm-0000000000zz"));
    expect((await history.list("vm", { at: time(2), limit: 10 }, sees)).items.map((vm) => vm.id)).toEqual([idOf(2)]);
    expect((await history.differences({ from: time(1), limit: 10 }, sees)).items).toEqual([]);
    expect((await history.changes("vm", "name-1", { limit: 10 }, sees)).objectId).toBe(idOf(2));
    await expect(history.changes("vm", idOf(3), { limit: 10 }, sees)).rejects.toThrow(/there is no vm/);
  }));

test("events are listed latest first, whole, in pages, by what is asked for", () =>
  withHistory(async (history, store) => {
    const naive = play(
      Array.from({ length: 40 }, (_, i) => ({ object: (i * 5) % 6, what: i % 7 === 6 ? ("gone" as const) : ("state" as const), value: i % 2, pause: 1 })),
    );
    await write(store.pool, naive.events);
    const { rows } = await store.pool.query<{ id: string; kind: string; type: string }>("select id::text, kind, type from event order by event.id desc");
    const listed = async (query: Parameters<History["events"]>[0], tasks = true): Promise<string[]> => {
      const ids: string[] = [];
      let cursor: string | undefined;
      do {
        const page = await history.events({ ...query, cursor }, tasks);
        ids.push(...page.items.map(({ id }) => id));
        cursor = page.next;
      } while (cursor !== undefined);
      return ids;
    };
    expect(rows.length).toBeGreaterThan(5);
    expect(await listed({ limit: 3 })).toEqual(rows.map(({ id }) => id));
    expect(await listed({ limit: 2, kind: "vm", type: "changed" })).toEqual(
      rows.filter(({ kind, type }) => kind === "vm" && type === "changed").map(({ id }) => id),
    );
    expect(await listed({ limit: 10, by: "nobody" })).toEqual([]);
    // A deleted object is called what it was called.
    const gone = (await history.events({ limit: 1, type: "deleted" }, true)).items[0]!;
    expect(gone.name).toBe(naive.states.flatMap((state) => state.get(gone.objectId)?.name ?? [])[0]);
    await expect(history.events({ limit: 1, cursor: "1; drop" }, true)).rejects.toMatchObject({ code: "badRequest" });
  }));
