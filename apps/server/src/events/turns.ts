import { PolyvisorError, type Event } from "@polyvisor/model";
import type pg from "pg";
import { bootClock } from "../cluster/cluster.ts";
import type { EstateObject } from "../controlPlane.ts";
import type { Estate } from "../estate/estate.ts";
import { storeFailure } from "../store/storeFailure.ts";
import type { Claim } from "./claim.ts";
import type { Draft } from "./draft.ts";
import { tellBefore, tellBefores } from "./eventBefore.ts";
import { committedAt, foreignPage, lookAtClaims, readSince, takeTurn, writeBatch } from "./writeBatch.ts";

/** What is written in one transaction. */
export interface Batch {
  /** Names it, so that it is known whether it was committed when the connection died behind the commit. */
  id: string;
  draft: Draft;
  events: Omit<Event, "id">[];
}

export interface TurnsOptions {
  pool: pg.Pool;
  estate: Estate;
  /** Own events and those of other servers, in the order of their ids. */
  publish(events: Event[]): void;
  serverId: string;
  /** Id of the last event that the estate holds. */
  last: number;
  /** Told of every change once, in order, right after the estate has it. `before` is what the estate had; `own`: this server wrote it. */
  applied?(event: Event, before: EstateObject | undefined, own: boolean): void;
  /** What others wrote was thrown away before this server read it: what it holds is not the estate any more. It has to end. */
  missed?: (() => void) | undefined;
  /** Milliseconds on a clock that never steps and also counts while the machine sleeps. */
  clock?: (() => number) | undefined;
  /** Whether other servers are to be told of what is written. */
  hasPeers?(): boolean;
}

/** What a turn asks of who has it. */
export interface TurnAsks {
  /** Others wrote something, which is applied now: the batch as it is upon that. */
  again(): Batch;
  /** The batch saw the present: what its mutations refused is refused. */
  certain(): void;
}

/** Nothing younger than an hour is thrown away: who read what was there less than this ago has missed nothing. */
const awayMs = 30 * 60_000;

/**
 * Servers write in turns, and the estate takes what each wrote in the order of its ids: the one place where estate and
 * event log change. Its methods are called one after another, never at the same time.
 */
export class Turns {
  readonly #options: TurnsOptions;
  readonly #mark: string;
  #last: number;
  /** When everything that was there had been read, by the clock that never steps. */
  #readAt: number;
  readonly #clock: () => number;

  constructor(options: TurnsOptions) {
    this.#options = options;
    this.#last = options.last;
    this.#mark = `journal ${options.serverId}`;
    this.#clock = options.clock ?? bootClock;
    this.#readAt = this.#clock();
  }

  /** Applies what others wrote, without a turn. @returns whether there was anything */
  async readOn(): Promise<boolean> {
    for (let found = false; ; found = true) {
      const at = this.#clock();
      const events = await readSince(this.#options.pool, this.#last);
      await this.#nothingMissed(this.#options.pool, at);
      if (events.length > 0) this.#takeForeign(events);
      if (events.length < foreignPage) return found || events.length > 0;
    }
  }

  /**
   * Takes a turn and writes. @returns ids of the events; undefined where nothing was written, because others had
   * written so much that they need not wait until all of it is applied: try again
   * @throws FenceRefused, or what the store says
   */
  async write(first: Batch, asks: TurnAsks): Promise<number[] | undefined> {
    const { pool, serverId, hasPeers } = this.#options;
    const client = await pool.connect();
    let broken: Error | undefined;
    try {
      let batch = first;
      const at = this.#clock();
      const { foreign, audit } = await takeTurn(client, this.#last, first.draft.audited.length > 0);
      await this.#nothingMissed(client, at);
      if (foreign.length > 0) this.#takeForeign(foreign);
      if (foreign.length === foreignPage) {
        await client.query("rollback");
        await this.readOn();
        return undefined;
      }
      if (foreign.length > 0) batch = asks.again();
      asks.certain();
      if (!batch.draft.isEmpty) {
        const mark = { key: this.#mark, batch: batch.id };
        return await writeBatch(client, batch.draft, batch.events, { owner: serverId, mark, tell: hasPeers?.() ?? false, audit });
      }
      await client.query("rollback");
      return [];
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

  /** Where a batch's events are, when its connection died behind the commit: the mark tells. */
  async written({ id, events }: Batch): Promise<number[] | undefined> {
    const client = await this.#options.pool.connect();
    let broken = true;
    try {
      const first = await committedAt(client, { key: this.#mark, batch: id });
      broken = false;
      return first === undefined ? undefined : events.map((_, i) => first + i);
    } finally {
      client.release(broken);
    }
  }

  /** Applies and tells what was written. Each object is put once, as it is at the end of the batch. */
  publish({ draft, events }: Batch, ids: readonly number[]): void {
    const { estate, applied, publish } = this.#options;
    const published = events.map((event, i) => ({ id: String(ids[i]), ...event }) as Event);
    tellBefores(published, estate);
    const last = new Map(published.map((event) => [event.objectId, event]));
    const before = new Map<string, EstateObject | undefined>();
    if (applied) for (const event of last.values()) if (event.kind !== "task") before.set(event.objectId, estate.get(event.kind, event.objectId));
    for (const [id, object] of draft.finals()) {
      if (object) estate.put(object);
      else for (const kind of ["host", "vm", "datastore", "network"] as const) estate.delete(kind, id);
    }
    if (applied) for (const [id, event] of last) applied(event, before.get(id), true);
    if (published.length === 0) return;
    this.#last = ids.at(-1)!;
    publish(published);
  }

  /** Marks the claims of a batch that others hold now. */
  lostOf({ draft }: Batch): Promise<Claim[]> {
    return lookAtClaims(this.#options.pool, draft.claims, this.#options.serverId);
  }

  /**
   * After a read. Who was away for longer than the history is kept does not find what was deleted meanwhile, and would
   * show it for ever. @throws PolyvisorError `starting`
   */
  async #nothingMissed(client: pg.ClientBase | pg.Pool, at: number): Promise<void> {
    if (at - this.#readAt > awayMs) {
      const { rows } = await client.query<{ id: number }>("select coalesce(max(id), 0) as id from history_horizon");
      if (rows[0]!.id > this.#last) {
        this.#options.missed?.();
        throw new PolyvisorError("starting", { detail: "this server was away for longer than the history is kept, and reads the estate anew" });
      }
    }
    this.#readAt = at;
  }

  #takeForeign(events: Event[]): void {
    const { estate, applied, publish } = this.#options;
    for (const event of events) {
      if (event.kind === "task") {
        applied?.(event, undefined, false);
        continue;
      }
      const before = estate.get(event.kind, event.objectId);
      tellBefore(event, before);
      if (event.type === "deleted") estate.delete(event.kind, event.objectId);
      else if (event.object) estate.put(event.object as EstateObject);
      applied?.(event, before, false);
    }
    this.#last = Number(events.at(-1)!.id);
    publish(events);
  }
}
