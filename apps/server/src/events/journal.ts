import { PolyvisorError } from "@polyvisor/model";
import type { Logger } from "pino";
import { currentActor, type Actor } from "../history/actor.ts";
import { storeFailure } from "../store/storeFailure.ts";
import { FenceRefused, type Claim } from "./claim.ts";
import { LagRing } from "./lagRing.ts";
import { prepare, type Mutation, type Prepared, type Waiting } from "./prepare.ts";
import { Turns, type TurnsOptions } from "./turns.ts";

/** Feeds wait when so many changes are not written yet. */
const highWater = 4_000;

export interface JournalOptions extends TurnsOptions {
  log: Logger;
  now(): number;
  /** Claims that another server holds now. */
  lost?(claims: Claim[]): void;
}

/**
 * The one writer of this server. Mutations wait in order; as many as are there go into one transaction, and only after
 * its commit is the estate changed and are events told. While one batch is on its way the next one gathers, so that the
 * load decides the size. When the store is out, the batch waits for it.
 *
 * Servers write in turns. With the turn comes what others wrote meanwhile: it is applied and told first, and the batch
 * is prepared anew upon it, so that a mutation always sees the present of all servers.
 */
export class Journal {
  readonly #options: JournalOptions;
  readonly #turns: Turns;
  readonly #waiting: Waiting[] = [];
  #room: { promise: Promise<void>; resolve(): void } | undefined;
  #draining = false;
  #running: Promise<void> | undefined;
  #closed = false;
  /** So many of the next mutations go one by one, because their batch was refused. */
  #alone = 0;
  /** Who waits until what other servers wrote is here. */
  #readers: { resolve(): void; reject(error: unknown): void }[] = [];
  readonly lag = new LagRing();
  commits = 0;
  failures = 0;

