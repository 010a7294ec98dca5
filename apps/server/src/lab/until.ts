import { setTimeout as delay } from "node:timers/promises";

/** Asks until the answer is there; rejects at the deadline with what was waited for and the last failure. */
export async function until<T>(what: string, ask: () => Promise<T | undefined | false> | T | undefined | false, deadlineMs = 20_000): Promise<T> {
  const end = Date.now() + deadlineMs;
  let last: unknown;
  for (;;) {
    try {
      const answer = await ask();
      if (answer !== undefined && answer !== false) return answer as T;
      last = undefined;
    } catch (error) {
      last = error;
    }
    if (Date.now() > end) throw new Error(`waited ${deadlineMs / 1000} s in vain: ${what}`, { cause: last });
    await delay(20);
  }
}
