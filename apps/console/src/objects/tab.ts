import type { ComponentType } from "react";
import type { EstateKind, LiveObjects } from "../live/liveObject.ts";
import type { TextKey } from "../texts/texts.ts";

/** A tab of the objects of a kind. */
export interface Tab<K extends EstateKind> {
  /** In the address: `/vms/ID/summary`. Kinds that have the same tab call it the same. */
  id: "summary" | "performance" | "console" | "hardware" | "snapshots" | "events" | "tasks" | "permissions" | "history";
  text: TextKey;
  load: () => Promise<{ default: ComponentType<{ object: LiveObjects[K] }> }>;
  /** Left out for an object that has nothing of it. */
  only?: (object: LiveObjects[K]) => boolean;
}
