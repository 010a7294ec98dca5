import { Kysely, PostgresDialect, type Transaction } from "kysely";
import pg from "pg";
import type { Logger } from "pino";
import { listenTo, type Listening } from "./listening.ts";
import { migrate } from "./migrate.ts";
import { openPrivatePostgres, type PrivatePostgres } from "./privatePostgres.ts";
import type { Schema } from "./schema.ts";
import { StoreHealth } from "./storeHealth.ts";

/** Where PostgreSQL is: one of our own in the data folder, or the site's by URL. */
export type StorePlace = { kind: "private"; dataFolder: string } | { kind: "url"; url: string };

/** The store as the rest of the server sees it: the same for both places. */
export interface Store {
  readonly db: Kysely<Schema>;
  readonly pool: pg.Pool;
  /** Runs `fn` in one transaction; rolled back when it throws. Rejects with the driver's error: see `storeFailure`. */
  transaction<T>(fn: (trx: Transaction<Schema>) => Promise<T>): Promise<T>;
  /**
   * Calls `fn` for each NOTIFY on the channel. The connection is made anew when it is lost; what was sent
   * meanwhile is gone, so `onGap` is called then: read what you keep anew.
   */
  listen(channel: string, fn: (payload: string) => void, onGap?: () => void): Promise<Listening>;
  /** Whether the last thing asked of the database was answered. From memory. */
  healthy(): boolean;
  close(): Promise<void>;
}

/** The schema of PostgreSQL in which all our tables stand, so that a database may be shared with others. */
export const schemaName = "polyvisor";

// bigint: revisions, event ids and bytes all stay below 2^53, so they are numbers here.
const int8 = 20;
function parseInt8(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new RangeError("a bigint of the store is past 2^53");
  return value;
}

/** Settings of every connection. */
function connectionOptions(place: PrivatePostgres | { url: string }): pg.ClientConfig {
  const where = "url" in place ? { connectionString: place.url } : { host: place.socketFolder, user: place.user, database: place.database };
  return {
    ...where,
    application_name: "polyvisor",
    options: `-c search_path=${schemaName} -c timezone=UTC`,
    connectionTimeoutMillis: 5_000,
    statement_timeout: 30_000,
    query_timeout: 35_000,
    idle_in_transaction_session_timeout: 60_000,
    keepAlive: true,
    types: { getTypeParser: ((oid: number, format?: string) => (oid === int8 ? parseInt8 : pg.types.getTypeParser(oid, format as "text"))) as typeof pg.types.getTypeParser },
  };
}

/**
 * Opens the store: starts or adopts the private PostgreSQL where asked, brings the schema up to date.
 * @throws StartError with a paragraph for the operator when it cannot be had
 */
export async function openStore(place: StorePlace, log: Logger): Promise<Store> {
  const own: PrivatePostgres | undefined = place.kind === "private" ? await openPrivatePostgres(place.dataFolder, log) : undefined;
  try {
    const config = connectionOptions(own ?? { url: (place as { url: string }).url });
    await migrate(config, schemaName, log);
    const pool = new pg.Pool({ ...config, max: 12, idleTimeoutMillis: 60_000 });
    const health = new StoreHealth(pool, log);
    pool.on("error", (error) => health.failed(error)); // an idle connection died; without a listener the process would
    pool.on("connect", (client) => client.on("error", (error) => health.failed(error))); // the same for one in use
    const db = new Kysely<Schema>({ dialect: new PostgresDialect({ pool }) });
    const listenings = new Set<Listening>();
    return {
      db,
      pool,
      transaction: (fn) => db.transaction().execute(fn),
      async listen(channel, fn, onGap) {
        const listening = await listenTo(config, channel, fn, onGap, log);
        listenings.add(listening);
        return listening;
      },
      healthy: () => health.healthy,
      async close() {
        health.close();
        await Promise.all([...listenings].map((each) => each.close()));
        await db.destroy(); // ends the pool
        await own?.close();
      },
    };
  } catch (error) {
    await own?.close();
    throw error;
  }
}
