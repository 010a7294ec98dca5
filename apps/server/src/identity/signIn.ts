import { randomBytes } from "node:crypto";
import { PolyvisorError } from "@polyvisor/model";
import type { Logger } from "pino";
import type { Store } from "../store/openStore.ts";
import type { Account, Accounts } from "./accounts.ts";
import { addressKey } from "./attempts.ts";
import type { ExternalAccounts } from "./externalAccounts.ts";
import type { IdentityProviders } from "./identityProviders.ts";
import type { Passkeys } from "./passkeys.ts";
import type { Line, PassPhrases } from "./passPhrase.ts";
import type { SecondFactors } from "./secondFactors.ts";
import type { SignInCodes } from "./signInCodes.ts";
import { wrongPassPhrase, type From, type SignInThrottle } from "./signInThrottle.ts";
import type { Tokens } from "./tokens.ts";

const sessionMs = 24 * 3_600_000;
/** How long an address counts as one that the account is known at. */
const knownMs = 30 * 86_400_000;
/** Sign-ins that ask directories at the same time. */
const directoriesMost = 32;

export interface PassPhraseWay {
  name: string;
  passPhrase: string;
  /** A directory that knows the name; an account kept here where absent. */
  provider?: string | undefined;
  /** Of the authenticator, or a recovery code. */
  secondFactor?: string | undefined;
  device?: string | undefined;
}
/** How someone comes in. */
export type Way = { code: string; verifier?: string | undefined } | { passkey: object; handle: string } | PassPhraseWay;

export interface SignedIn {
  token: string;
  expiresAt: string;
  account: Account;
  /** For the device to keep: by it others' failures do not slow this account there. */
  device?: string;
}

interface Entered {
  accountId: string;
  by: string;
  /** What failures are counted by, where it was a name and pass phrase. */
  key?: string;
}

export interface SignInParts {
  store: Store;
  log: Logger;
  accounts: Accounts;
  tokens: Tokens;
  codes: SignInCodes;
  passPhrases: PassPhrases;
  factors: SecondFactors;
  passkeys: Passkeys;
  external: ExternalAccounts;
  providers: IdentityProviders;
  throttle: SignInThrottle;
}

/** The one door: every way in ends here with a session, or with the same answer for whatever was wrong. */
export class SignIn {
  readonly #parts: SignInParts;
  #asking = 0;

  constructor(parts: SignInParts) {
    this.#parts = parts;
  }

  /** @throws PolyvisorError `wrongCredentials`, `secondFactorNeeded`, `rateLimited`, `identityProviderFailed`; never says which part was wrong */
  async enter(way: Way, from: From): Promise<SignedIn> {
    const { log } = this.#parts;
    try {
      const entered = await this.#check(way, from);
      const signedIn = await this.#session(entered, from);
      log.info({ account: signedIn.account.name, by: entered.by, address: from.address }, "signed in");
      return signedIn;
    } catch (error) {
      if (error instanceof PolyvisorError && (error.status === 401 || error.status === 429))
        log.info({ problem: error.code, address: from.address }, "a sign-in was refused");
      throw error;
    }
  }

