import type { Logger } from "pino";

/** What is kept in memory of the log, for a support bundle. */
const most = 2_000;
/** Characters of one line; a stack of a fault may be long. */
const longest = 4_000;

/** The last lines of a log, oldest first. */
export class RecentLines {
  readonly #lines: string[] = [];
  #next = 0;

  add(line: string): void {
    const text = line.length > longest ? "" : line;
    if (text === "") return;
    this.#lines[this.#next] = text;
    this.#next = (this.#next + 1) % most;
  }

  all(): string[] {
    return this.#lines.length < most ? [...this.#lines] : [...this.#lines.slice(this.#next), ...this.#lines.slice(0, this.#next)];
  }

  /** Says whose lines these are. */
  of(log: Logger): void {
    registry.set(log, this);
  }
}

const registry = new WeakMap<Logger, RecentLines>();

/** The last lines of a log that keeps them; none of another. */
export const recentLines = (log: Logger): string[] => registry.get(log)?.all() ?? [];
