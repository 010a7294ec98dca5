import type { EstateKind } from "../controlPlane.ts";
import type { ChangesQuery, History } from "../history/history.ts";
import type { Access } from "./access.ts";
import { readId, showId } from "./seenEvents.ts";
import type { Viewer } from "./viewer.ts";

/** The changes of an object as a caller may see them: back to when it came into his sight, with ids that count nothing. */
export async function seenHistory(history: History, access: Access, viewer: Viewer, kind: EstateKind, ref: string, query: ChangesQuery) {
  const { secrets } = access;
  const cursor = query.cursor === undefined ? undefined : readId(query.cursor, viewer, secrets, "query cursor");
  const page = await history.changes(kind, ref, { ...query, cursor }, (object) => viewer.sees(object) && viewer.may("history.view", object));
  const shown = page.items.map(({ taskId, ...change }) => ({
    ...change,
    id: showId(change.id, viewer, secrets),
    ...(taskId !== undefined && (change.by === viewer.caller.account || viewer.may("task.view")) ? { taskId } : {}),
  }));
  return { ...page, items: shown, ...(page.next === undefined ? {} : { next: showId(page.next, viewer, secrets) }) };
}
