import type { Store } from "../store/openStore.ts";

/** What happens to the commits of a store's transactions. */
export interface Commits {
  /** The next commit is carried out, and its answer is lost with the connection. */
  loseAnswer(): void;
  /** Commits wait until what is returned is called. */
  hold(): () => void;
}

/** Puts itself between a store and those who take a connection for a transaction. */
export function watchCommits(store: Store): Commits {
  let lose = false;
  let held: Promise<void> = Promise.resolve();
  const connect = store.pool.connect.bind(store.pool) as (...args: unknown[]) => unknown;
  store.pool.connect = (async (...args: unknown[]) => {
    if (args.length > 0) return connect(...args); // the pool's own way to run a single query
    const client = (await connect()) as { query(...args: unknown[]): Promise<unknown>; release(error?: Error): void };
    return {
      release: (error?: Error) => client.release(error),
      async query(...query: unknown[]) {
        if (query[0] === "commit") await held;
        const answer = await client.query(...query);
        if (query[0] !== "commit" || !lose) return answer;
        lose = false;
        throw Object.assign(new Error("Connection terminated unexpectedly"), { code: "ECONNRESET" });
      },
    };
  }) as never;
  return {
    loseAnswer: () => void (lose = true),
    hold() {
      const { promise, resolve } = Promise.withResolvers<void>();
      held = promise;
      return () => resolve();
    },
  };
}
