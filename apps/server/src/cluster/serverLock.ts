import { setTimeout as delay } from "node:timers/promises";
import type pg from "pg";
import { StartError } from "../startError.ts";

/** Any number that no other program on a shared database uses; made once at random. */
const lockClass = 1_402_771_903;
/** A killed process's connection may take a moment to be noticed by the database. */
const patienceMs = 12_000;

/**
 * Makes sure that no other process runs under this server's id, by a lock that lasts as long as its connection.
 * @throws StartError when there is one
 */
export async function lockServerId(pool: pg.Pool, serverId: string, patience = patienceMs): Promise<{ release(): Promise<void> }> {
  const client = await pool.connect();
  let released = false;
  const lose = (): void => {
    // The row's incarnation tells from here on: a second process that comes now makes this one stop.
    if (!released) client.release(true);
    released = true;
  };
  client.on("error", lose);
  const until = performance.now() + patience;
  for (;;) {
    const { rows } = await client
      .query<{ mine: boolean }>("select pg_try_advisory_lock($1, hashtext($2)) as mine", [lockClass, serverId])
      .catch((error: unknown): never => {
        lose(); // a pool does not end while somebody has one of its connections
        throw error;
      });
    if (rows[0]!.mine) break;
    if (performance.now() > until) {
      lose();
      throw new StartError(
        `Another process runs as this server (${serverId}) on the same database.`,
        "Each server has a data folder of its own. If this one was copied from another server's, remove the file server-id in it; else stop the other process.",
      );
    }
    await delay(200);
  }
  return {
    async release() {
      if (released) return;
      client.off("error", lose);
      released = true;
      await client.query("select pg_advisory_unlock($1, hashtext($2))", [lockClass, serverId]).then(
        () => client.release(),
        () => client.release(true),
      );
    },
  };
}
