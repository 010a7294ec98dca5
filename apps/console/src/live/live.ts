import { api, session } from "../session/session.ts";
import type { LiveKind, LiveObject } from "./liveObject.ts";
import { LiveStore, type ListPage } from "./liveStore.ts";
import type { WindowQuery } from "./liveWindow.ts";
import type { FromStream, ToStream } from "./messages.ts";

/** Whether what is shown is how things are now. */
export type StreamState = { is: "connecting" } | { is: "live" } | { is: "stale"; since: number };

let worker: Worker | undefined;
let state: StreamState = { is: "connecting" };
const watchers = new Set<() => void>();
const tell = (message: ToStream): void => worker?.postMessage(message);

function become(next: StreamState): void {
  state = next;
  for (const fn of watchers) fn();
}

/** Before the next picture; a page that nobody sees has none, and goes on by a clock. */
function frame(fn: () => void): void {
  if (document.hidden) setTimeout(fn, 250);
  else requestAnimationFrame(fn);
}

async function list({ kind, filter, sort, at }: WindowQuery, offset: number, limit: number): Promise<ListPage> {
  const query = { limit, offset, ...(filter ? { filter } : {}), ...(sort ? { sort } : {}), ...(at ? { at } : {}) };
  const { items, total } = await api.call(`${kind}List`, { query });
  return { items, total: total ?? offset + items.length };
}

async function get(kind: LiveKind, id: string): Promise<LiveObject> {
  return api.call(`${kind}Get`, { params: { id } });
}

/** The one live store of this page. */
export const live = new LiveStore({
  list,
  get,
  keep: (objects) => tell({ do: "keep", objects }),
  release: (ids) => tell({ do: "release", ids }),
  frame,
  after: (ms, fn) => void setTimeout(fn, ms),
});

/** The stream that feeds it. */
export const stream = {
  state: (): StreamState => state,
  subscribe(fn: () => void): () => void {
    watchers.add(fn);
    return () => watchers.delete(fn);
  },
  /** Begins to read when somebody is signed in, and again after each new sign-in. */
  start(): void {
    worker = new Worker(new URL("./streamWorker.ts", import.meta.url), { type: "module", name: "polyvisor-events" });
    worker.onmessage = ({ data }: MessageEvent<FromStream>) => take(data);
    let was = "";
    const look = (): void => {
      const { is } = session.state();
      if (is === "in" && was !== "in") tell({ do: "begin" });
      was = is;
    };
    session.subscribe(look);
    look();
  },
  /** Whether events themselves are wanted, for a page that lists them. */
  feed: (on: boolean): void => tell({ do: "feed", on }),
};

function take(message: FromStream): void {
  switch (message.is) {
    case "batch":
      return live.apply(message.batch);
    case "open":
      return become({ is: "live" });
    case "lost":
      if (state.is !== "stale") become({ is: "stale", since: Date.now() });
      return;
    case "signedOut":
      become({ is: "stale", since: Date.now() });
      session.expired();
  }
}
