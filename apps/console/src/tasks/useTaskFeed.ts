import { useSyncExternalStore } from "react";
import type { TaskFeed } from "./taskFeed.ts";

/** Draws the component anew when the feed differs. */
export function useTaskFeed(feed: TaskFeed): TaskFeed {
  useSyncExternalStore(feed.subscribe, () => feed.version);
  return feed;
}
