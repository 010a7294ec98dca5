import { PolyvisorError } from "@polyvisor/model";
import type { Logger } from "pino";
import type { Store } from "../store/openStore.ts";
import { addressKey, Attempts, isLoopback } from "./attempts.ts";
import { PassPhrases } from "./passPhrase.ts";
import { hashCode, makeCode, makeToken, randomId } from "./secretText.ts";
import { TokenCache, type Caller } from "./tokenCache.ts";

export interface Account {
  id: string;
  name: string;
  hasPassPhrase: boolean;
}

export interface TokenRow {
  id: string;
  name: string;
  createdAt: string;
  lastUsedAt?: string | undefined;
  expiresAt?: string | undefined;
}

const sessionMs = 24 * 3_600_000;
const codeMs = 15 * 60_000;

/** Who may come in: the administrator's account, its sessions, tokens and one-time codes. */
export class Identity {
  readonly #store: Store;
  readonly #tokens: TokenCache;
  readonly #passPhrases = new PassPhrases();
  readonly #byAddress = new Attempts({ burst: 10, secondsEach: 6 });
  // Wide, because others can wear it down: it slows a spread attack and leaves this machine alone.
  readonly #byAccount = new Attempts({ burst: 100, secondsEach: 10 });

  private constructor(store: Store, tokens: TokenCache) {
    this.#store = store;
    this.#tokens = tokens;
  }

  /** Opens it; makes the one account, `admin`, at the first start. */
  static async open(store: Store, log: Logger): Promise<Identity> {
    await store.db
      .insertInto("account")
      .values({ id: randomId("a"), name: "admin", pass_phrase_hash: null })
      .onConflict((on) => on.column("name").doNothing())
      .execute();
    return new Identity(store, await TokenCache.open(store, log));
  }

  /** Who sends this token. @throws PolyvisorError `notSignedIn` */
  caller(token: string): Promise<Caller> {
    return this.#tokens.caller(token);
  }

  async account(id: string): Promise<Account> {
    const row = await this.#store.db.selectFrom("account").select(["id", "name", "pass_phrase_hash"]).where("id", "=", id).executeTakeFirst();
    if (!row) throw new PolyvisorError("notSignedIn", { detail: "the account is gone" });
    return { id: row.id, name: row.name, hasPassPhrase: row.pass_phrase_hash !== null };
  }

  /** The account of the site's administrator. */
  async administrator(): Promise<Account> {
    const row = await this.#store.db.selectFrom("account").select("id").where("name", "=", "admin").executeTakeFirstOrThrow();
    return this.account(row.id);
  }

  /** @throws PolyvisorError `wrongCredentials` or `rateLimited`; never says which part was wrong */
  async signIn(how: { code: string } | { name: string; passPhrase: string }, address: string): Promise<{ token: string; expiresAt: string; account: Account }> {
    const from = addressKey(address);
    const account = "name" in how && !isLoopback(address) ? how.name : undefined;
    this.#byAddress.take(from, "sign-ins from this address");
    if (account !== undefined) this.#byAccount.take(account, "sign-ins to this account");
    const id = "code" in how ? await this.#useCode(how.code) : await this.#checkPassPhrase(how.name, how.passPhrase);
    if (id === undefined)
      throw new PolyvisorError("wrongCredentials", {
        detail: "code" in how ? "the code is wrong, was used already, or is older than 15 minutes" : "no account has this name and pass phrase",
      });
    this.#byAddress.giveBack(from);
    if (account !== undefined) this.#byAccount.giveBack(account);
    const expiresAt = new Date(Date.now() + sessionMs);
    const { token } = await this.#newToken(id, "session", "sign-in", expiresAt);
    return { token, expiresAt: expiresAt.toISOString(), account: await this.account(id) };
  }

