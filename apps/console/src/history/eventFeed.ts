import { ApiError } from "@polyvisor/api/client";
import type { Batch } from "../live/eventSieve.ts";
import { live, stream } from "../live/live.ts";
import type { EventHead } from "../live/liveObject.ts";
import { api } from "../session/session.ts";

export const eventKinds = ["vm", "host", "datastore", "network", "task"] as const;
export const eventTypes = ["created", "changed", "deleted"] as const;

/** Which events; all where nothing is said. */
export interface EventQuery {
  kind?: (typeof eventKinds)[number] | undefined;
  type?: (typeof eventTypes)[number] | undefined;
  by?: string | undefined;
  field?: string | undefined;
  from?: string | undefined;
  to?: string | undefined;
}

/** Events that are read at once, that are kept, and that wait while one reads further down. */
const [page, most, mostWaiting] = [100, 2_000, 500];

/** Feeds that are shown, of all of which the stream is asked for events. */
let wanted = 0;

/** Whether an event is one of those that are asked for. */
export function fitsQuery(event: EventHead, { kind, type, by, field, from, to }: EventQuery): boolean {
  return (
    event.type !== "reset" &&
    (kind === undefined || event.kind === kind) &&
    (type === undefined || event.type === type) &&
    (by === undefined || event.by === by) &&
    (field === undefined || event.fields.includes(field)) &&
    (from === undefined || event.at >= from) &&
    (to === undefined || event.at < to)
  );
}

/** Events, latest first: as they come, and further back by pages. */
export class EventFeed {
  readonly #query: EventQuery;
  readonly #watchers = new Set<() => void>();
  #events: readonly EventHead[] = [];
  #waiting: EventHead[] = [];
  #left = 0;
  #held = false;
  #next: string | undefined;
  #loaded = false;
  #loading = false;
  #error: unknown;
  #epoch = 0;
  #end: (() => void) | undefined;
  /** Rises when something differs. */
  version = 0;

  constructor(query: EventQuery) {
    this.#query = query;
  }
  get events(): readonly EventHead[] {
    return this.#events;
  }
  get loaded(): boolean {
    return this.#loaded;
  }
  get error(): unknown {
    return this.#error;
  }
  /** Whether what comes waits. */
  get held(): boolean {
    return this.#held;
  }
  /** How many came and are not shown. */
  get waiting(): number {
    return this.#waiting.length + this.#left;
  }
  get goesOn(): boolean {
    return this.#next !== undefined && this.#events.length < most;
  }
  readonly retry = (): void => void this.#load(undefined);
  readonly more = (): void => {
    if (this.goesOn && !this.#loading) void this.#load(this.#next);
  };

  /** What comes waits, or is shown. */
  hold(on: boolean): void {
    if (on === this.#held) return;
    this.#held = on;
    if (!on) {
      // More came than were kept: the list begins anew.
      if (this.#left > 0) void this.#load(undefined);
      else this.#show(this.#waiting);
      this.#waiting = [];
      this.#left = 0;
    }
    this.#tell();
  }

  readonly subscribe = (fn: () => void): (() => void) => {
    this.#watchers.add(fn);
    if (this.#watchers.size === 1) {
      if (wanted++ === 0) stream.feed(true);
      this.#end = live.onBatch((batch) => this.#take(batch));
      void this.#load(undefined);
    }
    return () => {
      this.#watchers.delete(fn);
      if (this.#watchers.size > 0) return;
      this.#end?.();
      if (--wanted === 0) stream.feed(false);
    };
  };

  #take(batch: Batch): void {
    if (batch.reset) return void this.#load(undefined);
    const fitting = batch.feed.filter((event) => fitsQuery(event, this.#query));
    if (fitting.length === 0 && batch.unfed === 0) return;
    if (this.#held) {
      this.#waiting.push(...fitting);
      this.#left += batch.unfed + Math.max(0, this.#waiting.length - mostWaiting);
      this.#waiting.splice(0, this.#waiting.length - mostWaiting);
    } else this.#show(fitting);
    this.#tell();
  }

  /** @param fresh oldest first, as they came */
  #show(fresh: readonly EventHead[]): void {
    const known = new Set(this.#events.slice(0, mostWaiting * 2).map(({ id }) => id));
    this.#events = [...fresh.filter(({ id }) => !known.has(id)).toReversed(), ...this.#events].slice(0, most);
  }

  async #load(cursor: string | undefined): Promise<void> {
    this.#loading = true;
    const epoch = ++this.#epoch;
    try {
      let next = cursor;
      let items: EventHead[] = [];
      // A page may be empty and yet not the last.
      for (let round = 0; round < 5 && items.length === 0; round++) {
        const answer = await api.call("eventList", { query: { ...defined(this.#query), limit: page, ...(next === undefined ? {} : { cursor: next }) } });
        items = answer.items;
        next = answer.next;
        if (next === undefined) break;
      }
      if (epoch !== this.#epoch) return;
      const came =
        cursor === undefined ? this.#events.filter(({ id }) => items[0] === undefined || (/^\d+$/.test(id) && BigInt(id) > BigInt(items[0].id))) : this.#events;
      this.#events = [...came, ...items];
      this.#next = next;
      this.#error = undefined;
    } catch (error) {
      if (epoch !== this.#epoch) return;
      // Who does not see everything sees what comes from now on.
      this.#next = undefined;
      this.#error = error instanceof ApiError && error.problem.code === "forbidden" ? undefined : error;
    }
    this.#loaded = true;
    this.#loading = false;
    this.#tell();
  }

  #tell(): void {
    this.version++;
    for (const fn of this.#watchers) fn();
  }
}

const defined = <T extends object>(query: T): T => Object.fromEntries(Object.entries(query).filter(([, value]) => value !== undefined)) as T;
