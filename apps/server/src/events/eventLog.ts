import type { Event } from "@polyvisor/model";
import type pg from "pg";
import type { EventQuery, EventReader } from "../controlPlane.ts";
import { eventColumns, eventOfRow, type EventRow } from "./eventRow.ts";

/** Events kept in memory; readers that are further behind are served from the table, or told to read anew. */
const ringSize = 16_384;
const pageSize = 1_000;
/**
 * Milliseconds between two portions at least, with a hundred readers and more; with fewer they are told sooner. What
 * comes alone is told at once; under load what comes meanwhile goes out together, so that a hundred readers cost a
 * hundred writes for each portion, however many commits are in it: a write takes some 17 µs here, and as much again where it is read.
 */
const portionMs = 20;
const portionMsPerReader = portionMs / 100;

/** From this id on no event is missing. Older ones that are still there are the newest of their objects, kept for the history. */
const oldestKept = "select coalesce(max(id), 0) + 1 as oldest from history_horizon";

/** The event stream: a ring of the latest in memory, the table behind it, any number of readers who each keep their own place. */
export class EventLog implements EventReader {
  readonly #pool: pg.Pool;
  readonly #ring: Event[] = [];
  /** What is told together, by the place of its first event; and what of it is of some kinds. */
  readonly #runs = new Map<number, readonly Event[]>();
  readonly #ofKinds = new WeakMap<readonly Event[], Map<string, readonly Event[]>>();
  /** Index in the ring's whole history of `#ring[0]`, and of the next event. */
  #first = 0;
  /** Place behind the last portion: events from here on are published and wait to be told. */
  #told = 0;
  #toldAt = -Infinity;
  #telling: NodeJS.Timeout | undefined;
  #last: number;
  #oldestKept: number;
  #news = Promise.withResolvers<void>();
  #closed = false;
  readonly figures = { published: 0, subscribers: 0, resets: 0 };
  readonly #now: () => number;
  /** Brings what other servers wrote; a reader who comes from one of them may know of events that are not here yet. */
  catchUp: () => Promise<void> = async () => undefined;

  /** @param last id of the newest event in the table, @param oldest id of the oldest that is kept there */
  constructor(pool: pg.Pool, last: number, oldest: number, now: () => number) {
    this.#pool = pool;
    this.#last = last;
    this.#oldestKept = oldest;
    this.#now = now;
  }

  /** @param last id up to which the estate was read; the newest in the table where absent */
  static async open(pool: pg.Pool, now: () => number, last?: number): Promise<EventLog> {
    const { rows } = await pool.query<{ last: number; oldest: number }>(`select coalesce(max(id), 0) as last, (${oldestKept}) as oldest from event`);
    return new EventLog(pool, last ?? rows[0]!.last, rows[0]!.oldest, now);
  }

