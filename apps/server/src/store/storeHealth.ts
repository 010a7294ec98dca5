import type pg from "pg";
import type { Logger } from "pino";

const everyMs = 2_000;

/** Knows whether the database answers: asked every two seconds, and told of every connection that dies. */
export class StoreHealth {
  healthy = true;
  readonly #pool: pg.Pool;
  readonly #log: Logger;
  #timer: NodeJS.Timeout;
  #closed = false;

  constructor(pool: pg.Pool, log: Logger) {
    this.#pool = pool;
    this.#log = log;
    this.#timer = setTimeout(() => void this.#ask(), everyMs).unref();
  }

  /** A connection died or could not be made. */
  failed(error: Error): void {
    if (this.#closed) return;
    if (this.healthy) this.#log.error({ error: error.message }, "the database does not answer");
    this.healthy = false;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#ask(), 250).unref();
  }

  async #ask(): Promise<void> {
    try {
      await this.#pool.query({ text: "select 1", query_timeout: 5_000 } as pg.QueryConfig);
      if (!this.healthy && !this.#closed) this.#log.info("the database answers again");
      this.healthy = true;
      if (!this.#closed) this.#timer = setTimeout(() => void this.#ask(), everyMs).unref();
    } catch (error) {
      this.failed(error as Error);
    }
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }
}
