import { ApiError, createClient } from "@polyvisor/api/client";
import { EventSieve } from "./eventSieve.ts";
import type { FromStream, ToStream } from "./messages.ts";
import { pause } from "../session/pause.ts";

/** How often a page is told what came: often enough to look immediate, and seldom enough to bundle a flood. */
const flushMs = 50;
/** Without a word for so long the connection is dead: the server says something every 15 s. */
const silentMs = 40_000;

const scope = self as unknown as { postMessage(message: FromStream): void; onmessage: ((event: MessageEvent<ToStream>) => void) | null; location: Location };
const sieve = new EventSieve();
const client = createClient({ url: scope.location.origin, fetch: watchedFetch, delay: pause });
let present: AbortController | undefined;
/** Id of the last event that was taken, which a new connection resumes behind. */
let last: string | undefined;

scope.onmessage = ({ data }) => {
  switch (data.do) {
    case "keep":
      return sieve.keep(data.objects);
    case "release":
      return sieve.release(data.ids);
    case "feed":
      sieve.wantsFeed = data.on;
      return;
    case "begin":
      return void read();
    case "end":
      present?.abort();
      last = undefined;
  }
};

setInterval(() => {
  const batch = sieve.flush();
  if (batch) scope.postMessage({ is: "batch", batch });
}, flushMs);

async function read(): Promise<void> {
  present?.abort();
  const over = (present = new AbortController());
  let fresh = last === undefined;
  try {
    const events = client.events({
      signal: over.signal,
      since: last,
      onConnection: (state) => {
        if (over.signal.aborted) return;
        if (state === "lost") return scope.postMessage({ is: "lost" });
        if (fresh) sieve.begin();
        scope.postMessage({ is: "open", fresh });
        fresh = false;
      },
    });
    for await (const event of events) {
      if (over.signal.aborted) return;
      last = event.id;
      sieve.take(event);
    }
  } catch (error) {
    if (over.signal.aborted) return;
    const code = error instanceof ApiError ? error.problem.code : undefined;
    // An id that this server cannot read: it begins anew.
    if (code === "badRequest" && last !== undefined) {
      last = undefined;
      return void read();
    }
    scope.postMessage({ is: code === "notSignedIn" ? "signedOut" : "lost" });
  }
}

/** A fetch whose body ends with an error when nothing comes for long: a machine that is gone sends no goodbye. */
async function watchedFetch(url: string, init: RequestInit): Promise<Response> {
  const answer = await fetch(url, { ...init, credentials: "same-origin", cache: "no-store" });
  if (!answer.ok || answer.body === null) return answer;
  const reader = answer.body.getReader();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const watched = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const silence = new Promise<never>((_, reject) => (timer = setTimeout(() => reject(new Error("the stream is silent")), silentMs)));
      try {
        const { done, value } = await Promise.race([reader.read(), silence]);
        if (done) controller.close();
        else controller.enqueue(value);
      } catch (error) {
        void reader.cancel().catch(() => undefined);
        controller.error(error);
      } finally {
        clearTimeout(timer);
      }
    },
    cancel: (reason) => reader.cancel(reason),
  });
  return new Response(watched, { status: answer.status, headers: answer.headers });
}