  constructor(options: JournalOptions) {
    this.#options = options;
    this.#turns = new Turns(options);
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

  /** Resolves when everything that was committed before is applied and told, whoever wrote it. */
  catchUp(): Promise<void> {
    if (this.#closed) return Promise.reject(stopping());
    return new Promise((resolve, reject) => {
      this.#readers.push({ resolve, reject });
      this.#start();
    });
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
    for (const each of [...this.#waiting.splice(0), ...this.#readers.splice(0)]) each.reject(stopping());
  }

  #enqueue<T>(mutation: Mutation<T>, impatient: boolean, actor: Actor | undefined): Promise<T> {
    if (this.#closed) return Promise.reject(stopping());
    return new Promise<T>((resolve, reject) => {
      this.#waiting.push({ mutation, actor, arrived: performance.now(), impatient, resolve: resolve as (value: unknown) => void, reject });
      this.#start();
    });
  }

  #start(): void {
    if (this.#draining) return;
    this.#draining = true;
    this.#running = this.#drain();
  }

  async #drain(): Promise<void> {
    try {
      await new Promise((resolve) => setImmediate(resolve)); // what arrives in the same turn goes together
      while (this.#waiting.length + this.#readers.length > 0) {
        if (this.#waiting.length === 0) {
          await this.#read();
          continue;
        }
        const prepared = this.#prepare(this.#alone > 0 ? 1 : Infinity);
        if (this.#alone > 0) this.#alone--;
        if (!(await (prepared.draft.isEmpty ? this.#answer(prepared) : this.#commit(prepared)))) return;
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

  #prepare(limit: number): Prepared {
    return prepare(this.#waiting, this.#options.estate, limit, this.#options.now());
  }

  /** Puts what is not answered back to where it was taken from. */
  #putBack(prepared: Prepared): void {
    this.#waiting.unshift(...prepared.open);
    if (prepared.limit !== Infinity) this.#alone += prepared.open.length;
    prepared.open = [];
  }

  /** Nothing is to be written. Who waits for an answer gets it of the present, which another server may have changed. */
  async #answer(prepared: Prepared): Promise<boolean> {
    const { taken, thrown } = prepared;
    if (thrown.length > 0 || taken.some(({ waiting }) => waiting.impatient)) {
      try {
        if (await this.#turns.readOn()) {
          this.#putBack(prepared);
          return true;
        }
      } catch (error) {
        this.failures++;
        this.#tellImpatient(prepared, error);
        this.#putBack(prepared);
        if (this.#closed) return false;
        await new Promise((resolve) => setTimeout(resolve, 250));
        return true;
      }
    }
    for (const { waiting, value } of taken) waiting.resolve(value);
    for (const { waiting, error } of thrown) waiting.reject(error);
    return true;
  }

  /** For those who wait for what others wrote. */
  async #read(): Promise<void> {
    const readers = this.#readers.splice(0);
    try {
      await this.#turns.readOn();
      for (const { resolve } of readers) resolve();
    } catch (error) {
      for (const { reject } of readers) reject(storeFailure(error) ?? error);
    }
  }

  /** Commits, or puts the batch back to be tried anew. @returns false when the server stops meanwhile */
  async #commit(prepared: Prepared): Promise<boolean> {
    let ids: number[] | undefined;
    try {
      ids = await this.#turns.write(prepared, {
        again: () => this.#again(prepared),
        certain: () => {
          for (const { waiting, error } of prepared.thrown) waiting.reject(error);
          prepared.open = prepared.taken.map(({ waiting }) => waiting);
        },
      });
      if (!ids) {
        this.#putBack(prepared);
        return true;
      }
    } catch (error) {
      if (error instanceof FenceRefused) {
        await this.#refusedByFence(prepared);
        return true;
      }
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
        const ids = await this.#turns.written(prepared);
        if (ids) this.#publish(prepared, ids);
        else this.#putBack(prepared);
        return true;
      } catch (error) {
        this.failures++;
        this.#tellImpatient(undefined, error);
      }
    }
    for (const waiting of prepared.open) waiting.reject(stopping());
    return false;
  }

  /** Prepares the same mutations, and those that came meanwhile, upon what others wrote. */
  #again(prepared: Prepared): Prepared {
    const { limit } = prepared;
    this.#putBack(prepared);
    if (limit !== Infinity) this.#alone--;
    return Object.assign(prepared, this.#prepare(limit));
  }

  #publish(prepared: Prepared, ids: readonly number[]): void {
    this.commits++;
    for (const ticket of prepared.draft.audited) ticket.recorded = true;
    this.#turns.publish(prepared, ids);
    const now = performance.now();
    for (const { waiting, value } of prepared.taken) {
      this.lag.add(now - waiting.arrived);
      waiting.resolve(value);
    }
  }

  /** Marks what is lost, so that it is left out of the next attempt. Where nothing is, one mutation stands in the way of another. */
  async #refusedByFence(prepared: Prepared): Promise<void> {
    const { lost, log } = this.#options;
    try {
      const found = await this.#turns.lostOf(prepared);
      if (found.length > 0) {
        log.warn({ lost: found.slice(0, 10).map(({ kind, id }) => `${kind} ${id}`), count: found.length }, "another server took over what a batch was about");
        lost?.(found);
        this.#putBack(prepared);
      } else this.#refused(prepared, new FenceRefused());
    } catch (error) {
      log.debug({ err: error }, "who holds what could not be read");
      this.#putBack(prepared);
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
  }

  /** The store answered and refused the data. Each mutation is tried alone, so that one bad one stops no other. */
  #refused({ open }: Prepared, error: unknown): void {
    if (open.length === 1) {
      // Two servers were asked for the same at the same time: who comes second answers with the first one's task.
      if ((error as { constraint?: string } | undefined)?.constraint === "idempotency_pkey")
        this.#options.log.info("an order was kept by another server first");
      else this.#options.log.error({ err: error }, "the database refused a change; it is left out");
      open[0]!.reject(error);
      return;
    }
    this.#waiting.unshift(...open);
    this.#alone = open.length;
  }

  /** Those who wait for an answer get it; what they asked for is taken out of the queue. */
  #tellImpatient(prepared: Prepared | undefined, error: unknown): void {
    const failure =
      storeFailure(error) ?? new PolyvisorError("storeUnavailable", { detail: "the database could not finish a transaction in time", cause: error });
    for (const waiting of prepared?.open ?? []) if (waiting.impatient) waiting.reject(failure);
    if (prepared) prepared.open = prepared.open.filter((waiting) => !waiting.impatient);
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
