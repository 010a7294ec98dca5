import pg from "pg";
import { pino } from "pino";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startSitePostgres, type SitePostgres } from "../lab/sitePostgres.ts";
import { until } from "../lab/until.ts";
import { connectionOptions, schemaName } from "./connectionOptions.ts";
import { migrate } from "./migrate.ts";
import type { Migration } from "./migrations.ts";

// Tables grow while servers of the version before write to them.

let site: SitePostgres;
beforeAll(async () => void (site = await startSitePostgres()));
afterAll(() => site.close());

const first: Migration = {
  version: 1,
  name: "two tables",
  sql: "create table a (n int); create table b (n int); insert into a values (1); insert into b values (1);",
};
const second: Migration = { version: 2, name: "more columns", sql: "alter table a add column m int; alter table b add column m int;" };

/** @returns what the migrating server said meanwhile */
async function beside(work: (writer: pg.Client, waits: (table: string) => Promise<unknown>) => Promise<void>): Promise<string[]> {
  const config = connectionOptions({ url: await site.database() });
  const said: string[] = [];
  const log = pino({ level: "info" }, { write: (line: string) => void said.push((JSON.parse(line) as { msg: string }).msg) });
  await migrate(config, schemaName, log, [first]);
  const writer = new pg.Client(config);
  const watcher = new pg.Client(config);
  await writer.connect();
  await watcher.connect();
  try {
    await writer.query("begin; update b set n = n + 1");
    const grown = migrate(config, schemaName, log, [first, second]);
    const waits = (table: string): Promise<unknown> =>
      until(
        `it waits for ${table}`,
        async () => (await watcher.query("select from pg_locks where not granted and relation = $1::regclass", [table])).rowCount === 1,
      );
    await waits("b");
    await work(writer, waits);
    await grown;
    const { rows } = await watcher.query("select a.n as a, b.n as b, a.m as am, b.m as bm from a, b");
    expect(rows).toEqual([{ a: 2, b: 2, am: null, bm: null }]);
  } finally {
    await writer.end();
    await watcher.end();
  }
  return said;
}

test("where a migration and a writer wait for each other the migration lets go, and grows the tables after it", async () => {
  let letGo = "the migration";
  const said = await beside(async (writer) => {
    try {
      await writer.query("update a set n = n + 1");
    } catch (error) {
      // On a machine that stood still the database may choose the writer, which begins anew as the journal does.
      expect(error).toMatchObject({ code: "40P01" });
      letGo = "the writer";
      await writer.query("rollback; begin; update a set n = n + 1; update b set n = n + 1");
    }
    await writer.query("commit");
  });
  if (letGo === "the migration") expect(said).toContain("the tables are in use by others; trying again");
});

test("a table that is held for long holds up neither the migration for good nor others behind it", { timeout: 60_000 }, async () => {
  const said = await beside(async (writer, waits) => {
    await until("it let go", async () => (await writer.query("select from pg_locks where not granted and relation = 'b'::regclass")).rowCount === 0, 30_000);
    await writer.query("update a set n = n + 1"); // what the migration had locked is free
    await waits("a");
    await writer.query("commit");
  });
  expect(said).toContain("the tables are in use by others; trying again");
});
