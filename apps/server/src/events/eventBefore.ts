import type { Event } from "@polyvisor/model";
import type { EstateObject } from "../controlPlane.ts";
import type { Estate } from "../estate/estate.ts";

/** Kept as long as the event is: whoever may see only a part must be told when an object leaves it. */
const before = new WeakMap<Event, { object: EstateObject | undefined }>();

/** Notes what an object was before an event. */
export function tellBefore(event: Event, object: EstateObject | undefined): void {
  before.set(event, { object });
}

/** The same for events that are about to be applied, which may speak of one object several times. */
export function tellBefores(events: readonly Event[], estate: Pick<Estate, "get">): void {
  const met = new Map<string, EstateObject | undefined>();
  for (const event of events) {
    if (event.kind === "task") continue;
    tellBefore(event, met.has(event.objectId) ? met.get(event.objectId) : estate.get(event.kind, event.objectId));
    met.set(event.objectId, event.object as EstateObject | undefined);
  }
}

/** What an object was before an event; undefined where that is not known any more, because the event was read back from the store. */
export const beforeOf = (event: Event): { object: EstateObject | undefined } | undefined => before.get(event);
