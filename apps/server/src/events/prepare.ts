import { randomUUID } from "node:crypto";
import type { Estate } from "../estate/estate.ts";
import type { Actor } from "../history/actor.ts";
import { Draft, eventOf } from "./draft.ts";
import { joinTaskNews } from "./joinTaskNews.ts";
import type { Batch } from "./turns.ts";

/** Reads the estate through the draft and writes to it; may be run again after a failure of the store. */
export type Mutation<T> = (draft: Draft) => T;

/** A mutation in the queue. */
export interface Waiting {
  mutation: Mutation<unknown>;
  actor: Actor | undefined;
  arrived: number;
  /** Someone waits for the answer: told at once when the store does not answer, instead of when it does again. */
  impatient: boolean;
  resolve(value: unknown): void;
  reject(error: unknown): void;
}

/** Mutations that were run into a draft. */
export interface Prepared extends Batch {
  taken: { waiting: Waiting; value: unknown }[];
  /** All that are not answered yet, in the order in which they came. */
  open: Waiting[];
  /** Mutations that threw: answered as soon as it is certain that what they saw was the present. */
  thrown: { waiting: Waiting; error: unknown }[];
  limit: number;
}

/** What one mutation of a feed or of a start changes at most: a host's inventory comes in pieces of this size. */
export const pieceSize = 200;
/** Changes after which a transaction takes no further mutation: it has fewer than this and one piece more. */
export const rowLimit = 1_000;
/**
 * Milliseconds after which it takes none either. They may pass while the server has its turn, in which all other servers
 * wait, and which the database ends when nothing is said for three seconds; and no request is answered meanwhile.
 */
export const workLimit = 200;

/**
 * Runs mutations from the head of the queue, as many as make one transaction.
 * @param now milliseconds since 1970
 * @param clock milliseconds that only rise
 */
export function prepare(queue: Waiting[], estate: Estate, limit: number, now: number, clock = (): number => performance.now()): Prepared {
  const began = clock();
  const draft = new Draft(estate);
  const taken: Prepared["taken"] = [];
  const thrown: Prepared["thrown"] = [];
  let count = 0;
  while (count < queue.length && count < limit && draft.changes.length < rowLimit && (count === 0 || clock() - began < workLimit)) {
    const waiting = queue[count++]!;
    try {
      taken.push({ waiting, value: draft.attempt(waiting.mutation, waiting.actor) });
    } catch (error) {
      thrown.push({ waiting, error });
    }
  }
  const open = queue.splice(0, count);
  const at = new Date(now).toISOString();
  joinTaskNews(draft.changes);
  return { id: randomUUID(), draft, events: draft.changes.map((change) => eventOf(change, at)), taken, thrown, open, limit };
}
