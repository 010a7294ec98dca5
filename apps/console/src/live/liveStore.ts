import type { Batch } from "./eventSieve.ts";
import type { LiveKind, LiveObject, LiveObjects } from "./liveObject.ts";
import { LiveWindow, type WindowQuery } from "./liveWindow.ts";

/** A page of a list, from a place on. */
export interface ListPage {
  items: readonly LiveObject[];
  total: number;
}

/** What the store stands on; tests give their own. */
export interface LiveParts {
  /** Reads a piece of a list. Rejects with what is to be shown. */
  list(query: WindowQuery, offset: number, limit: number): Promise<ListPage>;
  /** Reads one object; rejects with a problem of code `notFound` where there is none. */
  get(kind: LiveKind, id: string): Promise<LiveObject>;
  /** Tells the sieve what the page keeps. */
  keep(objects: readonly { id: string; revision: number }[]): void;
  release(ids: readonly string[]): void;
  /** Calls back before the next picture. */
  frame(fn: () => void): void;
  /** Calls back after so many milliseconds. */
  after(ms: number, fn: () => void): void;
}

/** What is known of one object that a page looks at. */
export type Known<T> = { state: "loading" } | { state: "here"; object: T } | { state: "gone"; last: T | undefined } | { state: "failed"; error: unknown };

/** Deleted ids that are remembered: a page of a list that was read before may still bring them. */
const tombstones = 10_000;
/** Windows that are kept before those that nobody looks at are let go. */
const windowsMost = 200;
/** Objects that are kept before those that nobody looks at are let go. */
const roomy = 20_000;

/**
 * Everything that the console knows of the estate: each object once, by id, and lists as windows of ids. Events and pages
 * of lists meet here in whatever order they come; the higher revision wins. Whoever shows something is told at most
 * once for a picture.
 */
export class LiveStore {
  readonly #parts: LiveParts;
  readonly #objects = new Map<string, LiveObject>();
  readonly #gone = new Map<string, LiveObject | undefined>();
  readonly #watchers = new Map<string, Set<() => void>>();
  /** Kinds of what is looked at, and so read where it is not known. */
  readonly #watched = new Map<string, LiveKind>();
  /** Ids of what was asked for by a name: an address that somebody typed. */
  readonly #named = new Map<string, string>();
  readonly #windows = new Map<string, LiveWindow>();
  readonly #batchWatchers = new Set<(batch: Batch) => void>();
  readonly #failures = new Map<string, unknown>();
  readonly #loading = new Set<string>();
  #changed = new Set<string>();
  #changedWindows = new Set<LiveWindow>();
  #framed = false;
  #old = new Set<string>();
  /** Rises when everything has to be read anew; what was asked for before does not count. */
  epoch = 0;

  constructor(parts: LiveParts) {
    this.#parts = parts;
  }

  object<K extends LiveKind>(id: string): LiveObjects[K] | undefined {
    return this.#objects.get(id) as LiveObjects[K] | undefined;
  }

