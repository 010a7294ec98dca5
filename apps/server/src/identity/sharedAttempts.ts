import { createHash } from "node:crypto";
import type pg from "pg";
import { Attempts, RateLimited, type AttemptsOptions } from "./attempts.ts";

/** What the store keeps at most; beyond that the longest untouched goes first. */
const most = 100_000;
/** By then every count is as if nothing had been. */
const overMinutes = 60;

const now = "coalesce($4::timestamptz, clock_timestamp())";
/** A clock that was set back locks nobody out, and one set forth only fills. */
const filled = "least($2::real, a.rest + greatest(0, extract(epoch from excluded.at - a.at))::real / $3::real)";

export interface SharedAttemptsOptions extends Pick<AttemptsOptions, "burst" | "secondsEach"> {
  pool: pg.Pool;
  /** What tells counts of one kind from those of another. */
  of: string;
  /** Milliseconds since 1970; the database's clock where absent, so that servers whose clocks differ count alike. */
  now?: (() => number) | undefined;
}

/**
 * Counts attempts by key for all servers of the site: who is sent away by one comes in by no other. What one server has
 * already seen too often it refuses by itself, so that a flood costs the database nothing.
 */
export class SharedAttempts {
  readonly #options: SharedAttemptsOptions;
  readonly #here: Attempts;

  constructor(options: SharedAttemptsOptions) {
    this.#options = options;
    this.#here = new Attempts(options.now ? { ...options, now: options.now } : { burst: options.burst, secondsEach: options.secondsEach });
  }

  /** @throws RateLimited */
  async take(key: string, what: string): Promise<void> {
    const { pool, secondsEach } = this.#options;
    this.#here.take(key, what);
    try {
      const { rows } = await pool.query<{ taken: boolean; rest: number }>({
        name: "sign-in-attempt-take",
        text: `insert into sign_in_attempt as a (key, rest, taken, at) values ($1, $2::real - 1, true, ${now})
          on conflict (key) do update set taken = ${filled} >= 1, rest = ${filled} - case when ${filled} >= 1 then 1 else 0 end, at = excluded.at
          returning taken, rest`,
        values: this.#values(key),
      });
      const { taken, rest } = rows[0]!;
      if (!taken) throw new RateLimited(what, Math.max(1, Math.ceil((1 - rest) * secondsEach)));
    } catch (error) {
      this.#here.giveBack(key); // it was counted by those who sent it away, or by nobody
      throw error;
    }
  }

  /** Only failures count. */
  async giveBack(key: string): Promise<void> {
    this.#here.giveBack(key);
    await this.#options.pool
      .query({
        name: "sign-in-attempt-give-back",
        text: `update sign_in_attempt as a set rest = least($2::real, ${filled.replaceAll("excluded.at", now)} + 1), at = ${now} where key = $1`,
        values: this.#values(key),
      })
      .catch(() => undefined); // it fills up by itself
  }

  #values(key: string): unknown[] {
    const { of, burst, secondsEach, now: clock } = this.#options;
    // Names are typed by anybody, and sometimes a pass phrase in their place: neither is kept.
    return [createHash("sha256").update(`${of}\n${key}`).digest(), burst, secondsEach, clock ? new Date(clock()) : null];
  }
}

/** Forgets counts that are over, and the longest untouched of too many. */
export async function pruneAttempts(pool: pg.Pool): Promise<void> {
  await pool.query(`delete from sign_in_attempt where at < now() - interval '${overMinutes} minutes' or at > now() + interval '1 day'`);
  await pool.query(
    "delete from sign_in_attempt where key in (select key from sign_in_attempt order by at limit (select greatest(0, count(*) - $1) from sign_in_attempt))",
    [most],
  );
}
