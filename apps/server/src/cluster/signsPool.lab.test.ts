import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { labLog } from "../lab/labPlane.ts";
import { startSitePostgres, type SitePostgres } from "../lab/sitePostgres.ts";
import { signsPool } from "./signsPool.ts";

let site: SitePostgres;
beforeAll(async () => void (site = await startSitePostgres()));
afterAll(() => site.close());

test("a connection that is lost in the middle of its work fails that work, and nothing else", async () => {
  const url = await site.database();
  const heard: unknown[] = [];
  const hear = (error: unknown): void => void heard.push(error);
  process.on("uncaughtException", hear);
  const pool = signsPool({ connectionString: url }, labLog);
  try {
    const client: pg.PoolClient = await pool.connect();
    const { rows } = await client.query<{ pid: number }>("select pg_backend_pid() as pid");
    const ended = new Promise((resolve) => client.once("end", () => resolve(undefined)));
    const work = expect(client.query("select pg_sleep(60)")).rejects.toThrow(/terminat/);
    await site.query(url, `select pg_terminate_backend(${rows[0]!.pid})`);
    await work;
    await ended;
    client.release(true);
    expect((await pool.query("select 1 as one")).rows).toEqual([{ one: 1 }]);
    expect(heard).toEqual([]);
  } finally {
    process.off("uncaughtException", hear);
    await pool.end();
  }
});
