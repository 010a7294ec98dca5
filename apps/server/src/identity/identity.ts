import { PolyvisorError } from "@polyvisor/model";
import type { Logger } from "pino";
import type { Store } from "../store/openStore.ts";
import { Accounts, type Account } from "./accounts.ts";
import { administratorsId, firstAccount, refuseNarrowed } from "./administrators.ts";
import { addressKey, Attempts, isLoopback } from "./attempts.ts";
import { Groups } from "./groups.ts";
import { PassPhrases } from "./passPhrase.ts";
import { randomId } from "./secretText.ts";
import { SignInCodes } from "./signInCodes.ts";
import { TokenCache, type Caller } from "./tokenCache.ts";
import { Tokens, type TokenRow } from "./tokens.ts";
import type { TokenScope } from "../store/identityTables.ts";

export type { Account } from "./accounts.ts";

const sessionMs = 24 * 3_600_000;

/** Who may come in: accounts and groups, their sessions, tokens and one-time codes. */
export class Identity {
  readonly accounts: Accounts;
  readonly groups: Groups;
  readonly tokens: Tokens;
  readonly codes: SignInCodes;
  readonly passPhrases = new PassPhrases();
  readonly #store: Store;
  readonly #cache: TokenCache;
  readonly #byAddress = new Attempts({ burst: 10, secondsEach: 6 });
  // Wide, because others can wear it down: it slows a spread attack and leaves this machine alone.
  readonly #byAccount = new Attempts({ burst: 100, secondsEach: 10 });

  private constructor(store: Store, cache: TokenCache) {
    this.#store = store;
    this.#cache = cache;
    this.accounts = new Accounts(store, cache);
    this.groups = new Groups(store, this.accounts, cache);
    this.tokens = new Tokens(store, cache);
    this.codes = new SignInCodes(store);
  }

  /** Opens it; makes the account `admin`, an administrator, at the first start. */
  static async open(store: Store, log: Logger): Promise<Identity> {
    await store.transaction(async (trx) => {
      const made = await trx
        .insertInto("account")
        .values({ id: randomId("a"), name: firstAccount, pass_phrase_hash: null })
        .onConflict((on) => on.column("name").doNothing())
        .returning("id")
        .executeTakeFirst();
      if (made) await trx.insertInto("membership").values({ account_id: made.id, group_id: administratorsId }).execute();
    });
    return new Identity(store, await TokenCache.open(store, log));
  }

  /** Who sends this token. @throws PolyvisorError `notSignedIn` */
  caller(token: string, address?: string): Promise<Caller> {
    return this.#cache.caller(token, address);
  }

  /** The first account, which this machine's command line comes in by. */
  administrator(): Promise<Account> {
    return this.accounts.find(firstAccount);
  }

  /** @throws PolyvisorError `wrongCredentials` or `rateLimited`; never says which part was wrong */
  async signIn(
    how: { code: string; verifier?: string | undefined } | { name: string; passPhrase: string },
    address: string,
    client?: string,
  ): Promise<{ token: string; expiresAt: string; account: Account }> {
    const from = addressKey(address);
    const account = "name" in how && !isLoopback(address) ? how.name : undefined;
    this.#byAddress.take(from, "sign-ins from this address");
    if (account !== undefined) this.#byAccount.take(account, "sign-ins to this account");
    const found = "code" in how ? await this.codes.use(how.code, how.verifier) : await this.#checkPassPhrase(how.name, how.passPhrase);
    if (found === undefined)
      throw new PolyvisorError("wrongCredentials", {
        detail: "code" in how ? "the code is wrong, was used already, or is older than 15 minutes" : "no account has this name and pass phrase",
      });
    this.#byAddress.giveBack(from);
    if (account !== undefined) this.#byAccount.giveBack(account);
    const expiresAt = new Date(Date.now() + sessionMs);
    const { token } = await this.tokens.make({ accountId: found.accountId, use: "session", name: "sign-in", expiresAt, address, client, by: found.by });
    return { token, expiresAt: expiresAt.toISOString(), account: await this.accounts.find(found.accountId) };
  }

