import { randomUUID } from "node:crypto";
import { PolyvisorError, type Event } from "@polyvisor/model";
import type { Logger } from "pino";
import type pg from "pg";
import type { Estate } from "../estate/estate.ts";
import { currentActor, type Actor } from "../history/actor.ts";
import { storeFailure } from "../store/storeFailure.ts";
import { Draft, eventOf } from "./draft.ts";
import { committedAt, writeBatch } from "./writeBatch.ts";
import { LagRing } from "./lagRing.ts";

/** Reads the estate through the draft and writes to it; may be run again after a failure of the store. */
export type Mutation<T> = (draft: Draft) => T;

interface Waiting {
  mutation: Mutation<unknown>;
  actor: Actor | undefined;
  arrived: number;
  /** Someone waits for the answer: told at once when the store does not answer, instead of when it does again. */
  impatient: boolean;
  resolve(value: unknown): void;
  reject(error: unknown): void;
}

interface Prepared {
  batch: string;
  draft: Draft;
  events: Omit<Event, "id">[];
  taken: { waiting: Waiting; value: unknown }[];
}

const rowLimit = 1_000;
/** Feeds wait when so many changes are not written yet. */
const highWater = 4_000;

export interface JournalOptions {
  pool: pg.Pool;
  estate: Estate;
  publish(events: Event[]): void;
  log: Logger;
  serverId: string;
  now(): number;
}

/**
 * The one writer of estate, events, tasks and steps. Mutations wait in order; as many as are there go into one
 * transaction, and only after its commit is the estate changed and are events told. While one batch is on its
 * way the next one gathers, so that the load decides the size. When the store is out, the batch waits for it.
 */
export class Journal {
  readonly #options: JournalOptions;
  readonly #mark: string;
  readonly #waiting: Waiting[] = [];
  #room: { promise: Promise<void>; resolve(): void } | undefined;
  #draining = false;
  #running: Promise<void> | undefined;
  #closed = false;
  /** So many of the next mutations go one by one, because their batch was refused. */
  #alone = 0;
  readonly lag = new LagRing();
  commits = 0;
  failures = 0;

