import type { EstateKind, LiveObject } from "./liveObject.ts";

/** A list: which objects, in which order. */
export interface WindowQuery {
  kind: EstateKind;
  /** In the API's filter language; everything where absent. */
  filter?: string | undefined;
  /** A field, `-` before it for descending; the name where absent. */
  sort?: string | undefined;
  /** As it was at this time; now where absent. */
  at?: string | undefined;
}

export interface WindowParts {
  epoch(): number;
  list(query: WindowQuery, offset: number, limit: number): Promise<{ items: readonly LiveObject[]; total: number }>;
  /** Puts what was read into the store. */
  take(items: readonly LiveObject[]): void;
  /** Something of this window differs; it is told with the next picture. */
  changed(window: LiveWindow): void;
  /** Somebody looks at it: from now on it is told of events. @returns whether it was not before */
  attach(window: LiveWindow): boolean;
  after(ms: number, fn: () => void): void;
}

interface Piece {
  ids: readonly string[];
  /** The state of the window's knowledge that it was asked in. */
  generation: number;
}

/** Rows that are read at once. */
export const pieceSize = 100;
/** Pieces that are kept beside those that are shown. */
const kept = 40;
/** Milliseconds between two readings of what is shown, however many events come. */
const restMs = 400;
/** Milliseconds until what failed is tried again. */
const retryMs = 2_000;

/** Fields of an object in which a change moves it within a list of that order. */
const movedBy: Readonly<Record<string, string>> = {
  "": "name",
  state: "state",
  stateSince: "stateSince",
  host: "hostId",
  memory: "memory",
  vcpus: "vcpus",
  os: "os",
  type: "virtType",
  cpus: "facts",
  capacity: "capacity",
  available: "available",
};

/**
 * A list of any length as far as it is looked at: pieces of ids at their places. Objects change by events at once; that
 * rows come, go or move is found by reading the shown pieces anew when an event makes it possible, and never by asking
 * now and then.
 */
export class LiveWindow {
  readonly query: WindowQuery;
  readonly #parts: WindowParts;
  readonly #pieces = new Map<number, Piece>();
  readonly #watchers = new Map<object, { fn: () => void; from: number; to: number }>();
  readonly #loading = new Set<number>();
  #total: number | undefined;
  #error: unknown;
  /** Rises when rows may have come, gone or moved. */
  #generation = 0;
  #resting = false;
  #version = 0;

  constructor(query: WindowQuery, parts: WindowParts) {
    this.query = query;
    this.#parts = parts;
  }

  /** How many rows there are; undefined until that is known. */
  get total(): number | undefined {
    return this.#total;
  }
  /** Why it cannot be read, where it cannot. */
  get error(): unknown {
    return this.#error;
  }
  /** Rises when something of it differs: what `useSyncExternalStore` compares. */
  get version(): number {
    return this.#version;
  }
  get idle(): boolean {
    return this.#watchers.size === 0;
  }

  idAt(index: number): string | undefined {
    return this.#pieces.get(Math.floor(index / pieceSize))?.ids[index % pieceSize];
  }

