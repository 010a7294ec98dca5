import { setTimeout as delay } from "node:timers/promises";
import { storeFailure } from "./storeFailure.ts";

/** Between two attempts to reach a database that is away. */
const askAgainMs = 250;

/**
 * Asks the database until it answers: its being away is no failure of what is under way.
 * @param unwanted is asked after each attempt in vain: an error when nobody wants it any more, or has waited long enough
 * @throws that error, or what the database itself refuses
 */
export async function persistent<T>(unwanted: () => Error | undefined, ask: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (!storeFailure(error)) throw error;
      const over = unwanted();
      if (over) throw over;
      await delay(askAgainMs);
    }
  }
}
