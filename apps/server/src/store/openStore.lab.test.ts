import { chmod, mkdir, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { pino } from "pino";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { startSitePostgres, type SitePostgres } from "../lab/sitePostgres.ts";
import { until } from "../lab/until.ts";
import { migrate } from "./migrate.ts";
import { migrations } from "./migrations.ts";
import { isAlive } from "./postgresProcess.ts";
import { openStore, type Store, type StorePlace } from "./openStore.ts";
import { storeFailure } from "./storeFailure.ts";

const log = pino({ level: "silent" });
let site: SitePostgres;
let folder: string;
beforeAll(async () => {
  site = await startSitePostgres();
});
afterAll(() => site.close());
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "polyvisor-store-"));
  await chmod(folder, 0o711);
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const postmaster = async (): Promise<number> => Number((await readFile(path.join(folder, "postgres/postmaster.pid"), "utf8")).split("\n")[0]);

describe.each(["private", "url"])("a store (%s)", (kind) => {
  const place = async (): Promise<StorePlace> => (kind === "private" ? { kind, dataFolder: folder } : { kind: "url", url: await site.database() });

  test("has its tables, keeps what is written, and reads a bigint as a number", async () => {
    const where = await place();
    const store = await openStore(where, log);
    await store.transaction(async (trx) => {
      await trx
        .insertInto("event")
        .values({ at: new Date(), type: "deleted", kind: "vm", object_id: "vm-1", fields: ["a", "b"], cause: null, task_id: null, doc: null })
        .execute();
    });
    await expect(
      store.transaction(async (trx) => {
        await trx.deleteFrom("event").execute();
        throw new Error("no");
      }),
    ).rejects.toThrow("no");
    await store.close();
    const again = await openStore(where, log);
    expect(await again.db.selectFrom("event").select(["id", "fields", "object_id"]).execute()).toEqual([{ id: 1, fields: ["a", "b"], object_id: "vm-1" }]);
    expect(again.healthy()).toBe(true);
    await again.close();
  });

  test("tells what others say on a channel", async () => {
    const store = await openStore(await place(), log);
    const heard: string[] = [];
    const listening = await store.listen('a "channel"', (text) => heard.push(text));
    await store.pool.query("select pg_notify($1, $2)", ['a "channel"', "hello"]);
    await until("the message", () => heard.includes("hello"));
    await listening.close();
    await store.close();
  });

  test("a server of yesterday refuses tables of tomorrow", async () => {
    const where = await place();
    const store = await openStore(where, log);
    await store.pool.query("insert into migration (version, name) values (99, 'tomorrow')");
    await store.close();
    await expect(openStore(where, log)).rejects.toThrow(/newer Polyvisor \(schema 99, tomorrow\)/);
  });
});

