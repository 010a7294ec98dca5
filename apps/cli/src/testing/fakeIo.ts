import { PassThrough } from "node:stream";
import type { Io } from "../io.ts";

export interface FakeIo extends Io {
  out(): string;
  err(): string;
  interrupt(): void;
  type(text: string): void;
  /** Resolves when standard output, or error, contains the text. */
  until(text: string | RegExp, where?: "out" | "err"): Promise<void>;
}

/** A terminal or a pair of pipes in memory. */
export function fakeIo(env: Record<string, string>, options: { terminal?: boolean; columns?: number; now?: () => number } = {}): FakeIo {
  const written = { out: "", err: "" };
  const stops = new Set<() => void>();
  const waiting = new Set<() => void>();
  const output = (where: "out" | "err") => ({
    write: (text: string | Uint8Array) => {
      written[where] += typeof text === "string" ? text : Buffer.from(text).toString();
      for (const each of waiting) each();
      return true;
    },
    isTTY: options.terminal === true,
    columns: options.columns ?? 80,
    rows: 24,
  });
  const stdin = new PassThrough() as unknown as NodeJS.ReadStream;
  return {
    env: { NO_COLOR: "1", HOME: "/nonexistent", ...env },
    stdin,
    stdout: output("out"),
    stderr: output("err"),
    now: options.now ?? Date.now,
    onInterrupt(stop) {
      stops.add(stop);
      return () => void stops.delete(stop);
    },
    out: () => written.out,
    err: () => written.err,
    interrupt: () => stops.forEach((stop) => stop()),
    type: (text) => void (stdin as unknown as PassThrough).write(text),
    until(text, where = "out") {
      const there = (): boolean => (typeof text === "string" ? written[where].includes(text) : text.test(written[where]));
      return new Promise((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error(`no ${String(text)} in:\n${written[where]}`)), 10_000);
        const look = (): void => {
          if (!there()) return;
          clearTimeout(timer);
          waiting.delete(look);
          resolve();
        };
        waiting.add(look);
        look();
      });
    },
  };
}
