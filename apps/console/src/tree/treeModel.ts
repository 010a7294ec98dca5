import type { EstateKind } from "../live/liveObject.ts";
import type { LiveWindow, WindowQuery } from "../live/liveWindow.ts";

/** A line of the tree that is no object of a list: the site, a folder, a tag. */
export interface Branch {
  key: string;
  text: string;
  icon: "site" | "folder" | "tag" | "network" | "datastore" | "none";
  /** Where it leads. */
  to?: string;
  branches?: readonly Branch[];
  /** Objects below it. */
  list?: WindowQuery;
}

/** One line as it is drawn. */
export type TreeLine =
  | { key: string; depth: number; is: "branch"; branch: Branch; open: boolean; expandable: boolean }
  | { key: string; depth: number; is: "object"; kind: EstateKind; id: string | undefined; open: boolean; expandable: boolean }
  | { key: string; depth: number; is: "reading" | "failed" };

type Segment = { is: "line"; line: TreeLine } | { is: "rows"; window: LiveWindow; kind: EstateKind; parent: string; from: number; to: number; depth: number };

/** VMs of a host; of nothing else that stands in lists of the tree. */
const listOf = (kind: EstateKind, id: string): WindowQuery | undefined => (kind === "host" ? { kind: "vm", filter: `host = ${id}` } : undefined);

/**
 * The tree as lines in a row, however many: lists under an open line are windows of the live store, of which only what is
 * seen is read. Between two open lines of a list lies one segment, so that laying it out costs what is open.
 */
export class TreeModel {
  readonly #openWindow: (query: WindowQuery, changed: () => void) => { window: LiveWindow; want(from: number, to: number): void; close(): void };
  readonly #changed: () => void;
  readonly #windows = new Map<string, ReturnType<TreeModel["open"]>>();
  #open: ReadonlySet<string> = new Set();
  #roots: readonly Branch[] = [];
  #segments: Segment[] = [];
  #starts: number[] = [];
  #length = 0;

  constructor(openWindow: TreeModel["open"], changed: () => void) {
    this.#openWindow = openWindow;
    this.#changed = changed;
  }

  /** For its type. */
  open(query: WindowQuery, changed: () => void): { window: LiveWindow; want(from: number, to: number): void; close(): void } {
    return this.#openWindow(query, changed);
  }

  get length(): number {
    return this.#length;
  }

  show(roots: readonly Branch[], open: ReadonlySet<string>): void {
    this.#roots = roots;
    this.#open = open;
    this.layOut();
  }

  layOut(): void {
    const used = new Set<string>();
    const out: Segment[] = [];
    for (const root of this.#roots) this.#branch(root, 0, out, used);
    for (const [key, view] of this.#windows)
      if (!used.has(key)) {
        view.close();
        this.#windows.delete(key);
      }
    this.#segments = out;
    this.#starts = [];
    this.#length = 0;
    for (const segment of out) {
      this.#starts.push(this.#length);
      this.#length += segment.is === "line" ? 1 : segment.to - segment.from;
    }
  }

  at(index: number): TreeLine | undefined {
    let low = 0;
    let high = this.#starts.length;
    while (low + 1 < high) {
      const middle = (low + high) >> 1;
      if (this.#starts[middle]! <= index) low = middle;
      else high = middle;
    }
    const segment = this.#segments[low];
    if (!segment || index < 0 || index >= this.#length) return undefined;
    if (segment.is === "line") return segment.line;
    return this.#row(segment, segment.from + index - this.#starts[low]!);
  }

  /** Lines that are seen: the lists below read what of them is. */
  want(from: number, to: number): void {
    const ranges = new Map<LiveWindow, [number, number]>();
    for (const [n, segment] of this.#segments.entries()) {
      if (segment.is !== "rows") continue;
      const start = this.#starts[n]!;
      const first = Math.max(segment.from, segment.from + from - start);
      const last = Math.min(segment.to, segment.from + to - start);
      if (last <= first) continue;
      const range = ranges.get(segment.window);
      ranges.set(segment.window, range ? [Math.min(range[0], first), Math.max(range[1], last)] : [first, last]);
    }
    for (const view of this.#windows.values()) {
      const range = ranges.get(view.window);
      if (range) view.want(...range);
    }
  }

  close(): void {
    for (const view of this.#windows.values()) view.close();
    this.#windows.clear();
  }

  #branch(branch: Branch, depth: number, out: Segment[], used: Set<string>): void {
    const open = this.#open.has(branch.key);
    const expandable = branch.list !== undefined || (branch.branches?.length ?? 0) > 0;
    out.push({ is: "line", line: { key: branch.key, depth, is: "branch", branch, open, expandable } });
    if (!open) return;
    for (const each of branch.branches ?? []) this.#branch(each, depth + 1, out, used);
    if (branch.list) this.#list(branch.list, branch.key, depth + 1, out, used);
  }

  #list(query: WindowQuery, parent: string, depth: number, out: Segment[], used: Set<string>): void {
    used.add(parent);
    let view = this.#windows.get(parent);
    if (!view) {
      view = this.#openWindow(query, this.#changed);
      this.#windows.set(parent, view);
    }
    const { window } = view;
    if (window.total === undefined) {
      out.push({ is: "line", line: { key: `${parent} …`, depth, is: window.error === undefined ? "reading" : "failed" } });
      return;
    }
    let from = 0;
    const rows = (to: number): void => {
      if (to > from) out.push({ is: "rows", window, kind: query.kind, parent, from, to, depth });
      from = to;
    };
    for (const [index, id] of window.places()) {
      const below = listOf(query.kind, id);
      const key = `${parent}/${id}`;
      if (!below || !this.#open.has(key)) continue;
      rows(index + 1);
      this.#list(below, key, depth + 1, out, used);
    }
    rows(window.total);
  }

  #row(segment: Extract<Segment, { is: "rows" }>, index: number): TreeLine {
    const { kind, depth, parent } = segment;
    const id = segment.window.idAt(index);
    const key = `${parent}/${id ?? `#${index}`}`;
    return { key, depth, is: "object", kind, id, open: this.#open.has(key), expandable: id !== undefined && listOf(kind, id) !== undefined };
  }
}
