import pg from "pg";
import type { Logger } from "pino";

/** A LISTEN that goes on until it is closed. */
export interface Listening {
  close(): Promise<void>;
}

/**
 * Listens on a channel over a connection of its own (a pooled one would be given to others).
 * Resolves when listening has begun for the first time.
 */
export async function listenTo(
  config: pg.ClientConfig,
  channel: string,
  fn: (payload: string) => void,
  onGap: (() => void) | undefined,
  log: Logger,
): Promise<Listening> {
  let closed = false;
  let client: pg.Client | undefined;
  let timer: NodeJS.Timeout | undefined;
  let waitMs = 100;

  async function connect(first: boolean): Promise<void> {
    const fresh = new pg.Client({ ...config, query_timeout: undefined, statement_timeout: undefined });
    let over = false;
    const lost = (error?: Error): void => {
      if (over) return;
      over = true;
      fresh.end().catch(() => undefined);
      if (closed || first) return;
      log.warn({ channel, error: error?.message }, "the connection that listens to the database is lost; connecting anew");
      timer = setTimeout(() => void connect(false).catch(() => undefined), waitMs);
      waitMs = Math.min(waitMs * 2, 5_000);
    };
    fresh.on("error", lost);
    fresh.on("end", () => lost());
    fresh.on("notification", (message) => {
      try {
        fn(message.payload ?? "");
      } catch (error) {
        log.error({ channel, err: error }, "a listener of the database failed");
      }
    });
    try {
      await fresh.connect();
      await fresh.query(`listen ${pg.escapeIdentifier(channel)}`);
    } catch (error) {
      lost(error as Error);
      throw error;
    }
    if (closed) return void fresh.end().catch(() => undefined);
    client = fresh;
    waitMs = 100;
    if (!first) onGap?.();
    first = false; // from here on a loss is repaired
  }

  await connect(true);
  return {
    async close() {
      closed = true;
      clearTimeout(timer);
      await client?.end().catch(() => undefined);
    },
  };
}
