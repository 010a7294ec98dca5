import type { Event } from "@polyvisor/model";

/** Columns of an event as {@link eventOfRow} reads them. */
export const eventColumns = "id, at, type, kind, object_id, fields, cause, task_id, by_account, origin, doc";

/** A row of the event table. */
export interface EventRow {
  id: number;
  at: Date;
  type: Event["type"];
  kind: Event["kind"];
  object_id: string;
  fields: string[];
  cause: string | null;
  task_id: string | null;
  by_account: string | null;
  origin: string | null;
  doc: Event["object"] | null;
}

export function eventOfRow(row: EventRow): Event {
  const event: Event = { id: String(row.id), at: row.at.toISOString(), type: row.type, kind: row.kind, objectId: row.object_id, fields: row.fields };
  if (row.cause !== null) event.cause = row.cause;
  if (row.task_id !== null) event.taskId = row.task_id;
  if (row.by_account !== null) event.by = row.by_account;
  if (row.origin !== null) event.origin = row.origin;
  if (row.doc !== null) event.object = row.doc;
  return event;
}
