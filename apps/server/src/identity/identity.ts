import { PolyvisorError } from "@polyvisor/model";
import type { Logger } from "pino";
import type { Secrets } from "../controlPlane.ts";
import type { Store } from "../store/openStore.ts";
import { Accounts, type Account } from "./accounts.ts";
import { administratorsId, firstAccount, refuseNarrowed } from "./administrators.ts";
import { BrowserSignIn } from "./browserSignIn.ts";
import { ExternalAccounts } from "./externalAccounts.ts";
import { Groups } from "./groups.ts";
import { Handles } from "./handles.ts";
import { IdentityProviders } from "./identityProviders.ts";
import { Passkeys } from "./passkeys.ts";
import { PassPhrases } from "./passPhrase.ts";
import { randomId } from "./secretText.ts";
import { SharedAttempts } from "./sharedAttempts.ts";
import { SecondFactors } from "./secondFactors.ts";
import { SignIn, type SignedIn, type Way } from "./signIn.ts";
import { SignInCodes } from "./signInCodes.ts";
import { SignInThrottle, type From } from "./signInThrottle.ts";
import { TokenCache, type Caller } from "./tokenCache.ts";
import { Tokens, type TokenRow } from "./tokens.ts";
import type { TokenScope } from "../store/identityTables.ts";

export type { Account } from "./accounts.ts";

export interface IdentityOptions {
  /** Milliseconds since 1970. */
  now?: () => number;
  /** Longest that an identity provider may take for an answer. */
  providerDeadlineMs?: number;
}

/** Who may come in, and how: accounts and groups, sessions, tokens, codes, second factors, passkeys and identity providers. */
export class Identity {
  readonly accounts: Accounts;
  readonly groups: Groups;
  readonly tokens: Tokens;
  readonly codes: SignInCodes;
  readonly passPhrases = new PassPhrases();
  readonly #store: Store;
  readonly #cache: TokenCache;
  readonly factors: SecondFactors;
  readonly passkeys: Passkeys;
  readonly providers: IdentityProviders;
  readonly browser: BrowserSignIn;
  readonly throttle: SignInThrottle;
  readonly #signIn: SignIn;
  readonly #changes: SharedAttempts;

  private constructor(store: Store, log: Logger, secrets: Secrets, cache: TokenCache, options: IdentityOptions) {
    const { now, providerDeadlineMs } = options;
    this.#store = store;
    this.#cache = cache;
    this.accounts = new Accounts(store, cache);
    this.groups = new Groups(store, this.accounts, cache);
    this.tokens = new Tokens(store, cache);
    this.codes = new SignInCodes(store);
    const handles = new Handles(store, secrets, now);
    this.factors = new SecondFactors(store, secrets, now);
    this.passkeys = new Passkeys(store, handles);
    this.providers = new IdentityProviders(store, secrets, { deadlineMs: providerDeadlineMs });
    const external = new ExternalAccounts(store, cache);
    this.browser = new BrowserSignIn(this.providers, external, this.codes, handles);
    this.throttle = new SignInThrottle(handles, store.pool, now);
    this.#changes = new SharedAttempts({ pool: store.pool, of: "pass phrase", burst: 10, secondsEach: 6, now });
    this.#signIn = new SignIn({ store, log, external, ...this });
  }

  /** Opens it; makes the account `admin`, an administrator, at the first start. */
  static async open(store: Store, log: Logger, secrets: Secrets, options: IdentityOptions = {}): Promise<Identity> {
    await store.transaction(async (trx) => {
      const made = await trx
        .insertInto("account")
        .values({ id: randomId("a"), name: firstAccount, pass_phrase_hash: null })
        .onConflict((on) => on.column("name").doNothing())
        .returning("id")
        .executeTakeFirst();
      if (made) await trx.insertInto("membership").values({ account_id: made.id, group_id: administratorsId }).execute();
    });
    return new Identity(store, log, secrets, await TokenCache.open(store, log), options);
  }

  /** Who sends this token. @throws PolyvisorError `notSignedIn` */
  caller(token: string, address?: string): Promise<Caller> {
    return this.#cache.caller(token, address);
  }

  /** The first account, which this machine's command line comes in by. */
  administrator(): Promise<Account> {
    return this.accounts.find(firstAccount);
  }

  /** See {@link SignIn.enter}. */
  signIn(way: Way, from: From): Promise<SignedIn> {
    return this.#signIn.enter(way, from);
  }

  /** Sets the pass phrase. The present one is needed where there is one, save with the token of this machine's own command line. Other sessions end. */
  async setPassPhrase(caller: Caller, current: string | undefined, fresh: string): Promise<void> {
    refuseNarrowed(caller);
    const row = await this.#store.db.selectFrom("account").select(["pass_phrase_hash", "source"]).where("id", "=", caller.accountId).executeTakeFirstOrThrow();
    if (row.source !== "local") throw new PolyvisorError("conflict", { detail: "your identity provider keeps your pass phrase", remedy: "Change it there." });
    if (row.pass_phrase_hash !== null && caller.use !== "local") {
      const key = `change:${caller.accountId}`;
      await this.#changes.take(key, "wrong pass phrases");
      if (current === undefined || !(await this.passPhrases.check(row.pass_phrase_hash, current))) {
        throw new PolyvisorError("wrongCredentials", {
          detail: "the present pass phrase is wrong",
          where: "/current",
          remedy: "Give the present one as `current`. Where it is lost, set a new one with the command line on the server's machine.",
        });
      }
      await this.#changes.giveBack(key);
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
  async makeCode(caller: Caller): Promise<{ code: string; expiresAt: string }> {
    refuseNarrowed(caller);
    return this.codes.make(caller.accountId);
  }

  /** Signs out. */
  async endSession(caller: Caller): Promise<void> {
    await this.tokens.revoke(caller.tokenId, caller.accountId, "session");
  }

  /** Calls back when tokens, accounts or groups changed, here or on another server. @returns ends it */
  onChange(fn: () => void): () => void {
    return this.#cache.onChange(fn);
  }

  /** Something was changed that tokens stand on: all servers look anew. */
  changed(): Promise<void> {
    return this.#cache.changed();
  }

  close(): Promise<void> {
    return this.#cache.close();
  }
}
