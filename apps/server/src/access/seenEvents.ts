import { PolyvisorError, type Event, type Task } from "@polyvisor/model";
import type { EstateObject, EventQuery, EventReader, Secrets } from "../controlPlane.ts";
import { beforeOf } from "../events/eventBefore.ts";
import { viewOf } from "./seenEstate.ts";
import type { Viewer } from "./viewer.ts";

/** Fields by which an object may come into sight or leave it. */
const placing: ReadonlySet<string> = new Set(["tags", "folder", "hostId", "name"]);
const placeContext = "place in the event stream";
const sealedForm = /^[A-Za-z0-9_-]{40,64}$/;
const plain = /^\d{1,15}$/;

/** What the streams stand on. */
export interface EventSources {
  events: EventReader;
  secrets: Secrets;
  /** Calls back when rights, groups or tokens changed. @returns ends it */
  onChange(fn: () => void): () => void;
}

/** Whether a stream is the same for everybody: raw events with their ids. */
const seesEveryEvent = (viewer: Viewer): boolean => viewer.seesAll && viewer.everywhere("task.view") && viewer.everywhere("history.view");

/**
 * An event's id as it is shown. Ids count every event of the site, so who may not see all of them gets each sealed
 * anew: neither their difference nor their being the same tells what happened in between.
 */
export function showId(id: string, viewer: Viewer, secrets: Secrets): string {
  return seesEveryEvent(viewer) ? id : secrets.seal(id, placeContext).toString("base64url");
}

/** The id behind one that was shown. @throws PolyvisorError `badRequest` */
export function readId(text: string, viewer: Viewer, secrets: Secrets, where: string): string {
  if (plain.test(text) && seesEveryEvent(viewer)) return text;
  try {
    if (!plain.test(text)) return secrets.open(Buffer.from(text, "base64url"), placeContext);
  } catch {
    // Another server may have sealed it, with a key of its own: its reader is told to read anew.
    if (sealedForm.test(text)) return "unknown";
  }
  throw new PolyvisorError("badRequest", { detail: "the id to resume after is not one of this stream's", where });
}

/**
 * The events that a caller may see, as he may see them. An object that comes into his sight is `created`, one that
 * leaves it is `deleted`. When what he may see changes otherwise he is told by `reset` to read anew.
 * Those that came together come together; who sees everything gets the very arrays that all others get.
 * @param viewer asked again whenever rights change; rejects when he is not signed in any more
 */
export async function* seenEvents(
  sources: EventSources,
  viewer: () => Promise<Viewer>,
  query: EventQuery & { since: string },
): AsyncGenerator<readonly Event[]> {
  const { signal } = query;
  let { since } = query;
  let now = await viewer();
  let afterReset = false;
  const toShow = (run: readonly Event[]): readonly Event[] => {
    const all = seesEveryEvent(now);
    if (all && !afterReset && run.every(({ type }) => type !== "reset")) return run;
    const out: Event[] = [];
    for (const event of run) {
      const shown = all ? event : shownTo(now, event);
      // Of what nobody remembers one word is enough: who reads anew after it reads all that was before.
      if (!shown || (shown.type === "reset" && afterReset && isForgotten(event))) continue;
      afterReset = shown.type === "reset";
      out.push(all ? shown : { ...shown, id: showId(event.id, now, sources.secrets) });
    }
    return out;
  };
  for (let first = true; ; first = false) {
    const round = new AbortController();
    const end = sources.onChange(() => round.abort());
    try {
      // Asked when changes are heard already: none falls between.
      const next = await viewer();
      const changed = !first && next.fingerprint() !== now.fingerprint();
      now = next;
      if (changed) {
        afterReset = true;
        yield [resetAt(showId(since, now, sources.secrets), new Date().toISOString())];
      }
      for await (const run of sources.events.runs({ ...query, since, signal: AbortSignal.any([signal, round.signal]) })) {
        if (round.signal.aborted) break;
        since = run.at(-1)!.id;
        const shown = toShow(run);
        if (shown.length > 0) yield shown;
      }
    } finally {
      end();
    }
    if (signal.aborted || !round.signal.aborted) return;
  }
}

const isForgotten = (event: Event): boolean => event.type !== "reset" && beforeOf(event) === undefined;
const resetAt = (id: string, at: string): Event => ({ id, at, type: "reset", kind: "host", objectId: "*", fields: [] });

/** One event as a caller may see it; undefined where it is not for him. Its id is still the site's. */
export function shownTo(viewer: Viewer, event: Event): Event | undefined {
  if (event.type === "reset") return event;
  if (event.kind === "task") {
    const by = event.type === "deleted" ? event.by : (event.object as Task).by;
    return (by === viewer.caller.account && !viewer.isFiltered) || viewer.may("task.view") ? event : undefined;
  }
  const object = event.object as EstateObject | undefined;
  const sees = (each: EstateObject): boolean => viewer.may(viewOf[each.kind], each);
  const past = beforeOf(event);
  if (event.kind === "host" && movesOthers(viewer, event, past?.object)) return resetAt(event.id, event.at);
  if (object && sees(object)) {
    const appears = event.type === "changed" && past?.object !== undefined && !sees(past.object);
    return appears
      ? { id: event.id, at: event.at, type: "created", kind: event.kind, objectId: event.objectId, fields: [], object }
      : signed(viewer, event, object);
  }
  if (event.type === "created") return undefined;
  if (!past) return event.type === "deleted" || event.fields.some((field) => placing.has(field)) ? resetAt(event.id, event.at) : undefined;
  if (!past.object || !sees(past.object)) return undefined;
  const gone: Event = { id: event.id, at: event.at, type: "deleted", kind: event.kind, objectId: event.objectId, fields: [] };
  return event.type === "deleted" ? signed(viewer, event, past.object) : gone;
}

/** Who did it and from where is history; a task of another's is not told of. */
function signed(viewer: Viewer, event: Event, object: EstateObject): Event {
  const { by, origin, taskId, ...rest } = event;
  const out: Event = rest;
  if (viewer.may("history.view", object)) Object.assign(out, by === undefined ? {} : { by }, origin === undefined ? {} : { origin });
  if (taskId !== undefined && (by === viewer.caller.account || viewer.may("task.view"))) out.taskId = taskId;
  return out;
}

/** Whether a host's change may have moved what is on it into sight or out of it. */
function movesOthers(viewer: Viewer, event: Event, before: EstateObject | undefined): boolean {
  if (event.type === "created" || (event.type === "changed" && !event.fields.some((field) => placing.has(field)))) return false;
  const { selectors } = viewer.rights;
  if (viewer.grants.some(({ scope }) => scope.on === "selector" && selectors.get(scope.selector)?.ofHost)) return true;
  const key = (object: EstateObject | undefined): string => (object ? JSON.stringify(viewer.factsOf(object)) : "");
  const held = (object: EstateObject | undefined): boolean =>
    object !== undefined && (viewer.may("datastore.view", object) || viewer.may("network.view", object) || viewer.may("host.view", object));
  return (held(before) || held(event.object as EstateObject | undefined)) && key(before) !== key(event.object as EstateObject | undefined);
}
