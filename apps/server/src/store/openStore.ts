import { Kysely, PostgresDialect, type Transaction } from "kysely";
import pg from "pg";
import type { Logger } from "pino";
import { connectionOptions, schemaName } from "./connectionOptions.ts";
import { listenTo, type Listening } from "./listening.ts";
import { migrate } from "./migrate.ts";
import { openPrivatePostgres, type PrivatePostgres } from "./privatePostgres.ts";
import type { Schema } from "./schema.ts";
import { SlowQueries, timedClient, type SlowQuery } from "./slowQueries.ts";
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
  /** Statements of the pool that took long, without their values. */
  slowQueries(): SlowQuery[];
  close(): Promise<void>;
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
    const slow = new SlowQueries();
    // Pipelined: who sends several statements without waiting waits for one round trip (the journal does).
    const pool = new pg.Pool({ ...config, pipeline: true, Client: timedClient(slow), max: 12, idleTimeoutMillis: 60_000 });
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
      slowQueries: () => slow.all(),
      async close() {
        health.close();
        await Promise.all([...listenings].map((each) => each.close()));
        await db.destroy(); // ends the pool, if it has ever used it
        if (!pool.ending) await pool.end();
        await own?.close();
      },
    };
  } catch (error) {
    await own?.close();
    throw error;
  }
}
