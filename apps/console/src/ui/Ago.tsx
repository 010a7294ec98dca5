import { useSyncExternalStore } from "react";
import { agoText, fullDateText } from "./times.ts";

const watchers = new Set<() => void>();
let now = Math.floor(Date.now() / 10_000);
let timer: ReturnType<typeof setInterval> | undefined;

/** One clock for all of them, which stands still while nobody looks. */
function subscribe(fn: () => void): () => void {
  watchers.add(fn);
  timer ??= setInterval(() => {
    now = Math.floor(Date.now() / 10_000);
    for (const each of watchers) each();
  }, 10_000);
  return () => {
    watchers.delete(fn);
    if (watchers.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
}

/** How long ago something was, with its full date at hand. */
export function Ago({ time }: { time: string }) {
  useSyncExternalStore(subscribe, () => now);
  return (
    <time dateTime={time} title={fullDateText(time)}>
      {agoText(time, Date.now())}
    </time>
  );
}
