import { pause } from "./pause.ts";

/** What is waited while the server is away: one that starts anew is back in that time. */
export const repeatsMs: readonly number[] = [200, 400, 800, 1_600, 3_200, 3_200, 3_200, 3_200, 3_200];

/** Whether anything answers there. */
const answers = (): Promise<boolean> =>
  fetch("/favicon.svg", { method: "HEAD", cache: "no-store" }).then(
    () => true,
    () => false,
  );

/**
 * Loads a piece of the console that the page does not have yet, and waits where the server is away just then. Where the
 * server answers and the piece still does not come it is of another version: rejects with the failure of the load.
 */
export function patient<T>(load: () => Promise<T>, reachable: () => Promise<boolean> = answers, wait = pause): () => Promise<T> {
  return async () => {
    let once = false;
    for (let away = 0; ;) {
      try {
        return await load();
      } catch (error) {
        if (await reachable()) {
          if (once) throw error;
          once = true; // it was away a moment ago
          continue;
        }
        const ms = repeatsMs[away++];
        if (ms === undefined) throw error;
        await wait(ms);
      }
    }
  };
}
