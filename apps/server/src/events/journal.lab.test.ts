import type { Event, Task } from "@polyvisor/model";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { Estate } from "../estate/estate.ts";
import { labLog } from "../lab/labPlane.ts";
import { aHost, aVm } from "../lab/sampleObjects.ts";
import { startSitePostgres, type SitePostgres } from "../lab/sitePostgres.ts";
import { openStore, type Store } from "../store/openStore.ts";
import { Journal } from "./journal.ts";

let site: SitePostgres;
let store: Store;
let journal: Journal;
let estate: Estate;
let told: Event[];
beforeAll(async () => {
  site = await startSitePostgres();
});
afterAll(() => site.close());
beforeEach(async () => {
  store = await openStore({ kind: "url", url: await site.database() }, labLog);
  estate = new Estate();
  told = [];
  journal = new Journal({ pool: store.pool, estate, log: labLog, serverId: "test", now: Date.now, last: 0, publish: (events) => told.push(...events) });
});
afterEach(async () => {
  await journal.close();
  await store.close();
});

const aTask = (id: string): Task => ({
  kind: "task",
  id,
  revision: 1,
  title: "a task",
  state: "queued",
  progress: 0,
  by: "me",
  reason: "",
  createdAt: "2026-01-01T00:00:00.000Z",
  cancelRequested: false,
  plan: { title: "a task", reason: "", steps: [], warnings: [], expect: [] } as unknown as Task["plan"],
  steps: [],
});
const add = (id: string): Promise<void> => journal.write((draft) => draft.put(aHost(id), { type: "created" }));

test("nothing is forgotten in the queue, however soon after the last batch it comes", async () => {
  await Promise.all(
    Array.from({ length: 40 }, async (_, hops) => {
      for (let round = 0; round < 5; round++) {
        await add(`h-${hops}-${round}`);
        for (let i = 0; i < hops; i++) await undefined; // so many turns later, the next
      }
    }),
  );
  for (let hops = 0; hops < 40; hops++) {
    await add(`h-alone-${hops}`);
    for (let i = 0; i < hops; i++) await undefined;
  }
  expect(estate.tables.host.byId.size).toBe(240);
  expect(told.map((event) => Number(event.id))).toEqual(Array.from({ length: 240 }, (_, i) => i + 1));
});

test("of many in one batch, what throws and what the database refuses is left out alone; the rest is there in order", async () => {
  const results = await Promise.allSettled([
    add("h-1"),
    journal.write((draft) => {
      draft.put(aHost("h-2"), { type: "created" });
      throw new Error("thrown");
    }),
    add("h-3"),
    journal.write((draft) => {
      draft.put(aHost("h-4"), { type: "created" });
      draft.also((client) => client.query("insert into credential (host_id, sealed) values (null, '')"));
    }),
    add("h-5"),
  ]);
  expect(results.map((each) => each.status)).toEqual(["fulfilled", "rejected", "fulfilled", "rejected", "fulfilled"]);
  expect([...estate.tables.host.byId.keys()]).toEqual(["h-1", "h-3", "h-5"]);
  expect(told.map((event) => event.objectId)).toEqual(["h-1", "h-3", "h-5"]);
  expect((await store.pool.query("select id from object order by id")).rows).toEqual([{ id: "h-1" }, { id: "h-3" }, { id: "h-5" }]);
});

test("a mutation sees what those before it in the batch did, and nobody sees it before its commit", async () => {
  const first = add("h-1");
  const second = journal.write((draft) => {
    const host = draft.get("host", "h-1")!;
    expect(estate.get("host", "h-1")).toBeUndefined();
    draft.put({ ...host, name: "renamed", revision: 2 }, { type: "changed", fields: ["name"] });
    return draft.hostNamed("renamed")?.id;
  });
  expect([await first, await second]).toEqual([undefined, "h-1"]);
  expect(journal.commits).toBe(1);
  expect(estate.get("host", "h-1")!.name).toBe("renamed");
  expect(told.map((event) => event.type)).toEqual(["created", "changed"]);
});

test("a connection that dies behind the commit makes nothing twice", async () => {
  // The commit is carried out, and its answer is lost with the connection.
  let cut = true;
  const pool = {
    connect: async () => {
      const client = await store.pool.connect();
      return {
        release: (error?: Error) => client.release(error),
        query: async (text: string, values?: unknown[]) => {
          const answer = await client.query(text, values);
          if (text !== "commit" || !cut) return answer;
          cut = false;
          throw Object.assign(new Error("Connection terminated unexpectedly"), { code: "ECONNRESET" });
        },
      };
    },
  };
  await journal.close();
  journal = new Journal({ pool: pool as never, estate, log: labLog, serverId: "test", now: Date.now, last: 0, publish: (events) => told.push(...events) });
  await add("h-1");
  await add("h-2");
  expect(told.map((event) => [event.id, event.objectId])).toEqual([
    ["1", "h-1"],
    ["2", "h-2"],
  ]);
  expect(cut).toBe(false);
  expect((await store.pool.query("select count(*) as n from event")).rows).toEqual([{ n: 2 }]);
});

