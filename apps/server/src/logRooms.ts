import type { Logger } from "pino";
import type { LogLevel } from "./log.ts";

/** Levels as they are now. */
export interface LogLevelsNow {
  /** Of every room that has none of its own. */
  level: LogLevel;
  rooms: Record<string, LogLevel>;
}

/** The rooms of one server's log, each with a level that can be changed while it runs; a restart brings the configured one back. */
export class LogRooms {
  readonly #root: Logger;
  readonly #children = new Map<string, Logger>();
  readonly #own = new Map<string, LogLevel>();

  constructor(root: Logger) {
    this.#root = root;
    registry.set(root, this);
  }

  /** The same logger for the same name. */
  room(name: string): Logger {
    let child = this.#children.get(name);
    if (!child) {
      child = this.#root.child({ room: name });
      this.#children.set(name, child);
    }
    return child;
  }

  has(name: string): boolean {
    return this.#children.has(name);
  }

  /** @param level `default` gives a room back to the server's @param room all that have none of their own where absent */
  set(level: LogLevel | "default", room?: string): void {
    if (room === undefined) {
      if (level !== "default") this.#root.level = level;
    } else if (level === "default") this.#own.delete(room);
    else this.#own.set(room, level);
    for (const [name, child] of this.#children) child.level = this.#own.get(name) ?? this.#root.level;
  }

  now(): LogLevelsNow {
    const names = [...this.#children.keys()].sort();
    return { level: this.#root.level as LogLevel, rooms: Object.fromEntries(names.map((name) => [name, this.#children.get(name)!.level as LogLevel])) };
  }
}

const registry = new WeakMap<Logger, LogRooms>();

/** The rooms of a log that has them. */
export const logRoomsOf = (log: Logger): LogRooms | undefined => registry.get(log);

/** The logger of a room; its level can be changed apart from the others'. */
export const roomLog = (log: Logger, room: string): Logger => registry.get(log)?.room(room) ?? log.child({ room });