  async #check(way: Way, from: From): Promise<Entered> {
    if ("name" in way) return this.#byPassPhrase(way, { ...from, device: way.device });
    const { right } = await this.#parts.throttle.begin(from);
    const entered = "code" in way ? await this.#byCode(way) : await this.#byPasskey(way);
    await right();
    return entered;
  }

  async #byCode({ code, verifier }: { code: string; verifier?: string | undefined }): Promise<Entered> {
    const found = await this.#parts.codes.use(code, verifier);
    if (!found)
      throw new PolyvisorError("wrongCredentials", {
        detail: "the code is wrong, was used already, is older than 15 minutes, or is for another program",
      });
    return found;
  }

  async #byPasskey({ passkey, handle }: { passkey: object; handle: string }): Promise<Entered> {
    const accountId = await this.#parts.passkeys.signIn(handle, passkey);
    if (accountId === undefined)
      throw new PolyvisorError("wrongCredentials", { detail: "no account has this passkey, or its answer is not right", remedy: "Begin again." });
    return { accountId, by: "passkey" };
  }

  async #byPassPhrase({ name: typed, provider, passPhrase, secondFactor }: PassPhraseWay, from: From): Promise<Entered> {
    const name = typed.replaceAll("\0", "\ufffd"); // which no account has, and which the database takes
    const { providers, external, factors, throttle } = this.#parts;
    // One count for each account, however it is spelled.
    const key = provider === undefined ? name : `${name.toLowerCase()}@${provider}`.replaceAll("\0", "");
    const { right, line } = await throttle.begin(from, key, await this.#isKnownPlace(key, from));
    let accountId: string | undefined;
    let by = "passPhrase";
    if (provider === undefined) accountId = await this.#checkPassPhrase(name, passPhrase, line);
    else {
      by = `ldap:${provider}`;
      const directory = await providers.directory(provider.replaceAll("\0", ""));
      // A provider that is not there answers as a wrong pass phrase does, and takes as long as a local account.
      if (!directory) await this.#checkPassPhrase(undefined, passPhrase, line);
      const vouched = directory && (await this.#asked(line, () => directory.signIn(name, passPhrase)));
      accountId = vouched && (await external.enter(vouched));
    }
    if (accountId === undefined) throw wrongPassPhrase();
    await right(); // the second factor is counted apart, by account
    if (!(await factors.wanted(accountId))) return { accountId, by, key };
    if (secondFactor === undefined)
      throw new PolyvisorError("secondFactorNeeded", { detail: "this account asks for a code of its authenticator", where: "/secondFactor" });
    return { accountId, by: `${by}+${await factors.use(accountId, secondFactor)}`, key };
  }

  /** A directory that is slow holds so many sign-ins at most; strangers get half of the places. */
  async #asked<T>(line: Line, ask: () => Promise<T>): Promise<T> {
    if (this.#asking >= (line === "familiar" ? directoriesMost : directoriesMost / 2))
      throw new PolyvisorError("rateLimited", { detail: "too many sign-ins wait for a directory" });
    this.#asking++;
    try {
      return await ask();
    } finally {
      this.#asking--;
    }
  }

  async #checkPassPhrase(name: string | undefined, passPhrase: string, line: Line): Promise<string | undefined> {
    const row =
      name === undefined
        ? undefined
        : await this.#parts.store.db
            .selectFrom("account")
            .select(["id", "pass_phrase_hash"])
            .where("name", "=", name)
            .where("source", "=", "local")
            .where("disabled", "=", false)
            .executeTakeFirst();
    const right = await this.#parts.passPhrases.check(row?.pass_phrase_hash ?? undefined, passPhrase, line);
    return right ? row?.id : undefined;
  }

  async #isKnownPlace(name: string, from: From): Promise<boolean> {
    const row = await this.#parts.store.db
      .selectFrom("known_place")
      .innerJoin("account", "account.id", "known_place.account_id")
      .select("known_place.place")
      .where("account.name", "=", name)
      .where("known_place.place", "=", addressKey(from.address))
      .where("known_place.last_at", ">", new Date(Date.now() - knownMs))
      .executeTakeFirst();
    return row !== undefined;
  }

  async #session({ accountId, by, key }: Entered, from: From): Promise<SignedIn> {
    const { store, tokens, accounts, throttle } = this.#parts;
    const now = new Date();
    const expiresAt = new Date(now.getTime() + sessionMs);
    const { token } = await tokens.make({
      accountId,
      use: "session",
      name: "sign-in",
      expiresAt,
      address: from.address,
      client: from.client?.replace(/\p{Cc}/gu, " ").slice(0, 255),
      by,
    });
    await store.db.updateTable("account").set({ last_sign_in_at: now }).where("id", "=", accountId).execute();
    if (!from.passedOn)
      await store.db
        .insertInto("known_place")
        .values({ account_id: accountId, place: addressKey(from.address), last_at: now })
        .onConflict((on) => on.columns(["account_id", "place"]).doUpdateSet({ last_at: now }))
        .execute();
    const device = key === undefined ? {} : { device: throttle.device(key, randomBytes(9).toString("base64url")) };
    return { token, expiresAt: expiresAt.toISOString(), account: await accounts.find(accountId), ...device };
  }
}
