import { useSyncExternalStore } from "react";
import type { EventFeed } from "./eventFeed.ts";

/** Draws the component anew when the feed differs. */
export function useEventFeed(feed: EventFeed): EventFeed {
  useSyncExternalStore(feed.subscribe, () => feed.version);
  return feed;
}
