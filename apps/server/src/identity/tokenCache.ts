import { PolyvisorError } from "@polyvisor/model";
import { sql } from "kysely";
import type { Logger } from "pino";
import type { TokenScope } from "../store/identityTables.ts";
import type { Listening } from "../store/listening.ts";
import type { Store } from "../store/openStore.ts";
import { storeFailure } from "../store/storeFailure.ts";
import { hashToken } from "./secretText.ts";
import { pruneAttempts } from "./sharedAttempts.ts";

/** Who sends a request. */
export interface Caller {
  accountId: string;
  /** As it is shown and kept with tasks. */
  account: string;
  tokenId: string;
  use: "session" | "api" | "local";
  /** Ids of the groups that the account is in, by whatever way. */
  groups: readonly string[];
  /** The most that the token may do; absent where it may all that the account may. */
  scope?: TokenScope;
}

interface Known {
  caller: Caller;
  /** Milliseconds since 1970. */
  expiresAt: number;
  askedAt: number;
}

const channel = "polyvisor_identity";
const freshMs = 30_000;
/** While the database is down those who were known go on reading the estate, which is in memory. */
const keptMs = 15 * 60_000;
const most = 10_000;

/** Tokens that were asked for lately, so that a request costs no query. A revocation on any server empties it on all. */
export class TokenCache {
  readonly #store: Store;
  readonly #log: Logger;
  readonly #known = new Map<string, Known>();
  readonly #listeners = new Set<() => void>();
  readonly #used = new Map<string, { at: Date; address: string | undefined }>();
  #listening: Listening | undefined;
  readonly #timer: NodeJS.Timeout;
  /** Counts the revocations, so that an answer that was on its way meanwhile is not kept. */
  #turn = 0;

  private constructor(store: Store, log: Logger) {
    this.#store = store;
    this.#log = log;
    this.#timer = setInterval(
      () =>
        void this.#write().catch((error: Error) => log.warn({ error: error.message }, "the times of use of tokens could not be kept; tried again in a minute")),
      60_000,
    ).unref();
  }

  static async open(store: Store, log: Logger): Promise<TokenCache> {
    const cache = new TokenCache(store, log);
    const forget = (): void => cache.#forget();
    cache.#listening = await store.listen(channel, forget, forget);
    return cache;
  }

  /** @param address from which it is sent, kept as where it was used last */
  async caller(token: string, address?: string): Promise<Caller> {
    const hash = hashToken(token);
    if (!hash) throw new PolyvisorError("notSignedIn", { detail: "the token is not one of Polyvisor's" });
    const key = hash.toString("base64");
    const now = Date.now();
    let known = this.#known.get(key);
    if (!known || now - known.askedAt > freshMs || now < known.askedAt) {
      try {
        known = await this.#ask(hash, key, now);
      } catch (error) {
        if (!known || now - known.askedAt > keptMs || !storeFailure(error)) throw error;
      }
    }
    if (!known || known.expiresAt <= now)
      throw new PolyvisorError("notSignedIn", { detail: known ? "the token has expired" : "the token is unknown or was revoked" });
    this.#used.set(known.caller.tokenId, { at: new Date(now), address });
    return known.caller;
  }

  async #ask(hash: Buffer, key: string, now: number): Promise<Known | undefined> {
    const turn = this.#turn;
    const row = await this.#store.db
      .selectFrom("token")
      .innerJoin("account", "account.id", "token.account_id")
      .select(["token.id", "token.hash", "token.use", "token.expires_at", "token.scope", "account.id as account_id", "account.name"])
      .select(sql<string[]>`array(select distinct group_id from membership where account_id = account.id order by 1)`.as("groups"))
      .where("token.hash", "=", hash)
      // Whom nobody vouches for any more does not come in, by no token that was made meanwhile either.
      .where(sql<boolean>`(account.provider is null or exists (select 1 from identity_provider p where p.name = account.provider and p.enabled))`)
      // This machine's own command line comes in whatever was done to the account: that is how a mistake is mended.
      .where((eb) => eb.or([eb("account.disabled", "=", false), eb("token.use", "=", "local")]))
      .executeTakeFirst();
    this.#known.delete(key);
    if (!row?.hash.equals(hash)) return undefined; // whatever becomes of the query: never the token of another
    const caller: Caller = { accountId: row.account_id, account: row.name, tokenId: row.id, use: row.use, groups: row.groups };
    if (row.scope) caller.scope = row.scope;
    const known = {
      caller,
      expiresAt: row.expires_at?.getTime() ?? Infinity,
      askedAt: now,
    };
    if (turn === this.#turn) this.#known.set(key, known);
    if (this.#known.size > most) this.#known.delete(this.#known.keys().next().value!);
    return known;
  }

  #forget(): void {
    this.#turn++;
    this.#known.clear();
    for (const fn of this.#listeners) fn();
  }

  /** Calls back when tokens, accounts or groups changed, here or on another server. @returns ends it */
  onChange(fn: () => void): () => void {
    this.#listeners.add(fn);
    return () => this.#listeners.delete(fn);
  }

  /** Something was revoked or changed: forget here now, and on the other servers. */
  async changed(): Promise<void> {
    this.#forget();
    await sql`select pg_notify(${channel}, '')`.execute(this.#store.db);
  }

  /** Keeps when tokens were used, all in one statement; drops sessions and known addresses that are long over. */
  async #write(): Promise<void> {
    const used = [...this.#used];
    this.#used.clear();
    try {
      if (used.length > 0) {
        await sql`update token set last_used_at = u.at, last_address = coalesce(u.address, last_address)
          from unnest(${used.map(([id]) => id)}::text[], ${used.map(([, { at }]) => at)}::timestamptz[], ${used.map(([, { address }]) => address ?? null)}::text[])
          as u (id, at, address) where token.id = u.id`.execute(this.#store.db);
      }
      await this.#store.db
        .deleteFrom("token")
        .where("expires_at", "<", new Date(Date.now() - 7 * 86_400_000))
        .execute();
      await this.#store.db
        .deleteFrom("known_place")
        .where("last_at", "<", new Date(Date.now() - 30 * 86_400_000))
        .execute();
      await pruneAttempts(this.#store.pool);
    } catch (error) {
      for (const [id, use] of used) if (!this.#used.has(id)) this.#used.set(id, use);
      throw error;
    }
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#write().catch((error: Error) => this.#log.warn({ error: error.message }, "the times of use of tokens could not be kept"));
    await this.#listening?.close();
  }
}
