import pg from "pg";
import type { Logger } from "pino";

/** Connections for signs of life and leases alone, which never wait behind requests. */
export function signsPool(options: pg.PoolConfig, log: Logger): pg.Pool {
  const pool = new pg.Pool({ ...options, max: 4, query_timeout: 10_000, statement_timeout: 10_000 });
  const lost = (error: Error): void => log.debug({ err: error }, "a connection for signs of life is lost");
  pool.on("error", lost);
  // One that is in use tells of its end beside the failure of its query, and what nobody hears ends the process.
  pool.on("connect", (client) => client.on("error", lost));
  return pool;
}
