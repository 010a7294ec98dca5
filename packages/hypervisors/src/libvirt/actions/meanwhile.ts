import { setTimeout as sleep } from "node:timers/promises";

/** Waits for something long and looks at it once a second; a look that fails is no failure of the work. */
export async function meanwhile<T>(work: Promise<T>, look: () => Promise<void>): Promise<T> {
  const over = new AbortController();
  const looking = (async () => {
    while (!over.signal.aborted) {
      await sleep(1_000, undefined, { signal: over.signal, ref: false }).catch(() => {});
      if (!over.signal.aborted) await look().catch(() => {});
    }
  })();
  try {
    return await work;
  } finally {
    over.abort();
    await looking;
  }
}
