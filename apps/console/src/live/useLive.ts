import { useCallback, useMemo, useSyncExternalStore } from "react";
import { live, stream, type StreamState } from "./live.ts";
import type { LiveKind, LiveObjects } from "./liveObject.ts";
import type { Known } from "./liveStore.ts";
import type { LiveWindow, WindowQuery } from "./liveWindow.ts";

const nothing = { state: "loading" } as const;

/** An object that a page is about: read where it is not known, and always as it is now. */
export function useObject<K extends LiveKind>(kind: K, id: string | undefined): Known<LiveObjects[K]> {
  const cache = useMemo(() => ({ known: nothing as Known<LiveObjects[K]> }), [id]);
  const subscribe = useCallback((fn: () => void) => (id === undefined ? () => undefined : live.watch(kind, id, fn)), [kind, id]);
  return useSyncExternalStore(subscribe, () => {
    const next = id === undefined ? nothing : live.known<K>(id);
    if (!isSame(cache.known, next)) cache.known = next;
    return cache.known;
  });
}

/** An object of a row: as it is now where it is known; nothing is read for it. */
export function useRow<K extends LiveKind>(id: string | undefined): LiveObjects[K] | undefined {
  const subscribe = useCallback((fn: () => void) => (id === undefined ? () => undefined : live.subscribe(id, fn)), [id]);
  return useSyncExternalStore(subscribe, () => (id === undefined ? undefined : live.object<K>(id)));
}

/** A list, and what to call with the rows that are shown of it. */
export interface WindowView {
  window: LiveWindow;
  want: (from: number, to: number) => void;
}

/** The window of a list; the component is drawn anew when its rows differ. */
export function useWindow({ kind, filter, sort, at }: WindowQuery): WindowView {
  const window = useMemo(() => live.window({ kind, filter, sort, at }), [kind, filter, sort, at]);
  const view = useMemo(() => ({}), []);
  const subscribe = useCallback((fn: () => void) => window.subscribe(view, fn), [window, view]);
  useSyncExternalStore(subscribe, () => window.version);
  return useMemo(() => ({ window, want: (from, to) => window.want(view, from, to) }), [window, view]);
}

/** Whether what is shown is how things are now. */
export const useStream = (): StreamState => useSyncExternalStore(stream.subscribe, stream.state);

function isSame<T>(a: Known<T>, b: Known<T>): boolean {
  if (a.state !== b.state) return false;
  if (a.state === "here" && b.state === "here") return a.object === b.object;
  if (a.state === "failed" && b.state === "failed") return a.error === b.error;
  return true;
}