/** Another journal on the same store, whose connections ask `through` about each statement. */
async function journalOver(through: (text: string, answer: Promise<unknown>) => unknown): Promise<void> {
  const pool = {
    connect: async () => {
      const client = await store.pool.connect();
      return {
        release: (error?: Error) => client.release(error),
        query: (statement: string | { text: string }) =>
          through(typeof statement === "string" ? statement : statement.text, client.query(statement as string) as Promise<unknown>),
      };
    },
  };
  await journal.close();
  journal = new Journal({ pool: pool as never, estate, log: labLog, serverId: "test", now: Date.now, last: 0, publish: (events) => told.push(...events) });
}

test("a batch and its commit are sent without waiting for an answer between them", async () => {
  // Until the commit is sent nothing that writes is answered.
  let sent = Promise.withResolvers<void>();
  await journalOver(async (text, answer) => {
    if (text === "commit") sent.resolve();
    else if (/insert|update/.test(text)) await sent.promise;
    return answer;
  });
  for (const id of ["h-1", "h-2"]) {
    sent = Promise.withResolvers();
    await Promise.all([
      add(id),
      journal.write((draft) => {
        draft.addTask(aTask(`t-${id}`), "test");
        draft.updateStep({ taskId: `t-${id}`, n: 1, state: "running", progress: 0 });
      }),
    ]);
  }
  expect(told.map((event) => event.objectId)).toEqual(["h-1", "h-2"]);
  expect((await store.pool.query("select task_id from task_step order by 1")).rows).toEqual([{ task_id: "t-h-1" }, { task_id: "t-h-2" }]);
});

test("of a batch that fails anywhere nothing is kept, though its commit was sent behind it", async () => {
  await journal.write((draft) => draft.addTask(aTask("t-1"), "test"));
  const results = await Promise.allSettled([
    add("h-1"),
    // The first statement of the batch fails.
    journal.write((draft) => {
      draft.put(aHost("h-2"), { type: "created" });
      draft.addTask(aTask("t-1"), "test");
    }),
    // One in the middle.
    journal.write((draft) => {
      draft.put(aHost("h-3"), { type: "created" });
      draft.updateStep({ taskId: "t-1", n: 1, state: undefined as never, progress: 0 });
    }),
    // The last one.
    journal.write((draft) => {
      for (const id of ["v-1", "v-2"]) draft.put(aVm(id, "h-1", { nativeId: "the same" }), { type: "created" });
    }),
    add("h-4"),
  ]);
  expect(results.map((each) => (each.status === "rejected" ? (each.reason as { table?: string }).table : "kept"))).toEqual([
    "kept",
    "task",
    "task_step",
    "object",
    "kept",
  ]);
  expect(told.map((event) => event.objectId)).toEqual(["h-1", "h-4"]);
  expect((await store.pool.query("select object_id as id from event order by id")).rows).toEqual([{ id: "h-1" }, { id: "h-4" }]);
  expect((await store.pool.query("select id from object order by id")).rows).toEqual([{ id: "h-1" }, { id: "h-4" }]);
  expect((await store.pool.query("select count(*) as n from task_step")).rows).toEqual([{ n: 0 }]);
});

test("what a statement says to its answer is heard before the commit is sent", async () => {
  const results = await Promise.allSettled([
    add("h-1"),
    journal.write((draft) => {
      draft.put(aHost("h-2"), { type: "created" });
      draft.also(async (client) => {
        const { rowCount } = await client.query("update setting set value = value where key = 'nobody has it'");
        if (rowCount !== 1) throw new Error("somebody else was faster");
      }, true);
    }),
  ]);
  expect(results).toMatchObject([{ status: "fulfilled" }, { status: "rejected", reason: { message: "somebody else was faster" } }]);
  expect((await store.pool.query("select id from object")).rows).toEqual([{ id: "h-1" }]);
});

test("a batch reads no table whole, also where its statements were planned while the tables were empty", async () => {
  const scans: Promise<{ rows: unknown[] }>[] = [];
  const pool = {
    connect: async () => {
      const client = await store.pool.connect();
      const query = (statement: string): unknown => {
        // What the transaction read, before it ends.
        if (statement === "commit") scans.push(client.query("select relname, seq_scan from pg_stat_xact_user_tables where seq_scan > 0"));
        return client.query(statement);
      };
      return { release: (error?: Error) => client.release(error), query };
    },
  };
  await journal.close();
  journal = new Journal({ pool: pool as never, estate, log: labLog, serverId: "test", now: Date.now, last: 0, publish: () => undefined });
  for (let i = 0; i < 12; i++) {
    const id = `t-${i}`;
    await journal.write((draft) => {
      draft.addTask(aTask(id), "test");
      draft.tellTask(aTask(id), { type: "created", taskId: id });
    });
    await journal.write((draft) => {
      draft.under({ kind: "task", id, fence: 1, lost: false });
      draft.updateTask({ ...aTask(id), state: "succeeded", revision: 2 });
      draft.updateStep({ taskId: id, n: 1, state: "succeeded", progress: 1 });
      draft.tellTask(aTask(id), { type: "changed", taskId: id });
    });
  }
  expect((await Promise.all(scans)).flatMap(({ rows }) => rows)).toEqual([]);
  expect(scans).toHaveLength(24);
});
