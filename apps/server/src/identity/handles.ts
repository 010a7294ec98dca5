import { createHash, randomBytes } from "node:crypto";
import type { Secrets } from "../controlPlane.ts";
import type { Store } from "../store/openStore.ts";

const longest = 8_192;
const purgeMs = 600_000;

interface Sealed {
  id: string;
  /** Milliseconds since 1970. */
  ends: number;
  data: unknown;
}

/**
 * What a sign-in needs to remember between two requests, sealed and given to the client: whoever begins sign-ins
 * without end fills nothing here. A handle opens for the purpose that it was made for, until its end, and where that
 * is asked once only, on all servers.
 */
export class Handles {
  readonly #store: Store;
  readonly #secrets: Secrets;
  readonly #now: () => number;
  #purgedAt = -Infinity;

  constructor(store: Store, secrets: Secrets, now: () => number = Date.now) {
    this.#store = store;
    this.#secrets = secrets;
    this.#now = now;
  }

  make(purpose: string, data: unknown, lifeMs: number): string {
    const sealed: Sealed = { id: randomBytes(12).toString("base64url"), ends: this.#now() + lifeMs, data };
    return this.#secrets.seal(JSON.stringify(sealed), `handle:${purpose}`).toString("base64url");
  }

  /** What it holds; undefined for one that is not ours, is for something else, or is over. */
  read<T>(purpose: string, handle: string): T | undefined {
    return this.#open(purpose, handle)?.data as T | undefined;
  }

  /** As `read`, and never again. */
  async take<T>(purpose: string, handle: string): Promise<T | undefined> {
    const opened = this.#open(purpose, handle);
    if (!opened) return undefined;
    await this.#purge();
    const hash = createHash("sha256").update(opened.id).digest();
    const first = await this.#store.db
      .insertInto("used_once")
      .values({ hash, expires_at: new Date(opened.ends + purgeMs) })
      .onConflict((on) => on.doNothing())
      .returning("hash")
      .executeTakeFirst();
    return first && (opened.data as T);
  }

  #open(purpose: string, handle: string): Sealed | undefined {
    if (handle.length > longest || !/^[\w-]+$/.test(handle)) return undefined;
    try {
      const sealed = JSON.parse(this.#secrets.open(Buffer.from(handle, "base64url"), `handle:${purpose}`)) as Sealed;
      return sealed.ends > this.#now() ? sealed : undefined;
    } catch {
      return undefined; // changed, or sealed with another key: the same to who sends it
    }
  }

  async #purge(): Promise<void> {
    const now = this.#now();
    if (now - this.#purgedAt < purgeMs && now >= this.#purgedAt) return;
    this.#purgedAt = now;
    await this.#store.db.deleteFrom("used_once").where("expires_at", "<", new Date(now)).execute();
  }
}
