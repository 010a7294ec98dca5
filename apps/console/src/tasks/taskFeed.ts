import type { Batch } from "../live/eventSieve.ts";
import { live } from "../live/live.ts";
import type { TaskHead } from "../live/liveObject.ts";
import { api } from "../session/session.ts";

/** Which tasks. */
export interface TaskQuery {
  state?: TaskHead["state"] | undefined;
  /** Id of an object that they are about. */
  object?: string | undefined;
}

/** Tasks that are read at once, and most that are kept. */
const [page, most] = [50, 5_000];
/** Milliseconds between two readings from the beginning, however much happens. */
const restMs = 1_000;

export const isOpen = ({ state }: Pick<TaskHead, "state">): boolean => state === "queued" || state === "running";

/** Tasks, latest first: a page at a time as far as one looks, and new ones by the stream. */
export class TaskFeed {
  readonly #query: TaskQuery;
  readonly #watchers = new Set<() => void>();
  #ids: string[] = [];
  #known = new Set<string>();
  #next: string | undefined;
  #loaded = false;
  #loading = false;
  #resting = false;
  #error: unknown;
  #epoch = 0;
  #end: (() => void) | undefined;
  /** Rises when something differs. */
  version = 0;

  constructor(query: TaskQuery = {}) {
    this.#query = query;
  }

  get ids(): readonly string[] {
    return this.#ids;
  }
  get error(): unknown {
    return this.#error;
  }
  /** Undefined until the first page is here. One more than there are, where more can be read. */
  get total(): number | undefined {
    return this.#loaded ? this.#ids.length + (this.#next === undefined ? 0 : 1) : undefined;
  }
  idAt(index: number): string | undefined {
    return this.#ids[index];
  }
  /** Rows up to here are shown. */
  want(_from: number, to: number): void {
    if (this.#loaded && to > this.#ids.length && this.#next !== undefined && this.#ids.length < most) void this.#load(this.#next);
  }
  readonly retry = (): void => void this.#load(undefined);

  readonly subscribe = (fn: () => void): (() => void) => {
    this.#watchers.add(fn);
    if (this.#watchers.size === 1) {
      this.#end = live.onBatch((batch) => this.#take(batch));
      // Nobody heard the stream for it until now.
      void this.#load(undefined);
    }
    return () => {
      this.#watchers.delete(fn);
      if (this.#watchers.size === 0) this.#end?.();
    };
  };

  /** The feed hears nothing of tasks by object or state from the stream but that there is something new. */
  #take(batch: Batch): void {
    if (batch.reset) return void this.#load(undefined);
    let changed = false;
    for (const object of batch.objects) {
      if (object.kind !== "task") continue;
      changed = true;
      if (this.#query.object !== undefined) return this.#soon();
      const fits = this.#query.state === undefined || object.state === this.#query.state;
      if (fits && !this.#known.has(object.id)) this.#insert(object);
      else if (!fits && this.#known.has(object.id)) this.#remove(object.id);
    }
    for (const id of batch.gone) if (this.#known.has(id)) this.#remove(id);
    if (changed) this.#tell();
    // More came than were told of one by one.
    else if (batch.touched.some(({ kind, membership }) => kind === "task" && membership)) this.#soon();
  }

  #insert(task: TaskHead): void {
    // By the time at which they were asked for, which is nearly always the beginning.
    let at = 0;
    while (at < this.#ids.length && (live.object<"task">(this.#ids[at]!)?.createdAt ?? "") > task.createdAt) at++;
    if (at === this.#ids.length && this.#next !== undefined) return; // it is on a page that is not read yet
    this.#ids = this.#ids.toSpliced(at, 0, task.id);
    this.#known.add(task.id);
  }

  #remove(id: string): void {
    this.#ids = this.#ids.filter((each) => each !== id);
    this.#known.delete(id);
    this.#tell();
  }

  #soon(): void {
    if (this.#resting) return;
    this.#resting = true;
    setTimeout(() => {
      this.#resting = false;
      if (this.#watchers.size > 0) void this.#load(undefined);
    }, restMs);
  }

  async #load(cursor: string | undefined): Promise<void> {
    if (this.#loading && cursor !== undefined) return;
    this.#loading = true;
    const epoch = ++this.#epoch;
    const { state, object } = this.#query;
    try {
      const query = { limit: page, ...(state ? { state } : {}), ...(object === undefined ? {} : { object }), ...(cursor === undefined ? {} : { cursor }) };
      const { items, next } = await api.call("taskList", { query });
      if (epoch !== this.#epoch) return;
      live.put(items);
      if (cursor === undefined) {
        this.#ids = [];
        this.#known.clear();
      }
      for (const { id } of items) if (!this.#known.has(id)) this.#ids.push(id);
      this.#known = new Set(this.#ids);
      this.#next = next;
      this.#loaded = true;
      this.#error = undefined;
    } catch (error) {
      if (epoch !== this.#epoch) return;
      this.#error = error;
    }
    this.#loading = false;
    this.#tell();
  }

  #tell(): void {
    this.version++;
    for (const fn of this.#watchers) fn();
  }
}

/** The tasks of everybody that the drawer shows. */
export const latestTasks = new TaskFeed();