  async #useCode(code: string): Promise<string | undefined> {
    // One statement: of two who send the same code one gets in.
    const row = await this.#store.db.deleteFrom("sign_in_code").where("hash", "=", hashCode(code)).returning(["account_id", "expires_at"]).executeTakeFirst();
    return row && row.expires_at.getTime() > Date.now() ? row.account_id : undefined;
  }

  async #checkPassPhrase(name: string, passPhrase: string): Promise<string | undefined> {
    const row = await this.#store.db.selectFrom("account").select(["id", "pass_phrase_hash"]).where("name", "=", name).executeTakeFirst();
    const right = await this.#passPhrases.check(row?.pass_phrase_hash ?? undefined, passPhrase);
    return right ? row?.id : undefined;
  }

  /** A one-time code that lives for 15 minutes. An account has at most 10; the oldest goes. */
  async makeCode(accountId: string): Promise<{ code: string; expiresAt: string }> {
    const { code, hash } = makeCode();
    const expiresAt = new Date(Date.now() + codeMs);
    await this.#store.transaction(async (trx) => {
      await trx.deleteFrom("sign_in_code").where("expires_at", "<", new Date()).execute();
      const kept = await trx.selectFrom("sign_in_code").select("hash").where("account_id", "=", accountId).orderBy("expires_at", "desc").offset(9).execute();
      if (kept.length > 0)
        await trx
          .deleteFrom("sign_in_code")
          .where(
            "hash",
            "in",
            kept.map((row) => row.hash),
          )
          .execute();
      await trx.insertInto("sign_in_code").values({ hash, account_id: accountId, expires_at: expiresAt }).execute();
    });
    return { code, expiresAt: expiresAt.toISOString() };
  }

  /** Sets the pass phrase. The present one is needed where there is one, save with the token of this machine's own command line. Other sessions end. */
  async setPassPhrase(caller: Caller, current: string | undefined, fresh: string): Promise<void> {
    const row = await this.#store.db.selectFrom("account").select("pass_phrase_hash").where("id", "=", caller.accountId).executeTakeFirstOrThrow();
    if (row.pass_phrase_hash !== null && caller.use !== "local") {
      const key = `change:${caller.accountId}`;
      this.#byAddress.take(key, "wrong pass phrases");
      if (current === undefined || !(await this.#passPhrases.check(row.pass_phrase_hash, current))) {
        throw new PolyvisorError("wrongCredentials", {
          detail: "the present pass phrase is wrong",
          where: "/current",
          remedy: "Give the present one as `current`. Where it is lost, set a new one with the command line on the server's machine.",
        });
      }
      this.#byAddress.giveBack(key);
    }
    const hash = await this.#passPhrases.hash(fresh);
    await this.#store.transaction(async (trx) => {
      await trx.updateTable("account").set({ pass_phrase_hash: hash }).where("id", "=", caller.accountId).execute();
      await trx.deleteFrom("token").where("account_id", "=", caller.accountId).where("use", "=", "session").where("id", "!=", caller.tokenId).execute();
    });
    await this.#tokens.changed();
  }

  async #newToken(accountId: string, use: "session" | "api" | "local", name: string, expiresAt: Date | null): Promise<{ token: string; row: TokenRow }> {
    const { token, hash } = makeToken();
    const id = randomId("tok");
    const row = await this.#store.db
      .insertInto("token")
      .values({ id, account_id: accountId, use, name, hash, expires_at: expiresAt })
      .returning("created_at")
      .executeTakeFirstOrThrow();
    return { token, row: { id, name, createdAt: row.created_at.toISOString(), expiresAt: expiresAt?.toISOString() } };
  }

  async makeToken(accountId: string, name: string, expiresInSeconds?: number): Promise<TokenRow & { token: string }> {
    const { token, row } = await this.#newToken(accountId, "api", name, expiresInSeconds === undefined ? null : new Date(Date.now() + expiresInSeconds * 1000));
    return { ...row, token };
  }

  /** The token for the command line on this machine, of the administrator. */
  async makeLocalToken(name: string): Promise<string> {
    const { id } = await this.administrator();
    return (await this.#newToken(id, "local", name, null)).token;
  }

  /** Tokens of an account, without its sessions. */
  async tokens(accountId: string): Promise<TokenRow[]> {
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
    }));
  }

  /** Revokes a token at once, on every server. @throws PolyvisorError `notFound` */
  async revoke(accountId: string, tokenId: string): Promise<void> {
    const row = await this.#store.db.deleteFrom("token").where("id", "=", tokenId).where("account_id", "=", accountId).returning("id").executeTakeFirst();
    if (!row) throw new PolyvisorError("notFound", { detail: `you have no token "${tokenId}"` });
    await this.#tokens.changed();
  }

  /** Signs out. */
  async endSession(caller: Caller): Promise<void> {
    await this.revoke(caller.accountId, caller.tokenId);
  }

  close(): Promise<void> {
    return this.#tokens.close();
  }
}
