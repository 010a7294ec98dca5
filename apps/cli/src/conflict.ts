import type { Client } from "@polyvisor/api/client";
import type { HistoryChange } from "@polyvisor/api";
import type { Task } from "@polyvisor/model";
import type { Context } from "./command.ts";
import { exitCodeOf } from "./exitCode.ts";
import { CliFailure, isApiError } from "./failure.ts";
import { escapeText } from "./output/escape.ts";
import { timeText } from "./output/quantity.ts";

/** An object as it was shown or looked up. */
export interface Seen {
  /** Of the estate, or what the site keeps of itself, which has no history to be asked: the audit log tells of it. */
  kind: keyof typeof routes | "site";
  id: string;
  name: string;
  revision: number;
}

const routes = { vm: "vmHistory", host: "hostHistory", datastore: "datastoreHistory", network: "networkHistory" } as const;
const shownMost = 5;
const valueText = (value: unknown): string => {
  const text = value === undefined ? "nothing" : typeof value === "string" ? value : JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 59)}…` : text;
};

/**
 * Makes a change upon what was seen: where it is something else by now nothing is done, and what was changed and by whom
 * is told. With `--force` it is made whatever is there.
 * @param work is given the If-Match that it has to send, if any
 */
export async function uponSeen<T>(context: Context, seen: Seen, work: (client: Client, ifMatch: { ifMatch?: string }) => Promise<T>): Promise<T> {
  const client = await context.client();
  try {
    return await work(client, context.options["force"] === true ? {} : { ifMatch: `"${seen.revision}"` });
  } catch (error) {
    if (!isApiError(error) || error.problem.code !== "changedMeanwhile") throw error;
    context.note(`${escapeText(seen.name)} changed since you looked at it, and nothing was done.`);
    for (const line of await whatChanged(client, seen)) context.note(escapeText(line));
    throw new CliFailure(
      exitCodeOf(error.problem.code),
      "Look at it again, and repeat the command if it still fits; with --force it is done whatever is there.",
    );
  }
}

/** Revisions of what a plan showed, so that nothing is done to what is something else by then. */
export type Revisions = Readonly<Record<string, number>>;

/** What a person should know of the objects that a task left alone because they had changed. */
export async function tellConflicts(context: Context, task: Pick<Task, "id" | "plan" | "steps">, seen: Revisions): Promise<void> {
  const client = await context.client();
  const left = task.plan.steps.filter(
    ({ n, target }) => target.id !== undefined && task.steps.find((step) => step.n === n)?.failure?.code === "changedMeanwhile",
  );
  for (const { target } of left.slice(0, shownMost)) {
    const { kind, id } = target;
    if (kind === "template" || id === undefined || seen[id] === undefined) continue;
    for (const line of await whatChanged(client, { kind, id, name: target.name, revision: seen[id] }))
      context.note(`${escapeText(target.name)}: ${escapeText(line.trim())}`);
  }
  if (left.length > 0) context.note(`What changed was left alone. To do it all the same: polyvisor task retry ${task.id}`);
}

/** A line for each of the latest changes: when, who, and which fields. */
async function whatChanged(client: Client, { kind, id, revision }: Seen): Promise<string[]> {
  if (kind === "site") return ["  Who changed it: polyvisor audit-log list"];
  try {
    const present = await revisionOf(client, kind, id);
    if (present === undefined) return ["  It is gone."];
    const limit = Math.min(50, Math.max(1, present - revision));
    const { items } = await client.call(routes[kind], { params: { id }, query: { limit } });
    return items.slice(0, shownMost).map(changeLine);
  } catch (error) {
    if (isApiError(error)) return []; // who may not see the history is told that it changed, and no more
    throw error;
  }
}

async function revisionOf(client: Client, kind: keyof typeof routes, id: string): Promise<number | undefined> {
  const route = ({ vm: "vmGet", host: "hostGet", datastore: "datastoreGet", network: "networkGet" } as const)[kind];
  try {
    return (await client.call(route, { params: { id } })).revision;
  } catch (error) {
    if (isApiError(error) && error.problem.code === "notFound") return undefined;
    throw error;
  }
}

function changeLine({ at, by, origin, cause, changes, type }: HistoryChange): string {
  const who = by ?? (origin === "host" ? "somebody outside of Polyvisor" : "the server");
  const what = type === "changed" ? changes.slice(0, 4).map(({ field, before, after }) => `${field} ${valueText(before)} -> ${valueText(after)}`) : [type];
  const more = changes.length > 4 ? `, and ${changes.length - 4} more` : "";
  return `  ${timeText(at) ?? at}  ${who}: ${what.join(", ")}${more}${cause ? ` (${cause})` : ""}`;
}
