import { AsyncLocalStorage } from "node:async_hooks";
import type pg from "pg";
import type { AuditTicket } from "../audit/auditTicket.ts";

/** Who wants a change and from where: what an event is told with. */
export interface Actor {
  /** Name of the account; absent where nobody here ordered it. */
  by?: string | undefined;
  /** `api ADDRESS`, `cli`, `task`, `host` (seen on a host, ordered by nobody here) or `server`. */
  origin: string;
  /** The entry of the audit log that is committed with the change. */
  ticket?: AuditTicket | undefined;
  /** Written in the same transaction as the change: that the request with this key was carried out, on which object. */
  mark?: ((client: pg.ClientBase, object: string | undefined) => Promise<void>) | undefined;
}

/** What a host tells of by itself. */
export const theHost: Actor = { origin: "host" };

const storage = new AsyncLocalStorage<Actor>();

/**
 * Does work in the name of someone: what is asked of the journal meanwhile is told with them. Only `Journal.ask` looks
 * here; what a request leaves running behind it (a feed, a task) writes in its own name.
 */
export const asActor = <T>(actor: Actor, work: () => T): T => storage.run(actor, work);

export const currentActor = (): Actor | undefined => storage.getStore();
