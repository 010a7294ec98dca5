/** Where a command writes to. */
export interface Output {
  write(text: string | Uint8Array): unknown;
  isTTY?: boolean | undefined;
  columns?: number | undefined;
  rows?: number | undefined;
}

/** Everything a command has of the world around it; the tests bring their own. */
export interface Io {
  env: Readonly<Record<string, string | undefined>>;
  stdin: NodeJS.ReadStream;
  stdout: Output;
  stderr: Output;
  /** Milliseconds since 1970. */
  now(): number;
  /** Calls `stop` on Ctrl-C and on SIGTERM until the returned function is called. */
  onInterrupt(stop: () => void): () => void;
}

/** A terminal that does not know its size says 0, as some have under automation: that is no size. */
const sized = (stream: NodeJS.WriteStream): Output => ({
  write: (text) => stream.write(text),
  get isTTY() {
    return stream.isTTY;
  },
  get columns() {
    return stream.columns || undefined;
  },
  get rows() {
    return stream.rows || undefined;
  },
});

/** Columns that a table may take: those of the terminal but the last, which clearing a line's rest would clear too; a pipe has no end. */
export const tableWidth = (output: Output): number | undefined => (output.isTTY ? (output.columns ?? 80) - 1 : undefined);

/** The real one. */
export function processIo(): Io {
  return {
    env: process.env,
    get stdin() {
      return process.stdin;
    },
    stdout: sized(process.stdout),
    stderr: sized(process.stderr),
    now: Date.now,
    onInterrupt(stop) {
      process.on("SIGINT", stop);
      process.on("SIGTERM", stop);
      return () => {
        process.off("SIGINT", stop);
        process.off("SIGTERM", stop);
      };
    },
  };
}

/** Waits; an abort ends it early and is no error. */
export function pause(milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const done = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, milliseconds);
    signal?.addEventListener("abort", done, { once: true });
  });
}