describe("the site's database", () => {
  test("is brought up to date once, however many servers start at the same moment", async () => {
    const url = await site.database();
    const stores = await Promise.all(Array.from({ length: 5 }, () => openStore({ kind: "url", url }, log)));
    expect(await site.query(url, "select version from polyvisor.migration order by 1")).toEqual(migrations.map(({ version }) => ({ version })));
    expect(await site.query(url, "select count(*)::int as n from pg_tables where schemaname = 'public'")).toEqual([{ n: 0 }]); // a shared database stays tidy
    await Promise.all(stores.map((each) => each.close()));
  });

  test("is as before when a migration fails", async () => {
    const url = await site.database();
    const store = await openStore({ kind: "url", url }, log);
    const bad = { version: migrations.length + 1, name: "bad", sql: "create table half_made (x int); select nonsense;" };
    await expect(migrate({ connectionString: url, options: "-c search_path=polyvisor" }, "polyvisor", log, [...migrations, bad])).rejects.toThrow(/nonsense/);
    expect(await site.query(url, "select to_regclass('polyvisor.half_made') as is")).toEqual([{ is: null }]);
    await store.close();
  });

  test.each([
    ["a wrong pass phrase", (url: string) => url.replace("tenant-secret", "geheim"), /"site\d+" at 127\.0\.0\.1:\d+ refuses the name or pass phrase/],
    ["a database that is not there", (url: string) => url.replace(/\/site\d+$/, "/nowhere"), /has no such database/],
    ["a port where nothing listens", (url: string) => url.replace(/:\d+\//, ":1/"), /does not take connections/],
    ["a host that does not exist", (url: string) => url.replace("127.0.0.1", "nowhere.invalid"), /cannot be resolved/],
  ])("%s is named with what to do, and no secret is shown", async (_, change, message) => {
    const failed = openStore({ kind: "url", url: change(await site.database()) }, log);
    await expect(failed).rejects.toThrow(message);
    await expect(failed).rejects.not.toThrow(/secret|geheim/);
  });

  test("another encoding than UTF-8 is refused", async () => {
    await expect(openStore({ kind: "url", url: await site.database({ encoding: "LATIN1" }) }, log)).rejects.toThrow(/LATIN1[^]*UTF8/);
  });

  test("an account that may create nothing is told what it needs", async () => {
    const url = await site.database();
    await site.query(url, "alter database " + new URL(url).pathname.slice(1) + " owner to boss");
    await expect(openStore({ kind: "url", url }, log)).rejects.toThrow(/create schema polyvisor authorization/);
    await site.query(url, "create schema polyvisor authorization tenant");
    await (await openStore({ kind: "url", url }, log)).close();
  });
});

describe("the private database", () => {
  const open = (): Promise<Store> => openStore({ kind: "private", dataFolder: folder }, log);

  test("listens on no network, writes checksums, and lets nobody else near its socket", async () => {
    const store = await open();
    const show = async (name: string): Promise<unknown> => (await store.pool.query(`show ${name}`)).rows[0];
    expect(await show("listen_addresses")).toEqual({ listen_addresses: "" });
    expect(await show("data_checksums")).toEqual({ data_checksums: "on" });
    expect(await show("fsync")).toEqual({ fsync: "on" });
    expect((await stat(path.join(folder, "socket"))).mode & 0o777).toBe(0o700);
    expect((await stat(path.join(folder, "postgres"))).mode & 0o777).toBe(0o700);
    const pid = await postmaster();
    await store.close();
    expect(isAlive(pid)).toBe(false);
  });

  test("comes back by itself when it is killed; meanwhile everything fails as storeUnavailable", async () => {
    const store = await open();
    let gaps = 0;
    const heard: string[] = [];
    await store.listen(
      "c",
      (text) => heard.push(text),
      () => gaps++,
    );
    const pid = await postmaster();
    process.kill(pid, "SIGKILL");
    const failure = await until("a failure", () =>
      store.pool.query("select 1").then(
        () => undefined,
        (error: unknown) => error,
      ),
    );
    expect(storeFailure(failure)).toMatchObject({ code: "storeUnavailable" });
    await until("its return", async () => (await postmaster()) !== pid && store.healthy() && (await store.pool.query("select 1")).rowCount === 1);
    await until("that listening goes on", () => gaps > 0);
    await store.pool.query("select pg_notify('c', 'x')");
    await until("a message", () => heard.includes("x"));
    await store.close();
  });

  test("an account that starts the server for the first time is let in", async () => {
    await (await open()).close();
    await writeFile(path.join(folder, "postgres/pg_ident.conf"), 'server "somebody" polyvisor\n');
    const store = await open();
    expect((await store.pool.query("select current_user as who")).rows).toEqual([{ who: "polyvisor" }]);
    await store.close();
  });

  test("a cluster that was left half-made is made anew", async () => {
    await mkdir(path.join(folder, "postgres.new/base"), { recursive: true });
    await (await open()).close();
    await expect(stat(path.join(folder, "postgres.new"))).rejects.toThrow("ENOENT");
  });

  test("a data folder with a path that is too long for a socket works as well", async () => {
    const long = path.join(folder, "x".repeat(100));
    await mkdir(long, { mode: 0o711 });
    const store = await openStore({ kind: "private", dataFolder: long }, log);
    const { rows } = await store.pool.query<{ at: string }>("select current_setting('unix_socket_directories') as at");
    expect(rows[0]!.at.length).toBeLessThan(90);
    expect((await stat(rows[0]!.at)).mode & 0o777).toBe(0o700);
    await store.close();
    await expect(stat(rows[0]!.at)).rejects.toThrow("ENOENT"); // nothing is left in the temporary folder
  });

  test.runIf(process.getuid?.() === 0)("a folder that its account may not enter is named", async () => {
    await chmod(folder, 0o700);
    await expect(open()).rejects.toThrow(new RegExp(`may not enter ${folder}[^]*chmod o\\+x`));
  });
});
