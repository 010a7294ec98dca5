import type { Event, Task } from "@polyvisor/model";
import type { EventHead, LiveKind, LiveObject, TaskHead } from "./liveObject.ts";

/** What the events of a moment changed, as one message for the page. */
export interface Batch {
  /** The latest of each object that the page keeps, and the heads of tasks. */
  objects: LiveObject[];
  /** Ids of what was deleted. */
  gone: string[];
  /** Kinds of which something changed: which fields, and whether something came or went. */
  touched: { kind: LiveKind; fields: string[]; membership: boolean }[];
  /** Ids of objects that had changed already when the page took them up: they must be read anew. */
  behind: string[];
  /** Everything must be read anew. */
  reset: boolean;
  /** For a page that shows events: the latest, oldest first. */
  feed: EventHead[];
  /** Events that the feed left out because too many came. */
  unfed: number;
}

/** Longest feed and most heads of tasks in one batch: what comes faster is counted and left out. */
const most = { feed: 200, tasks: 200, revisions: 300_000 };

/**
 * Lets through what a page needs of a stream that may bring 10,000 events a second: whole objects only of those that the
 * page keeps, of all others only that something of their kind changed. It runs beside the page, which so never reads
 * what it would throw away.
 */
export class EventSieve {
  readonly #interest = new Set<string>();
  /** Revisions of what was not let through: a page that takes an object up may have read it before it changed. */
  readonly #dropped = new Map<string, number>();
  #objects = new Map<string, LiveObject>();
  #gone = new Set<string>();
  #touched = new Map<LiveKind, { fields: Set<string>; membership: boolean }>();
  #behind = new Set<string>();
  #reset = false;
  #feed: EventHead[] = [];
  #unfed = 0;
  /** Whether the page shows events. */
  wantsFeed = false;

  /** The page keeps these from now on, as of these revisions. */
  keep(objects: readonly { id: string; revision: number }[]): void {
    for (const { id, revision } of objects) {
      this.#interest.add(id);
      const seen = this.#dropped.get(id);
      if (seen !== undefined && seen > revision) this.#behind.add(id);
      this.#dropped.delete(id);
    }
  }

  /** The page has let go of these. */
  release(ids: readonly string[]): void {
    for (const id of ids) this.#interest.delete(id);
  }

  take(event: Event): void {
    if (event.type === "reset") return this.#takeReset();
    const { kind, objectId, object } = event;
    let touched = this.#touched.get(kind);
    if (!touched) this.#touched.set(kind, (touched = { fields: new Set(), membership: false }));
    if (event.type === "changed") for (const field of event.fields) touched.fields.add(field);
    else touched.membership = true;
    if (object === undefined) {
      this.#gone.add(objectId);
      this.#objects.delete(objectId);
      this.#dropped.set(objectId, Infinity);
      this.#interest.delete(objectId);
    } else if (this.#interest.has(objectId)) this.#objects.set(objectId, object);
    else if (object.kind === "task" && this.#objects.size < most.tasks) this.#objects.set(objectId, headOf(object));
    else this.#drop(objectId, object.revision);
    if (this.wantsFeed) this.#feedWith(event);
  }

  /** The stream begins anew, and nobody knows what was missed. */
  begin(): void {
    this.#takeReset();
  }

  /** What there is to tell; undefined where nothing is. */
  flush(): Batch | undefined {
    if (!this.#reset && this.#touched.size === 0 && this.#behind.size === 0) return undefined;
    const batch: Batch = {
      objects: [...this.#objects.values()],
      gone: [...this.#gone],
      touched: [...this.#touched].map(([kind, { fields, membership }]) => ({ kind, fields: [...fields], membership })),
      behind: [...this.#behind],
      reset: this.#reset,
      feed: this.#feed,
      unfed: this.#unfed,
    };
    this.#clear();
    return batch;
  }

  #takeReset(): void {
    this.#clear();
    this.#dropped.clear();
    this.#reset = true;
  }

  #clear(): void {
    this.#objects = new Map();
    this.#gone = new Set();
    this.#touched = new Map();
    this.#behind = new Set();
    this.#reset = false;
    this.#feed = [];
    this.#unfed = 0;
  }

  #drop(id: string, revision: number): void {
    // Whoever reads it anew after a reset is behind nothing.
    if (this.#dropped.size >= most.revisions) return this.#takeReset();
    this.#dropped.set(id, revision);
  }

  #feedWith({ object, ...head }: Event): void {
    const name = object === undefined ? undefined : "name" in object ? object.name : object.title;
    if (this.#feed.length === most.feed) {
      this.#feed.shift();
      this.#unfed++;
    }
    this.#feed.push(name === undefined ? head : { ...head, name });
  }
}

/** A task of 10,000 VMs has a plan of megabytes, which nobody reads who has not opened it. */
function headOf({ plan: _plan, steps: _steps, ...head }: Task): TaskHead {
  return head;
}