  lastId(): string {
    return String(this.#last);
  }

  /** Takes events that were committed, in the order of their ids. */
  publish(events: readonly Event[]): void {
    for (const event of events) this.#ring.push(event);
    this.#last = Number(events.at(-1)!.id);
    this.figures.published += events.length;
    const wait = this.#toldAt + Math.min(portionMs, this.figures.subscribers * portionMsPerReader) - performance.now();
    if (wait < 1 || this.#end() - this.#told >= pageSize) this.#tell();
    else this.#telling ??= setTimeout(() => this.#tell(), wait);
  }

  /** Makes one portion of what was published since the last. */
  #tell(): void {
    clearTimeout(this.#telling);
    this.#telling = undefined;
    if (this.#told === this.#end()) return;
    this.#runs.set(this.#told, this.#ring.slice(this.#told - this.#first));
    this.#told = this.#end();
    this.#toldAt = performance.now();
    // cut in large pieces: moving the ring for each event would cost more than the memory
    if (this.#ring.length > ringSize * 1.25) {
      const surplus = this.#ring.length - ringSize;
      this.#ring.splice(0, surplus);
      this.#first += surplus;
      for (const place of this.#runs.keys()) {
        if (place >= this.#first) break;
        this.#runs.delete(place);
      }
    }
    this.#wake();
  }

  /** Older events were deleted from the table. */
  pruned(oldest: number): void {
    this.#oldestKept = Math.max(this.#oldestKept, oldest);
  }

  close(): void {
    this.#tell();
    this.#closed = true;
    this.#wake();
  }

  async *subscribe(query: EventQuery): AsyncGenerator<Event> {
    for await (const run of this.runs(query)) {
      for (const event of run) {
        if (query.signal.aborted) return;
        yield event;
      }
    }
  }

  async *runs(query: EventQuery): AsyncGenerator<readonly Event[]> {
    const { signal } = query;
    const kinds = query.kinds && [...query.kinds].sort().join();
    const wake = (): void => this.#wake();
    signal.addEventListener("abort", wake);
    this.figures.subscribers++;
    try {
      let place = this.#end();
      if (query.since !== undefined) {
        const since = /^\d{1,15}$/.test(query.since) ? Number(query.since) : -1;
        if (since > this.#last) await this.catchUp().catch(() => undefined);
        if (since < this.#oldestKept - 1 || since > this.#last) yield [this.#reset()];
        else {
          let after = since;
          // From the table until the ring has the rest: it goes on filling meanwhile and forgets nothing that is newer than its first.
          while (!signal.aborted && after < this.#ringStart()) {
            const page = await this.#page(after, query);
            if (page.oldest > after + 1) {
              yield [this.#reset()];
              after = this.#last;
              break;
            }
            if (signal.aborted) return;
            if (page.events.length > 0) yield page.events;
            after = page.upTo;
          }
          place = this.#placeAfter(after);
        }
      }
      while (!signal.aborted && !this.#closed) {
        if (place < this.#first) {
          place = this.#end();
          yield [this.#reset()];
        } else if (place < this.#told) {
          const run = this.#runFrom(place);
          place += run.length;
          const wanted = this.#wanted(run, query, kinds);
          if (wanted.length > 0) yield wanted;
        } else await this.#news.promise;
      }
    } finally {
      signal.removeEventListener("abort", wake);
      this.figures.subscribers--;
    }
  }

  /** A portion; its rest, for a reader who came into the middle. */
  #runFrom(place: number): readonly Event[] {
    const run = this.#runs.get(place);
    if (run) return run;
    let end = place;
    do end++;
    while (end < this.#told && !this.#runs.has(end));
    return this.#ring.slice(place - this.#first, end - this.#first);
  }

  #wanted(run: readonly Event[], { objectId, kinds }: EventQuery, key: string | undefined): readonly Event[] {
    let some = run;
    if (kinds) {
      const known = this.#ofKinds.get(run) ?? new Map<string, readonly Event[]>();
      this.#ofKinds.set(run, known);
      some = known.get(key!) ?? run.filter((event) => kinds.has(event.kind));
      known.set(key!, some);
    }
    return objectId === undefined ? some : some.filter((event) => event.objectId === objectId);
  }

  #end(): number {
    return this.#first + this.#ring.length;
  }

  /** Everything after this id is in the ring. */
  #ringStart(): number {
    const first = this.#ring[0];
    return first ? Number(first.id) - 1 : this.#last;
  }

  /** Place of the first event with a higher id. */
  #placeAfter(id: number): number {
    let low = 0;
    let high = this.#ring.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (Number(this.#ring[middle]!.id) <= id) low = middle + 1;
      else high = middle;
    }
    return this.#first + low;
  }

  async #page(after: number, query: EventQuery): Promise<{ events: Event[]; upTo: number; oldest: number }> {
    const until = Math.min(this.#last, after + 50_000);
    const { rows } = await this.#pool.query<EventRow>(
      `select ${eventColumns} from event where id > $1 and id <= $2 and ($3::text[] is null or kind = any($3)) and ($4::text is null or object_id = $4) order by id limit $5`,
      [after, until, query.kinds ? [...query.kinds] : null, query.objectId ?? null, pageSize],
    );
    // Asked after the rows were read: what another server dropped meanwhile is not taken for nothing.
    this.pruned((await this.#pool.query<{ oldest: number }>(oldestKept)).rows[0]!.oldest);
    return { events: rows.map(eventOfRow), upTo: rows.length < pageSize ? until : rows.at(-1)!.id, oldest: this.#oldestKept };
  }

  #reset(): Event {
    this.figures.resets++;
    return { id: String(this.#last), at: new Date(this.#now()).toISOString(), type: "reset", kind: "host", objectId: "*", fields: [] };
  }

  #wake(): void {
    this.#news.resolve();
    this.#news = Promise.withResolvers<void>();
  }
}
