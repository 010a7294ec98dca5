import type { Logger } from "pino";
import type pg from "pg";
import { ClockTrust } from "../clockTrust.ts";
import { dropOld, readRetention } from "../history/retention.ts";
import type { EventLog } from "./eventLog.ts";

const aliveEveryMs = 10_000;
const pruneEveryMs = 10 * 60_000;
/** A server whose clock differs more from the database's deletes nothing by it. */
const apartMs = 5 * 60_000;

export interface HousekeepingOptions {
  pool: pg.Pool;
  events: EventLog;
  log: Logger;
  now(): number;
  serverId: string;
  keepEventsDays: number;
}

/** Notes that the server runs, and deletes what is kept no longer. */
export class Housekeeping {
  readonly #options: HousekeepingOptions;
  /** When a server with this id was last known to run, before this one. */
  readonly aliveBefore: string | undefined;
  readonly #timers: NodeJS.Timeout[] = [];
  #pruning: Promise<void> | undefined;
  readonly #clock: ClockTrust;
  #closed = false;

  constructor(options: HousekeepingOptions, aliveBefore: string | undefined) {
    this.#options = options;
    const { now, log } = options;
    const stepped = (): void => log.warn("the clock was stepped; nothing of the past is deleted for a day");
    this.#clock = new ClockTrust({ now, monotonic: () => performance.now(), stepped });
    this.aliveBefore = aliveBefore;
  }

  static async open(options: HousekeepingOptions): Promise<Housekeeping> {
    const { rows } = await options.pool.query<{ value: { at: string } }>("select value from setting where key = $1", [`alive ${options.serverId}`]);
    return new Housekeeping(options, rows[0]?.value.at);
  }

  start(): void {
    const quietly = (work: () => Promise<void>): void =>
      void work().catch((error: unknown) => this.#options.log.debug({ err: error }, "housekeeping could not reach the database"));
    quietly(() => this.#alive());
    this.#timers.push(
      setInterval(() => quietly(() => this.#alive()), aliveEveryMs).unref(),
      setInterval(() => quietly(() => this.prune()), pruneEveryMs).unref(),
    );
  }

  /** Deletes events, tasks and idempotency keys that are older than they are kept, a piece at a time; nothing while the clock is in doubt. */
  prune(): Promise<void> {
    this.#pruning ??= this.#prune().finally(() => (this.#pruning = undefined));
    return this.#pruning;
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const timer of this.#timers) clearInterval(timer);
    await this.#pruning?.catch(() => undefined);
    await this.#alive().catch(() => undefined);
  }

  async #alive(): Promise<void> {
    const { pool, now, serverId } = this.#options;
    await pool.query(
      "insert into setting (key, value) values ($1, jsonb_build_object('at', $2::text)) on conflict (key) do update set value = excluded.value",
      [`alive ${serverId}`, new Date(now()).toISOString()],
    );
  }

  /** One server with a wrong clock must not delete what all of them keep. */
  async #agrees(): Promise<boolean> {
    const { pool, now, log } = this.#options;
    const { rows } = await pool.query<{ at: Date }>("select clock_timestamp() as at");
    const apart = Math.abs(now() - rows[0]!.at.getTime());
    if (apart > apartMs)
      log.warn(
        { apartSeconds: Math.round(apart / 1000) },
        "the clocks of this server and of the database differ; it deletes nothing of the past until they agree",
      );
    return apart <= apartMs;
  }

  async #prune(): Promise<void> {
    const { pool, events, now, keepEventsDays } = this.#options;
    if (!this.#clock.trusted() || !(await this.#agrees())) return;
    const retention = await readRetention(pool, keepEventsDays);
    await dropOld({ pool, now, goesOn: () => !this.#closed }, retention);
    const horizon = await pool.query<{ id: number }>("select coalesce(max(id), 0) as id from history_horizon");
    events.pruned(horizon.rows[0]!.id + 1);
    if (this.#closed) return;
    await pool.query("delete from task where ended_at < $1", [new Date(now() - retention.days.task * 86_400_000)]);
    await pool.query("delete from idempotency where created_at < $1", [new Date(now() - 86_400_000)]);
  }
}