  /** Places and ids of all rows that were read, in their order. */
  *places(): Generator<[index: number, id: string]> {
    for (const [piece, { ids }] of [...this.#pieces].sort(([a], [b]) => a - b)) for (const [n, id] of ids.entries()) yield [piece * pieceSize + n, id];
  }

  addIds(to: Set<string>): void {
    for (const { ids } of this.#pieces.values()) for (const id of ids) to.add(id);
  }

  /** @param view names who looks, for `want` */
  subscribe(view: object, fn: () => void): () => void {
    const { from, to } = this.#watchers.get(view) ?? { from: 0, to: 1 };
    this.#watchers.set(view, { fn, from, to });
    if (this.#parts.attach(this)) this.#generation++;
    this.#read();
    return () => this.#watchers.delete(view);
  }

  /** Rows that a view shows: up to `to`, which is not. */
  want(view: object, from: number, to: number): void {
    const watcher = this.#watchers.get(view);
    if (!watcher || (from === watcher.from && to === watcher.to)) return;
    watcher.from = from;
    watcher.to = to;
    this.#read();
  }

  /** Something of a kind changed. */
  touch(touched: { kind: string; fields: readonly string[]; membership: boolean }): void {
    if (this.query.at !== undefined) return;
    const { kind, filter = "", sort = "" } = this.query;
    const related = touched.kind === kind || (touched.kind !== "task" && filter.includes(`${touched.kind}.`));
    if (!related) return;
    const by = sort.replace(/^-/, "");
    const moves =
      touched.membership || filter !== "" || touched.fields.includes(movedBy[by] ?? by) || (by === "since" && touched.fields.includes("connection"));
    if (moves) this.#stale();
  }

  /** Rows that it shows were read too early. */
  touchIfShown(ids: ReadonlySet<string>): void {
    for (const piece of this.#pieces.values())
      if (piece.ids.some((id) => ids.has(id))) {
        this.#stale();
        return;
      }
  }

  /** Everything is read anew. */
  restart(): void {
    this.#stale();
    this.#read();
  }

  /** Tries again after a failure. */
  retry(): void {
    this.#error = undefined;
    this.#parts.changed(this);
    this.restart();
  }

  tell(): void {
    this.#version++;
    for (const { fn } of this.#watchers.values()) fn();
  }

  #stale(): void {
    this.#generation++;
    if (this.#resting || this.#watchers.size === 0) return;
    this.#rest();
  }

  /** Waits a little, in which more of the same may come, and reads. */
  #rest(ms = restMs): void {
    this.#resting = true;
    this.#parts.after(ms, () => {
      this.#resting = false;
      this.#read();
    });
  }

  #read(): void {
    for (const piece of this.#wanted()) {
      if (this.#pieces.get(piece)?.generation === this.#generation || this.#loading.has(piece)) continue;
      void this.#load(piece);
    }
  }

  /** Pieces that are shown. Until it is known how many rows there are, the first. */
  #wanted(): Set<number> {
    const out = new Set<number>();
    const end = this.#total === undefined ? 0 : Math.max(0, Math.ceil(this.#total / pieceSize) - 1);
    for (const { from, to } of this.#watchers.values()) {
      const last = Math.min(end, Math.floor(Math.max(from, to - 1) / pieceSize));
      for (let piece = Math.min(last, Math.floor(from / pieceSize)); piece <= last; piece++) out.add(piece);
    }
    return out;
  }

  async #load(piece: number): Promise<void> {
    const generation = this.#generation;
    const epoch = this.#parts.epoch();
    this.#loading.add(piece);
    try {
      const { items, total } = await this.#parts.list(this.query, piece * pieceSize, pieceSize);
      // What was asked before everything had to be read anew may be older than what was known then.
      if (epoch === this.#parts.epoch()) {
        this.#parts.take(items);
        this.#pieces.set(piece, { ids: items.map(({ id }) => id), generation });
        this.#total = total;
        this.#error = undefined;
        this.#trim();
        this.#parts.changed(this);
      }
      this.#loading.delete(piece);
      if (generation !== this.#generation) {
        if (!this.#resting) this.#rest();
      } else this.#read();
    } catch (error) {
      this.#loading.delete(piece);
      this.#error = error;
      this.#parts.changed(this);
      if (!this.#resting && !isFinal(error)) this.#rest(retryMs);
    }
  }

  #trim(): void {
    const past = Math.ceil((this.#total ?? 0) / pieceSize);
    for (const piece of this.#pieces.keys()) if (piece >= past && piece > 0) this.#pieces.delete(piece);
    if (this.#pieces.size <= kept) return;
    const wanted = this.#wanted();
    for (const piece of this.#pieces.keys()) if (this.#pieces.size > kept / 2 && !wanted.has(piece)) this.#pieces.delete(piece);
  }
}

/** A filter that is wrong stays wrong. */
const isFinal = (error: unknown): boolean => {
  const status = (error as { problem?: { status?: number } } | undefined)?.problem?.status;
  return status !== undefined && status >= 400 && status < 500 && status !== 429;
};