  /** @param ref an id, or a name that `watch` had read */
  known<K extends LiveKind>(ref: string): Known<LiveObjects[K]> {
    const id = this.#named.get(ref) ?? ref;
    const object = this.#objects.get(id) as LiveObjects[K] | undefined;
    if (this.#gone.has(id)) return { state: "gone", last: this.#gone.get(id) as LiveObjects[K] | undefined };
    if (object) return { state: "here", object };
    return this.#failures.has(id) ? { state: "failed", error: this.#failures.get(id) } : { state: "loading" };
  }

  /** Looks at an object: it is read where it is not known, and kept. @returns ends it */
  watch(kind: LiveKind, id: string, fn: () => void): () => void {
    const end = this.subscribe(id, fn);
    this.#watched.set(id, kind);
    if (!this.#objects.has(id) && !this.#gone.has(id)) void this.#load(kind, id);
    return () => {
      end();
      if (!this.#watchers.has(id)) this.#watched.delete(id);
    };
  }

  /** Reads an object anew that could not be read. */
  reload(kind: LiveKind, id: string): void {
    this.#failures.delete(id);
    this.#tell(id);
    void this.#load(kind, id);
  }

  /** Is told when an object changes, without having it read. */
  subscribe(id: string, fn: () => void): () => void {
    const watchers = this.#watchers.get(id) ?? new Set();
    this.#watchers.set(id, watchers.add(fn));
    return () => {
      watchers.delete(fn);
      if (watchers.size === 0 && this.#watchers.get(id) === watchers) this.#watchers.delete(id);
    };
  }

  /** Every batch of changes, after the store has taken it. */
  onBatch(fn: (batch: Batch) => void): () => void {
    this.#batchWatchers.add(fn);
    return () => this.#batchWatchers.delete(fn);
  }

  /** The window of a query; the same for all who ask the same. */
  window(query: WindowQuery): LiveWindow {
    const key = JSON.stringify([query.kind, query.filter ?? "", query.sort ?? "", query.at ?? ""]);
    let window = this.#windows.get(key);
    if (!window) {
      window = new LiveWindow(query, {
        epoch: () => this.epoch,
        list: this.#parts.list,
        take: (items) => this.put(items),
        changed: (which) => this.#windowChanged(which),
        attach: (which) => this.#attach(key, which),
        after: this.#parts.after,
      });
      if (this.#windows.size >= windowsMost) for (const [each, { idle }] of this.#windows) if (idle) this.#windows.delete(each);
      this.#windows.set(key, window);
    }
    return window;
  }

  /** Takes objects as they were read. */
  put(objects: readonly LiveObject[]): void {
    const kept: { id: string; revision: number }[] = [];
    for (const object of objects) if (this.#take(object)) kept.push({ id: object.id, revision: object.revision });
    if (kept.length > 0) this.#parts.keep(kept);
    if (this.#objects.size > roomy) this.#sweep();
  }

  /** Takes what the stream told. */
  apply(batch: Batch): void {
    if (batch.reset) this.#reset();
    for (const object of batch.objects) this.#take(object);
    for (const id of batch.gone) this.#bury(id);
    const behind = new Set(batch.behind);
    for (const window of this.#windows.values()) {
      for (const touched of batch.touched) window.touch(touched);
      if (behind.size > 0) window.touchIfShown(behind);
    }
    for (const id of batch.behind) {
      const kind = this.#watched.get(id);
      if (kind) void this.#load(kind, id);
    }
    for (const fn of this.#batchWatchers) fn(batch);
  }

  /** A window that nobody looked at may have been let go of, and heard of nothing since. */
  #attach(key: string, window: LiveWindow): boolean {
    if (this.#windows.get(key) === window) return false;
    this.#windows.set(key, window);
    return true;
  }

  #take(fresh: LiveObject): boolean {
    if (this.#gone.has(fresh.id)) return false;
    const known = this.#objects.get(fresh.id);
    const object = withPlan(known, fresh);
    const replaces = known === undefined || this.#old.has(object.id) || known.revision < object.revision || hasMore(known, object);
    if (!replaces) return true;
    this.#old.delete(object.id);
    this.#failures.delete(object.id);
    this.#objects.set(object.id, object);
    this.#tell(object.id);
    return true;
  }

  #bury(id: string): void {
    this.#gone.set(id, this.#objects.get(id));
    this.#objects.delete(id);
    if (this.#gone.size > tombstones) this.#gone.delete(this.#gone.keys().next().value!);
    this.#tell(id);
  }

  /** What is shown stays until it is read anew: it is old, but better than nothing. */
  #reset(): void {
    this.epoch++;
    this.#gone.clear();
    this.#failures.clear();
    this.#old = new Set(this.#objects.keys());
    for (const window of this.#windows.values()) window.restart();
    for (const [id, kind] of this.#watched) void this.#load(kind, id);
  }

  async #load(kind: LiveKind, id: string): Promise<void> {
    const { epoch } = this;
    const key = `${epoch} ${id}`;
    if (this.#loading.has(key)) return;
    this.#loading.add(key);
    try {
      const object = await this.#parts.get(kind, id);
      if (epoch !== this.epoch) return;
      this.put([object]);
      if (object.id !== id) {
        this.#named.set(id, object.id);
        this.#watched.set(object.id, kind);
        this.#tell(id);
      }
    } catch (error) {
      if (epoch !== this.epoch) return;
      if (isNotFound(error)) this.#bury(id);
      else {
        this.#failures.set(id, error);
        this.#tell(id);
      }
    } finally {
      this.#loading.delete(key);
      if (epoch !== this.epoch && this.#watchers.has(id)) void this.#load(kind, id);
    }
  }

  #sweep(): void {
    const shown = new Set<string>(this.#watchers.keys());
    for (const window of this.#windows.values()) window.addIds(shown);
    const left = [...this.#objects.keys()].filter((id) => !shown.has(id));
    for (const id of left) this.#objects.delete(id);
    if (left.length > 0) this.#parts.release(left);
  }

  #tell(id: string): void {
    this.#changed.add(id);
    this.#frame();
  }

  #windowChanged(window: LiveWindow): void {
    this.#changedWindows.add(window);
    this.#frame();
  }

  #frame(): void {
    if (this.#framed) return;
    this.#framed = true;
    this.#parts.frame(() => {
      this.#framed = false;
      const ids = this.#changed;
      const windows = this.#changedWindows;
      this.#changed = new Set();
      this.#changedWindows = new Set();
      for (const window of windows) window.tell();
      for (const [name, id] of this.#named) if (ids.has(id)) ids.add(name);
      for (const id of ids) for (const fn of this.#watchers.get(id) ?? []) fn();
    });
  }
}

/** The head of a task upon what was known of the whole: its plan never changes, and its steps are read anew by who shows them. */
const withPlan = (known: LiveObject | undefined, fresh: LiveObject): LiveObject =>
  known?.kind === "task" && fresh.kind === "task" && fresh.plan === undefined && known.plan !== undefined
    ? { ...fresh, plan: known.plan, steps: known.steps }
    : fresh;

/** The same task with its plan, where only its head was known. */
const hasMore = (known: LiveObject, fresh: LiveObject): boolean =>
  known.kind === "task" && fresh.kind === "task" && known.revision === fresh.revision && known.plan === undefined && fresh.plan !== undefined;

const isNotFound = (error: unknown): boolean => (error as { problem?: { code?: string } } | undefined)?.problem?.code === "notFound";
