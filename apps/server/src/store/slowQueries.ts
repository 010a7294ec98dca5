import pg from "pg";

/** A statement that took long: its text, in which values stand as $1, and how often it did. */
export interface SlowQuery {
  sql: string;
  times: number;
  longestMs: number;
  /** ISO 8601. */
  lastAt: string;
}

/** From so long on a statement is slow: none of ours should be. */
const slowMs = 200;
const most = 100;
const longestText = 500;

/** The statements that took longest, by text. */
export class SlowQueries {
  readonly #byText = new Map<string, SlowQuery>();

  note(sql: string, ms: number, at = new Date()): void {
    if (ms < slowMs) return;
    // Values are parameters; should one ever stand in the text, it is not kept.
    const text = sql.replace(/'(?:[^']|'')*'/g, "'?'").slice(0, longestText);
    const known = this.#byText.get(text);
    if (known) Object.assign(known, { times: known.times + 1, longestMs: Math.max(known.longestMs, Math.round(ms)), lastAt: at.toISOString() });
    else if (this.#byText.size < most) this.#byText.set(text, { sql: text, times: 1, longestMs: Math.round(ms), lastAt: at.toISOString() });
  }

  /** The slowest first. */
  all(): SlowQuery[] {
    return [...this.#byText.values()].sort((a, b) => b.longestMs - a.longestMs);
  }
}

/** The driver's client, which tells of every statement how long it took. */
export function timedClient(slow: SlowQueries): typeof pg.Client {
  return class extends pg.Client {
    override query(...args: unknown[]): never {
      const [first] = args;
      const text = typeof first === "string" ? first : (first as { text?: unknown } | undefined)?.text;
      const began = performance.now();
      const done = (): void => slow.note(typeof text === "string" ? text : "", performance.now() - began);
      const callback = args.at(-1);
      if (typeof callback === "function")
        args[args.length - 1] = (...result: unknown[]) => {
          done();
          (callback as (...all: unknown[]) => void)(...result);
        };
      const result = (super.query as (...all: unknown[]) => unknown)(...args);
      if (result instanceof Promise) result.then(done, done);
      return result as never;
    }
  } as unknown as typeof pg.Client;
}
