import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { PolyvisorError, type Task } from "@polyvisor/model";
import type { Logger } from "pino";
import type pg from "pg";
import type { Draft } from "../events/draft.ts";
import { otherRequest } from "./otherRequest.ts";

/** An order whose server was not heard of for so long is nobody's any more. */
const aliveSeconds = 15;
const beatMs = 4_000;
/** How long a repeat waits until the first is planned. */
const patienceMs = 60_000;

/** An order with an Idempotency-Key. */
export interface KeyedOrder {
  account: string;
  key: string;
  /** Hash of all that makes it what it is. */
  hash: string;
}

export interface TaskKeysOptions {
  pool: pg.Pool;
  /** Of this server, the same after a restart. */
  serverId: string;
  log: Logger;
}

/**
 * Has each order with a key planned by one server only. The key is reserved before anything is planned, because a
 * second plan may find that nothing is left to do; whoever comes second waits for what the first comes to. A
 * reservation is no proof: that is the row of `idempotency`, kept in the transaction of the task. It stays for some
 * seconds longer, so that at no moment neither of the two is there.
 */
export class TaskKeys {
  readonly #options: TaskKeysOptions;
  readonly #holder: string;
  /** Under way here. */
  readonly #here = new Map<string, { hash: string; task: Promise<Task> }>();
  /** Kept: their reservations can go. */
  readonly #done = new Set<string>();
  readonly #timer: NodeJS.Timeout;

  private constructor(options: TaskKeysOptions) {
    this.#options = options;
    this.#holder = `${options.serverId} ${randomUUID()}`;
    this.#timer = setInterval(() => void this.#beat(), beatMs).unref();
  }

  /** What a former process of this server had reserved is nobody's from now on. */
  static async open(options: TaskKeysOptions): Promise<TaskKeys> {
    const { pool, serverId } = options;
    await pool.query("delete from task_order where alive_until < now() - interval '1 day' or left(holder, $1) = $2", [serverId.length + 1, `${serverId} `]);
    return new TaskKeys(options);
  }

  /**
   * Makes the task of a key once.
   * @param get a task that was made before
   * @throws PolyvisorError `conflict` for a key of another request, or where the first is still being planned after a minute
   */
  async once(order: KeyedOrder, make: () => Promise<Task>, get: (id: string) => Promise<Task>): Promise<Task> {
    const name = `${order.account} ${order.key}`;
    const underWay = this.#here.get(name);
    if (underWay) return underWay.hash === order.hash ? await underWay.task : otherRequest(order.key);
    const task = this.#once(order, make, get);
    this.#here.set(name, { hash: order.hash, task });
    try {
      return await task;
    } finally {
      this.#here.delete(name);
    }
  }

  /** Keeps what came of an order, in the transaction of its task. */
  keep(draft: Draft, { account, key, hash }: KeyedOrder, taskId: string): void {
    draft.also((client) =>
      client.query({
        name: "journal-key",
        text: "insert into idempotency (account_id, key, request_hash, task_id) values ($1, $2, decode($3, 'hex'), $4)",
        values: [account, key, hash, taskId],
      }),
    );
  }

  close(): void {
    clearInterval(this.#timer);
  }

  async #once(order: KeyedOrder, make: () => Promise<Task>, get: (id: string) => Promise<Task>): Promise<Task> {
    const same = (hash: string): void => void (hash === order.hash || otherRequest(order.key));
    let waitMs = 10;
    for (const deadline = performance.now() + patienceMs; ; waitMs = Math.min(250, waitMs * 1.5)) {
      const { known, hash, taken } = await this.#reserve(order);
      if (hash !== null) same(hash);
      if (known !== null) return get(known);
      if (taken) break;
      if (performance.now() > deadline)
        throw new PolyvisorError("conflict", {
          detail: "the first request with this key is still being planned",
          remedy: "Repeat it later, with the same key.",
        });
      await delay(waitMs);
    }
    try {
      const task = await make();
      this.#done.add(`${order.account} ${order.key}`);
      return task;
    } catch (error) {
      // Whether it was kept nobody knows before the store is back: a repeat finds out.
      if (error instanceof PolyvisorError && error.code === "storeUnavailable") throw error;
      await this.#release(order);
      // Who stood still for too long was overtaken, and what the other did may be why there was nothing to plan any more.
      const other = await this.#kept(order).catch(() => undefined);
      if (!other) throw error;
      same(other.hash);
      return get(other.known);
    }
  }

  /** What is known of the key; where nothing is, it is this server's from now on. */
  async #reserve({ account, key, hash }: KeyedOrder): Promise<{ known: string | null; hash: string | null; taken: boolean }> {
    const { rows } = await this.#options.pool.query<{ known: string | null; hash: string | null; taken: boolean }>({
      name: "task-key-reserve",
      text: `with kept as (select task_id, request_hash from idempotency where account_id = $1 and key = $2),
      taken as (
        insert into task_order (account_id, key, request_hash, holder, alive_until)
        select $1, $2, decode($3, 'hex'), $4, now() + make_interval(secs => ${aliveSeconds}) where not exists (select from kept)
        on conflict (account_id, key) do update set request_hash = excluded.request_hash, holder = excluded.holder, alive_until = excluded.alive_until
        where task_order.alive_until < now() or task_order.holder = $4
        returning true
      )
      select (select task_id from kept) as known, exists (select from taken) as taken, encode(coalesce((select request_hash from kept),
        (select request_hash from task_order where account_id = $1 and key = $2 and not exists (select from taken))), 'hex') as hash`,
      values: [account, key, hash, this.#holder],
    });
    return rows[0]!;
  }

  async #kept({ account, key }: KeyedOrder): Promise<{ known: string; hash: string } | undefined> {
    const { rows } = await this.#options.pool.query<{ known: string; hash: string }>(
      "select task_id as known, encode(request_hash, 'hex') as hash from idempotency where account_id = $1 and key = $2",
      [account, key],
    );
    return rows[0];
  }

  async #release({ account, key }: KeyedOrder): Promise<void> {
    await this.#options.pool
      .query("delete from task_order where account_id = $1 and key = $2 and holder = $3", [account, key, this.#holder])
      .catch((error: unknown) => this.#options.log.debug({ err: error }, "a key could not be given back"));
  }

  async #beat(): Promise<void> {
    const done = [...this.#done];
    if (this.#here.size === 0 && done.length === 0) return;
    await this.#options.pool
      .query(
        `with gone as (delete from task_order where holder = $1 and account_id || ' ' || key = any($2))
         update task_order set alive_until = now() + make_interval(secs => $3) where holder = $1 and account_id || ' ' || key = any($4)`,
        [this.#holder, done, aliveSeconds, [...this.#here.keys()]],
      )
      .then(() => done.forEach((name) => this.#done.delete(name)))
      .catch((error: unknown) => this.#options.log.debug({ err: error }, "keys of orders could not be held"));
  }
}
