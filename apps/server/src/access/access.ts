import type { Logger } from "pino";
import { sql } from "kysely";
import type { Secrets } from "../controlPlane.ts";
import type { Estate } from "../estate/estate.ts";
import type { Caller } from "../identity/tokenCache.ts";
import type { Listening } from "../store/listening.ts";
import type { Store } from "../store/openStore.ts";
import { readRights, type Rights } from "./rights.ts";
import { Viewer } from "./viewer.ts";

const channel = "polyvisor_access";
/** Rights are read anew so often even when nobody told of a change. */
const rereadMs = 30_000;

export interface AccessOptions {
  store: Store;
  estate: Estate;
  secrets: Secrets;
  log: Logger;
  /** Calls back when groups, accounts or tokens changed. */
  onIdentity(fn: () => void): () => void;
}

/** Who may do what on this site: roles, grants and folders in memory, the same on every server. */
export class Access {
  readonly store: Store;
  readonly estate: Estate;
  readonly secrets: Secrets;
  readonly #log: Logger;
  readonly #listeners = new Set<() => void>();
  readonly #timer: NodeJS.Timeout;
  readonly #endIdentity: () => void;
  #listening: Listening | undefined;
  #rights: Rights;
  #viewers = new WeakMap<Caller, Viewer>();
  #reading: Promise<void> | undefined;
  #again = false;

  private constructor(options: AccessOptions, rights: Rights) {
    this.store = options.store;
    this.estate = options.estate;
    this.secrets = options.secrets;
    this.#log = options.log;
    this.#rights = rights;
    this.#timer = setInterval(() => void this.reread().catch(() => undefined), rereadMs).unref();
    this.#endIdentity = options.onIdentity(() => this.#tell());
  }

  static async open(options: AccessOptions): Promise<Access> {
    const access = new Access(options, await readRights(options.store.pool));
    const reread = (): void =>
      void access.reread().catch((error: Error) => options.log.warn({ error: error.message }, "grants could not be read anew; tried again"));
    access.#listening = await options.store.listen(channel, reread, reread);
    await access.reread(); // what changed before the listening began
    return access;
  }

  get rights(): Rights {
    return this.#rights;
  }

  /** What a caller may, now. Not to be kept over a wait: rights change. */
  viewer(caller: Caller): Viewer {
    let viewer = this.#viewers.get(caller);
    if (!viewer) this.#viewers.set(caller, (viewer = new Viewer(caller, this.#rights, this.estate)));
    return viewer;
  }

  /** Calls back when what somebody may could have changed. @returns ends it */
  readonly onChange = (fn: () => void): (() => void) => {
    this.#listeners.add(fn);
    return () => this.#listeners.delete(fn);
  };

  /** Something was written: here at once, and on the other servers. */
  async changed(): Promise<void> {
    await this.reread();
    await sql`select pg_notify(${channel}, '')`.execute(this.store.db);
  }

  /** Reads everything anew; calls that come meanwhile are served by one more reading. */
  reread(): Promise<void> {
    if (this.#reading) {
      this.#again = true;
      return this.#reading;
    }
    this.#reading = this.#read().finally(() => (this.#reading = undefined));
    return this.#reading;
  }

  async #read(): Promise<void> {
    do {
      this.#again = false;
      const before = JSON.stringify(this.#keyOf(this.#rights));
      const rights = await readRights(this.store.pool);
      if (JSON.stringify(this.#keyOf(rights)) === before) continue;
      this.#rights = rights;
      this.#viewers = new WeakMap();
      this.#log.debug({ grants: rights.grants.length, folders: rights.folders.byId.size }, "grants changed");
      this.#tell();
    } while (this.#again);
  }

  #keyOf(rights: Rights): unknown {
    return [[...rights.roles.values()], rights.grants, [...rights.folders.byId.values()]];
  }

  #tell(): void {
    for (const fn of this.#listeners) fn();
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.#endIdentity();
    await this.#listening?.close();
  }
}
