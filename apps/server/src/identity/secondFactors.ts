import { PolyvisorError } from "@polyvisor/model";
import type { Secrets } from "../controlPlane.ts";
import type { Store } from "../store/openStore.ts";
import { hashCode, makeCode } from "./secretText.ts";
import { SharedAttempts } from "./sharedAttempts.ts";
import { base32, makeTotpSecret, matchingStep, stepOf, totpUri } from "./totp.ts";

const recoveryCodes = 10;
const context = (accountId: string): string => `totp:${accountId}`;

/** Codes of an authenticator (RFC 6238), and recovery codes for who lost it. */
export class SecondFactors {
  readonly #store: Store;
  readonly #secrets: Secrets;
  readonly #now: () => number;
  // Only who knows the first factor comes here. 720 tries a day at 3 codes of a million each: 0.2 % a day.
  readonly #attempts: SharedAttempts;

  constructor(store: Store, secrets: Secrets, now?: () => number) {
    this.#store = store;
    this.#secrets = secrets;
    this.#now = now ?? Date.now;
    this.#attempts = new SharedAttempts({ pool: store.pool, of: "second factor", burst: 5, secondsEach: 120, now });
  }

  /** A new secret, shown once; it counts when a right code confirmed it. @throws PolyvisorError `conflict` while another counts */
  async begin(accountId: string, name: string): Promise<{ secret: string; uri: string }> {
    const secret = makeTotpSecret();
    const kept = await this.#store.db
      .insertInto("totp")
      .values({ account_id: accountId, sealed: this.#secrets.seal(secret.toString("base64"), context(accountId)) })
      .onConflict((on) =>
        on
          .column("account_id")
          .doUpdateSet((eb) => ({ sealed: eb.ref("excluded.sealed"), last_step: 0 }))
          .where("totp.confirmed_at", "is", null),
      )
      .returning("account_id")
      .executeTakeFirst();
    if (!kept)
      throw new PolyvisorError("conflict", {
        detail: "an authenticator is set up already",
        remedy: "Take it away first: polyvisor second-factor disable asks for one of its codes.",
      });
    return { secret: base32(secret), uri: totpUri(secret, name) };
  }

  /** The first right code: from now on a code is asked for at every sign-in by pass phrase. @returns the recovery codes, shown once */
  async confirm(accountId: string, code: string): Promise<string[]> {
    const row = await this.#store.db.selectFrom("totp").select(["sealed", "confirmed_at"]).where("account_id", "=", accountId).executeTakeFirst();
    if (!row || row.confirmed_at !== null)
      throw new PolyvisorError("conflict", { detail: "no authenticator waits to be confirmed", remedy: "Begin with polyvisor second-factor enable." });
    await this.#guarded(accountId, async () => this.#useStep(accountId, row.sealed, code));
    await this.#store.db
      .updateTable("totp")
      .set({ confirmed_at: new Date(this.#now()) })
      .where("account_id", "=", accountId)
      .execute();
    return this.#newRecoveryCodes(accountId);
  }

  /** Whether one is asked for. */
  async wanted(accountId: string): Promise<boolean> {
    const row = await this.#store.db
      .selectFrom("totp")
      .select("account_id")
      .where("account_id", "=", accountId)
      .where("confirmed_at", "is not", null)
      .executeTakeFirst();
    return row !== undefined;
  }

  /**
   * A code of the authenticator, or a recovery code; each is good once.
   * @returns which it was
   * @throws PolyvisorError `wrongCredentials`, `rateLimited`
   */
  async use(accountId: string, code: string): Promise<"totp" | "recovery"> {
    const row = await this.#store.db
      .selectFrom("totp")
      .select("sealed")
      .where("account_id", "=", accountId)
      .where("confirmed_at", "is not", null)
      .executeTakeFirst();
    let kind: "totp" | "recovery" = "totp";
    await this.#guarded(accountId, async () => {
      if (row && /^[\d\s-]{6,9}$/.test(code)) return this.#useStep(accountId, row.sealed, code);
      kind = "recovery";
      const used = await this.#store.db
        .deleteFrom("recovery_code")
        .where("hash", "=", hashCode(code))
        .where("account_id", "=", accountId)
        .returning("account_id")
        .executeTakeFirst();
      return used !== undefined;
    });
    return kind;
  }

  /** Fresh recovery codes in place of the old ones. */
  async renew(accountId: string, code: string): Promise<string[]> {
    await this.use(accountId, code);
    return this.#newRecoveryCodes(accountId);
  }

  /** Takes the authenticator away. @param code undefined where the caller needs none */
  async disable(accountId: string, code: string | undefined): Promise<void> {
    if (!(await this.wanted(accountId))) throw new PolyvisorError("conflict", { detail: "no authenticator is set up" });
    if (code !== undefined) await this.use(accountId, code);
    await this.#store.transaction(async (trx) => {
      await trx.deleteFrom("totp").where("account_id", "=", accountId).execute();
      await trx.deleteFrom("recovery_code").where("account_id", "=", accountId).execute();
    });
  }

  async #guarded(accountId: string, check: () => Promise<boolean>): Promise<void> {
    await this.#attempts.take(accountId, "wrong codes of this account's second factor");
    if (!(await check()))
      throw new PolyvisorError("wrongCredentials", {
        detail: "the code of the second factor is wrong or was used already",
        where: "/secondFactor",
        remedy: "Take the code that the authenticator shows next, and check that its clock is right; a recovery code does as well.",
      });
    await this.#attempts.giveBack(accountId);
  }

  /** Of two who send the same code one gets in. */
  async #useStep(accountId: string, sealed: Buffer, code: string): Promise<boolean> {
    const step = matchingStep(Buffer.from(this.#secrets.open(sealed, context(accountId)), "base64"), code, this.#now());
    if (step === undefined) return false;
    const used = await this.#store.db
      .updateTable("totp")
      .set({ last_step: step })
      .where("account_id", "=", accountId)
      // A last step far ahead was kept by a clock that was wrong: it must not lock the account until that day comes.
      .where((eb) => eb.or([eb("last_step", "<", step), eb("last_step", ">", stepOf(this.#now()) + 10)]))
      .returning("account_id")
      .executeTakeFirst();
    return used !== undefined;
  }

  async #newRecoveryCodes(accountId: string): Promise<string[]> {
    const made = Array.from({ length: recoveryCodes }, makeCode);
    await this.#store.transaction(async (trx) => {
      await trx.deleteFrom("recovery_code").where("account_id", "=", accountId).execute();
      await trx
        .insertInto("recovery_code")
        .values(made.map(({ hash }) => ({ hash, account_id: accountId })))
        .execute();
    });
    return made.map(({ code }) => code);
  }
}
