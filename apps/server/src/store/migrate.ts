import { setTimeout as delay } from "node:timers/promises";
import pg from "pg";
import type { Logger } from "pino";
import { StartError } from "../startError.ts";
import { databaseStartError } from "./databaseStartError.ts";
import { migrations, type Migration } from "./migrations.ts";

/** Oldest PostgreSQL that the SQL of this server runs on. */
export const oldestPostgres = 14;
// Any number that no other program on a shared database uses; made once at random.
const lockKey = "5287390164820367";
/** How long a migration waits for a lock: others wait behind it meanwhile. */
const lockMs = 3_000;
const pauseMs = 300;
/** How long it is tried. */
const patienceMs = 5 * 60_000;
const deadlock = "40P01";
const lockNotAvailable = "55P03";

/**
 * Brings the database's schema up to this code's version. Several servers may do it at once: one does, the others wait.
 * A server of an older version runs beside a newer schema as long as that only added to what the older one knows.
 * @throws StartError for a database that cannot be reached, is too old, or is of a newer server that broke with this one
 */
export async function migrate(config: pg.ClientConfig, schema: string, log: Logger, all: readonly Migration[] = migrations): Promise<void> {
  const client = new pg.Client({ ...config, statement_timeout: undefined, query_timeout: undefined });
  client.on("error", () => undefined); // told by the query that fails
  try {
    await client.connect();
    await check(client);
    await client.query("set lock_timeout = '5min'");
    await client.query("select pg_advisory_lock($1)", [lockKey]);
    // Asked first: creating needs a right that who was given a schema need not have.
    const { rowCount } = await client.query("select 1 from pg_namespace where nspname = $1", [schema]);
    if (rowCount === 0) await client.query(`create schema ${pg.escapeIdentifier(schema)}`);
    await client.query("create table if not exists migration (version integer primary key, name text not null, at timestamptz not null default now())");
    await client.query("alter table migration add column if not exists compatible boolean not null default false");
    const { rows } = await client.query<{ version: number; name: string; compatible: boolean }>(
      "select version, name, compatible from migration order by version",
    );
    const known = new Set(all.map(({ version }) => version));
    const unknown = rows.filter(({ version }) => !known.has(version));
    const broken = unknown.find(({ compatible }) => !compatible);
    if (broken) {
      throw new StartError(
        `The database's tables are of a newer Polyvisor (schema ${broken.version}, ${broken.name}); this one knows schemas up to ${all.at(-1)?.version ?? 0}.`,
        "Start the newer version, or give this one another database.",
      );
    }
    if (unknown.length > 0) log.info({ newest: unknown.at(-1)!.name }, "the database's tables are of a newer Polyvisor, beside which this one can run");
    const done = new Set(rows.map((row) => row.version));
    for (const migration of all) {
      if (done.has(migration.version)) continue;
      log.info({ version: migration.version, name: migration.name }, "bringing the database's tables up to date");
      await apply(client, migration, log);
    }
  } catch (error) {
    throw databaseStartError(error, client);
  } finally {
    await client.end().catch(() => undefined); // releases the lock, and rolls back what is open
  }
}

/**
 * In one transaction. Servers of the version before go on beside it: where its locks and theirs stand in each other's
 * way it lets go and begins anew, so that they wait for seconds at most.
 */
async function apply(client: pg.Client, migration: Migration, log: Logger): Promise<void> {
  for (const end = performance.now() + patienceMs; ;) {
    try {
      await client.query(`begin; set local lock_timeout = ${lockMs}`);
      await client.query(migration.sql);
      const compatible = migration.breaking !== true;
      await client.query("insert into migration (version, name, compatible) values ($1, $2, $3)", [migration.version, migration.name, compatible]);
      await client.query("commit");
      return;
    } catch (error) {
      const { code } = error as { code?: unknown };
      if ((code !== deadlock && code !== lockNotAvailable) || performance.now() > end) throw error;
      await client.query("rollback");
      log.info({ version: migration.version }, "the tables are in use by others; trying again");
      await delay(pauseMs);
    }
  }
}

async function check(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ number: string; version: string; encoding: string }>(
    "select current_setting('server_version_num') as number, current_setting('server_version') as version, current_setting('server_encoding') as encoding",
  );
  const { number, version, encoding } = rows[0]!;
  if (Number(number) < oldestPostgres * 10_000)
    throw new StartError(
      `The database is PostgreSQL ${version}; Polyvisor needs ${oldestPostgres} or newer.`,
      "Upgrade it, or leave --database out: Polyvisor then runs a PostgreSQL of its own.",
    );
  if (encoding !== "UTF8")
    throw new StartError(`The database's encoding is ${encoding}; Polyvisor needs UTF8.`, "Create it with: createdb --encoding=UTF8 --template=template0 NAME");
}
