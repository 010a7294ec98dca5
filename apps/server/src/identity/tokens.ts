import { PolyvisorError } from "@polyvisor/model";
import type { TokenScope, TokenTable } from "../store/identityTables.ts";
import type { Store } from "../store/openStore.ts";
import { makeToken, randomId } from "./secretText.ts";
import type { Caller, TokenCache } from "./tokenCache.ts";

/** An API token, without what is secret of it. */
export interface TokenRow {
  id: string;
  name: string;
  createdAt: string;
  lastUsedAt?: string | undefined;
  expiresAt?: string | undefined;
  scope?: TokenScope | undefined;
}

/** A sign-in that is open. */
export interface Session {
  id: string;
  account: string;
  accountId: string;
  /** How it was earned: `passPhrase`, `passPhrase+totp`, `code`, `passkey`, `oidc:NAME`, `ldap:NAME`. */
  by?: string | undefined;
  /** Where it began, and with what program. */
  address?: string | undefined;
  client?: string | undefined;
  createdAt: string;
  /** To the minute. */
  lastUsedAt?: string | undefined;
  lastAddress?: string | undefined;
  expiresAt?: string | undefined;
  /** Whether it is the one that asks. */
  current: boolean;
}

export interface NewToken {
  accountId: string;
  use: TokenTable["use"];
  name: string;
  expiresAt: Date | null;
  scope?: TokenScope | undefined;
  address?: string | undefined;
  client?: string | undefined;
  by?: string | undefined;
}

/** Sessions and API tokens in the store. */
export class Tokens {
  readonly #store: Store;
  readonly #cache: TokenCache;

  constructor(store: Store, cache: TokenCache) {
    this.#store = store;
    this.#cache = cache;
  }

  async make(wish: NewToken): Promise<{ token: string; row: TokenRow }> {
    const { token, hash } = makeToken();
    const id = randomId("tok");
    const row = await this.#store.db
      .insertInto("token")
      .values({
        id,
        account_id: wish.accountId,
        use: wish.use,
        name: wish.name,
        hash,
        expires_at: wish.expiresAt,
        scope: wish.scope ? JSON.stringify(wish.scope) : null,
        address: wish.address ?? null,
        client: wish.client ?? null,
        signed_in_by: wish.by ?? null,
      })
      .returning("created_at")
      .executeTakeFirstOrThrow();
    return { token, row: { id, name: wish.name, createdAt: row.created_at.toISOString(), expiresAt: wish.expiresAt?.toISOString(), scope: wish.scope } };
  }

  /** API tokens of an account, without its sessions; at most 1,000. */
  async list(accountId: string): Promise<TokenRow[]> {
    const rows = await this.#store.db
      .selectFrom("token")
      .selectAll()
      .where("account_id", "=", accountId)
      .where("use", "!=", "session")
      .orderBy("created_at")
      .limit(1_000)
      .execute();
    return rows.map((row) => ({
      id: row.id,
      name: row.name,
      createdAt: row.created_at.toISOString(),
      lastUsedAt: row.last_used_at?.toISOString(),
      expiresAt: row.expires_at?.toISOString(),
      scope: row.scope ?? undefined,
    }));
  }

  /** Open sessions, the latest first; at most 1,000. @param accountId of all accounts where absent */
  async sessions(caller: Caller, accountId?: string): Promise<Session[]> {
    const rows = await this.#store.db
      .selectFrom("token")
      .innerJoin("account", "account.id", "token.account_id")
      .selectAll("token")
      .select("account.name as account")
      .where("token.use", "=", "session")
      .where("token.expires_at", ">", new Date())
      .$if(accountId !== undefined, (query) => query.where("token.account_id", "=", accountId!))
      .orderBy("token.created_at", "desc")
      .limit(1_000)
      .execute();
    return rows.map((row) => ({
      id: row.id,
      account: row.account,
      accountId: row.account_id,
      by: row.signed_in_by ?? undefined,
      address: row.address ?? undefined,
      client: row.client ?? undefined,
      createdAt: row.created_at.toISOString(),
      lastUsedAt: row.last_used_at?.toISOString(),
      lastAddress: row.last_address ?? undefined,
      expiresAt: row.expires_at?.toISOString(),
      current: row.id === caller.tokenId,
    }));
  }

  /** Id of the account that a session or token is of. */
  async ownerOf(tokenId: string): Promise<string | undefined> {
    return (await this.#store.db.selectFrom("token").select("account_id").where("id", "=", tokenId).executeTakeFirst())?.account_id;
  }

  /**
   * Revokes a token or session at once, on every server.
   * @param accountId whose it must be; anyone's where absent
   * @throws PolyvisorError `notFound`, the same for one that is not there and one of another
   */
  async revoke(tokenId: string, accountId: string | undefined, what: "token" | "session" | "either" = "either"): Promise<{ name: string; accountId: string }> {
    const row = await this.#store.db
      .deleteFrom("token")
      .where("id", "=", tokenId)
      .$if(accountId !== undefined, (query) => query.where("account_id", "=", accountId!))
      .$if(what !== "either", (query) => query.where("use", what === "session" ? "=" : "!=", "session"))
      .returning(["name", "account_id"])
      .executeTakeFirst();
    if (!row) throw new PolyvisorError("notFound", { detail: `you have no ${what === "session" ? "session" : "token"} "${tokenId}"` });
    await this.#cache.changed();
    return { name: row.name, accountId: row.account_id };
  }

  /** Ends all sessions of an account but one. @returns how many there were */
  async endSessions(accountId: string, but?: string): Promise<number> {
    const rows = await this.#store.db
      .deleteFrom("token")
      .where("account_id", "=", accountId)
      .where("use", "=", "session")
      .$if(but !== undefined, (query) => query.where("id", "!=", but!))
      .returning("id")
      .execute();
    await this.#cache.changed();
    return rows.length;
  }
}