  async #checkPassPhrase(name: string, passPhrase: string): Promise<{ accountId: string; by: string } | undefined> {
    const row = await this.#store.db
      .selectFrom("account")
      .select(["id", "pass_phrase_hash"])
      .where("name", "=", name)
      .where("disabled", "=", false)
      .executeTakeFirst();
    const right = await this.passPhrases.check(row?.pass_phrase_hash ?? undefined, passPhrase);
    return right && row ? { accountId: row.id, by: "passPhrase" } : undefined;
  }

  /** Sets the pass phrase. The present one is needed where there is one, save with the token of this machine's own command line. Other sessions end. */
  async setPassPhrase(caller: Caller, current: string | undefined, fresh: string): Promise<void> {
    refuseNarrowed(caller);
    const row = await this.#store.db.selectFrom("account").select(["pass_phrase_hash", "source"]).where("id", "=", caller.accountId).executeTakeFirstOrThrow();
    if (row.source !== "local") throw new PolyvisorError("conflict", { detail: "your identity provider keeps your pass phrase", remedy: "Change it there." });
    if (row.pass_phrase_hash !== null && caller.use !== "local") {
      const key = `change:${caller.accountId}`;
      this.#byAddress.take(key, "wrong pass phrases");
      if (current === undefined || !(await this.passPhrases.check(row.pass_phrase_hash, current))) {
        throw new PolyvisorError("wrongCredentials", {
          detail: "the present pass phrase is wrong",
          where: "/current",
          remedy: "Give the present one as `current`. Where it is lost, set a new one with the command line on the server's machine.",
        });
      }
      this.#byAddress.giveBack(key);
    }
    await this.keepPassPhrase(caller.accountId, fresh);
    await this.tokens.endSessions(caller.accountId, caller.tokenId);
  }

  /** Sets an account's pass phrase; what it has open stays open. */
  async keepPassPhrase(accountId: string, fresh: string): Promise<void> {
    const hash = await this.passPhrases.hash(fresh);
    await this.#store.db.updateTable("account").set({ pass_phrase_hash: hash }).where("id", "=", accountId).execute();
  }

  /** Takes all away by which an account could come in, but its API tokens and identity provider: for one whose owner lost them, or who is not its owner. */
  async takeCredentials(accountId: string): Promise<void> {
    await this.#store.transaction(async (trx) => {
      await trx.updateTable("account").set({ pass_phrase_hash: null }).where("id", "=", accountId).execute();
      for (const table of ["totp", "recovery_code", "passkey", "sign_in_code"] as const)
        await trx.deleteFrom(table).where("account_id", "=", accountId).execute();
    });
    await this.tokens.endSessions(accountId);
  }

  /** An API token. One that is narrowed makes none. @throws PolyvisorError `forbidden` */
  async makeToken(
    caller: Caller,
    wish: { name: string; expiresInSeconds?: number | undefined; scope?: TokenScope | undefined },
  ): Promise<TokenRow & { token: string }> {
    refuseNarrowed(caller);
    const expiresAt = wish.expiresInSeconds === undefined ? null : new Date(Date.now() + wish.expiresInSeconds * 1000);
    const { token, row } = await this.tokens.make({ accountId: caller.accountId, use: "api", name: wish.name, expiresAt, scope: wish.scope });
    return { ...row, token };
  }

  /** The token for the command line on this machine, of the first account. */
  async makeLocalToken(name: string): Promise<string> {
    const { id } = await this.administrator();
    return (await this.tokens.make({ accountId: id, use: "local", name, expiresAt: null })).token;
  }

  /** A one-time code of the caller's own. @throws PolyvisorError `forbidden` for a narrowed token */
  makeCode(caller: Caller): Promise<{ code: string; expiresAt: string }> {
    refuseNarrowed(caller);
    return this.codes.make(caller.accountId);
  }

  /** Signs out. */
  async endSession(caller: Caller): Promise<void> {
    await this.tokens.revoke(caller.tokenId, caller.accountId, "session");
  }

  close(): Promise<void> {
    return this.#cache.close();
  }
}