  constructor(options: JournalOptions) {
    this.#options = options;
    this.#mark = `journal ${options.serverId}`;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  /** Resolves when the mutation is committed and published; waits for the store as long as it takes. Rejects with what the mutation throws. */
  write<T>(mutation: Mutation<T>, actor?: Actor): Promise<T> {
    return this.#enqueue(mutation, false, actor);
  }

  /** The same for someone who waits for an answer, and in their name: rejects with `storeUnavailable` when the store fails. */
  ask<T>(mutation: Mutation<T>): Promise<T> {
    return this.#enqueue(mutation, true, currentActor());
  }

  /** Resolves when there is room for more; feeds wait for it. */
  async room(): Promise<void> {
    while (this.#waiting.length >= highWater && !this.#closed) {
      this.#room ??= Promise.withResolvers<void>();
      await this.#room.promise;
    }
  }

  /** Writes what is waiting, as far as the store answers, and takes nothing more. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#room?.resolve();
    await this.#running;
    for (const each of this.#waiting.splice(0)) each.reject(stopping());
  }

  #enqueue<T>(mutation: Mutation<T>, impatient: boolean, actor: Actor | undefined): Promise<T> {
    if (this.#closed) return Promise.reject(stopping());
    return new Promise<T>((resolve, reject) => {
      this.#waiting.push({ mutation, actor, arrived: performance.now(), impatient, resolve: resolve as (value: unknown) => void, reject });
      if (this.#draining) return;
      this.#draining = true;
      this.#running = this.#drain();
    });
  }

  async #drain(): Promise<void> {
    try {
      await new Promise((resolve) => setImmediate(resolve)); // what arrives in the same turn goes together
      while (this.#waiting.length > 0) {
        const prepared = this.#prepare(this.#alone > 0 ? 1 : Infinity);
        if (this.#alone > 0) this.#alone--;
        if (prepared.draft.isEmpty) {
          for (const { waiting, value } of prepared.taken) waiting.resolve(value);
        } else if (!(await this.#commit(prepared))) return;
        if (this.#waiting.length < highWater && this.#room) {
          this.#room.resolve();
          this.#room = undefined;
        }
      }
    } finally {
      // In the same turn as the last look at the queue: what comes a moment later must start a new round.
      this.#draining = false;
    }
  }

  /** Runs mutations from the head of the queue into a draft. Those that throw are answered and gone. */
  #prepare(limit: number): Prepared {
    const draft = new Draft(this.#options.estate);
    const taken: Prepared["taken"] = [];
    let count = 0;
    while (count < this.#waiting.length && taken.length < limit && draft.changes.length < rowLimit) {
      const waiting = this.#waiting[count++]!;
      try {
        taken.push({ waiting, value: draft.attempt(waiting.mutation, waiting.actor) });
      } catch (error) {
        waiting.reject(error);
      }
    }
    this.#waiting.splice(0, count);
    const at = new Date(this.#options.now()).toISOString();
    return { batch: randomUUID(), draft, events: draft.changes.map((change) => eventOf(change, at)), taken };
  }

  /** Commits, or puts the batch back to be tried anew. @returns false when the server stops meanwhile */
  async #commit(prepared: Prepared): Promise<boolean> {
    let ids: number[] | undefined;
    try {
      ids = await this.#transact(prepared);
    } catch (error) {
      this.failures++;
      if (!isTransient(error)) {
        this.#refused(prepared, error);
        return true;
      }
      this.#options.log.warn({ err: error, waiting: this.#waiting.length }, "the database did not take a batch; trying again");
      this.#tellImpatient(prepared, error);
    }
    if (ids) {
      this.#publish(prepared, ids);
      return true;
    }
    // The connection may have died behind the commit; whether it did is known before anything is done again.
    for (let attempt = 0; !this.#closed; attempt++) {
      await new Promise((resolve) => setTimeout(resolve, Math.min(1_000, 50 * 2 ** Math.min(attempt, 5))));
      try {
        const ids = await this.#alreadyCommitted(prepared);
        if (ids) this.#publish(prepared, ids);
        else this.#waiting.unshift(...prepared.taken.map((each) => each.waiting).filter((each) => !each.impatient));
        return true;
      } catch (error) {
        this.failures++;
        this.#tellImpatient(undefined, error);
      }
    }
    for (const { waiting } of prepared.taken) waiting.reject(stopping());
    return false;
  }

  async #transact({ draft, events, batch }: Prepared): Promise<number[]> {
    const client = await this.#options.pool.connect();
    let broken: Error | undefined;
    try {
      await client.query("begin");
      const ids = await writeBatch(client, draft, events, this.#options.serverId, { key: this.#mark, batch });
      await client.query("commit");
      return ids;
    } catch (error) {
      broken = error as Error;
      if (storeFailure(error) === undefined)
        await client.query("rollback").then(
          () => (broken = undefined),
          () => undefined,
        );
      throw error;
    } finally {
      client.release(broken);
    }
  }

  /** The connection may have died behind the commit: the mark tells. */
  async #alreadyCommitted({ events, batch }: Prepared): Promise<number[] | undefined> {
    const client = await this.#options.pool.connect();
    try {
      const first = await committedAt(client, { key: this.#mark, batch });
      return first === undefined ? undefined : events.map((_, i) => first + i);
    } finally {
      client.release();
    }
  }

  #publish({ draft, events, taken }: Prepared, ids: readonly number[]): void {
    this.commits++;
    const { estate } = this.#options;
    for (const [id, object] of draft.finals()) {
      if (object) estate.put(object);
      else for (const kind of ["host", "vm", "datastore", "network"] as const) estate.delete(kind, id);
    }
    const published = events.map((event, i) => ({ id: String(ids[i]), ...event }) as Event);
    if (published.length > 0) this.#options.publish(published);
    const now = performance.now();
    for (const { waiting, value } of taken) {
      this.lag.add(now - waiting.arrived);
      waiting.resolve(value);
    }
  }

  /** The store answered and refused the data. Each mutation is tried alone, so that one bad one stops no other. */
  #refused({ taken }: Prepared, error: unknown): void {
    if (taken.length === 1) {
      this.#options.log.error({ err: error }, "the database refused a change; it is left out");
      taken[0]!.waiting.reject(error);
      return;
    }
    this.#waiting.unshift(...taken.map((each) => each.waiting));
    this.#alone = taken.length;
  }

  /** Those who wait for an answer get it; what they asked for is taken out of the queue. */
  #tellImpatient(prepared: Prepared | undefined, error: unknown): void {
    const failure =
      storeFailure(error) ?? new PolyvisorError("storeUnavailable", { detail: "the database could not finish a transaction in time", cause: error });
    for (const { waiting } of prepared?.taken ?? []) if (waiting.impatient) waiting.reject(failure);
    if (!this.#waiting.some((each) => each.impatient)) return;
    for (const waiting of this.#waiting.splice(0)) {
      if (waiting.impatient) waiting.reject(failure);
      else this.#waiting.push(waiting);
    }
  }
}

/** Deadlock, serialisation, a statement that took too long: worth another attempt, as is a store that is away. */
const isTransient = (error: unknown): boolean => storeFailure(error) !== undefined || /^(40...|57014|55P03)$/.test(String((error as { code?: unknown }).code));

const stopping = (): PolyvisorError => new PolyvisorError("starting", { detail: "the server is stopping" });
