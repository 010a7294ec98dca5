import { ApiError, createClient, type Client } from "@polyvisor/api/client";
import { repeatsMs } from "./patient.ts";
import { pause } from "./pause.ts";

/** Who is signed in, as the server says. */
export type Account = Awaited<ReturnType<typeof whoAmI>>;

/**
 * - `asking`: not known yet
 * - `out`: nobody; the sign-in page is shown
 * - `in`: somebody
 * - `expired`: somebody was, and what he did waits until he has signed in again
 */
export type SessionState = { is: "asking" | "out" } | { is: "in" | "expired"; account: Account };

const randomKey = (): string => Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");

/** Asks nobody to sign in: for what is done while nobody is. */
export const openClient: Client = createClient({
  url: location.origin,
  fetch: (url, init) => fetch(url, { ...init, credentials: "same-origin" }),
  delay: pause,
});

/** The client of everything else. A request that comes back because the session is over waits for the next one. */
export const api: Client = createClient({ url: location.origin, fetch: patientFetch, delay: pause, newKey: randomKey });

const whoAmI = () => openClient.call("accountGet");

let state: SessionState = { is: "asking" };
const watchers = new Set<() => void>();
let waiting = Promise.withResolvers<void>();

function become(next: SessionState): void {
  state = next;
  for (const fn of watchers) fn();
}

/** For `useSyncExternalStore`. */
export const session = {
  state: (): SessionState => state,
  subscribe(fn: () => void): () => void {
    watchers.add(fn);
    return () => watchers.delete(fn);
  },
  /** Finds out who is signed in; rejects where the server cannot be asked. */
  async ask(): Promise<void> {
    try {
      become({ is: "in", account: await whoAmI() });
    } catch (error) {
      if (!(error instanceof ApiError) || error.problem.code !== "notSignedIn") throw error;
      become({ is: "out" });
    }
  },
  /** Somebody has signed in. Another than before gets a page without anything of the first. */
  entered(account: Account): void {
    if (state.is === "expired" && state.account.id !== account.id) return location.reload();
    become({ is: "in", account });
    waiting.resolve();
    waiting = Promise.withResolvers<void>();
  },
  /** The server does not know the session any more. */
  expired(): void {
    if (state.is === "in") become({ is: "expired", account: state.account });
  },
  async leave(): Promise<void> {
    await openClient.call("sessionDelete").catch(() => undefined); // it may be over already
    location.assign("/");
  },
};

/** Sends a request, again where the connection broke (writes have a key, so that they happen once), and after a new sign-in where the session is over. */
async function patientFetch(url: string, init: RequestInit): Promise<Response> {
  for (let broken = 0; ;) {
    let answer: Response;
    try {
      answer = await fetch(url, { ...init, credentials: "same-origin" });
    } catch (error) {
      const wait = repeatsMs[broken++];
      if (init.signal?.aborted || wait === undefined || init.body instanceof ReadableStream) throw error;
      await pause(wait, init.signal ?? undefined);
      continue;
    }
    if (answer.status !== 401 || state.is === "out") return answer;
    const problem = (await answer
      .clone()
      .json()
      .catch(() => undefined)) as { code?: string } | undefined;
    if (problem?.code !== "notSignedIn") return answer;
    session.expired();
    await Promise.race([waiting.promise, ended(init.signal)]);
  }
}

const ended = (signal: AbortSignal | null | undefined): Promise<never> =>
  new Promise((_, reject) => signal?.addEventListener("abort", () => reject(signal.reason as Error), { once: true }));
