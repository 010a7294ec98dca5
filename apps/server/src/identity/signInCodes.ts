import { createHash, timingSafeEqual } from "node:crypto";
import type { Store } from "../store/openStore.ts";
import { hashCode, makeCode } from "./secretText.ts";

const codeMs = 15 * 60_000;
const most = 10;

export interface CodeUse {
  accountId: string;
  /** How the session that it opens was earned. */
  by: string;
}

/** Codes for one sign-in: given to a person, or handed from a browser to the program that began the sign-in. */
export class SignInCodes {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  /**
   * A code that lives for 15 minutes. An account has at most 10; the oldest goes.
   * @param bound where only the one may use it who knows the text that hashes to `verifier`; `by` is what the sign-in was
   */
  async make(accountId: string, bound?: { verifier: Buffer; by: string }): Promise<{ code: string; expiresAt: string }> {
    const { code, hash } = makeCode();
    const expiresAt = new Date(Date.now() + codeMs);
    await this.#store.transaction(async (trx) => {
      // One at a time for an account: two that throw the same rows away in another order would wait for each other.
      await trx.selectFrom("account").select("id").where("id", "=", accountId).forNoKeyUpdate().execute();
      // Others' only where nobody is at them.
      const over = trx.selectFrom("sign_in_code").select("hash").where("expires_at", "<", new Date()).forUpdate().skipLocked();
      await trx.deleteFrom("sign_in_code").where("hash", "in", over).execute();
      const kept = trx
        .selectFrom("sign_in_code")
        .select("hash")
        .where("account_id", "=", accountId)
        .orderBy("expires_at", "desc")
        .offset(most - 1);
      await trx.deleteFrom("sign_in_code").where("hash", "in", kept).execute();
      await trx
        .insertInto("sign_in_code")
        .values({ hash, account_id: accountId, expires_at: expiresAt, verifier: bound?.verifier ?? null, signed_in_by: bound?.by ?? null })
        .execute();
    });
    return { code, expiresAt: expiresAt.toISOString() };
  }

  /** Who comes in by it; undefined for one that is wrong, used, over, or of a program that is not this one. It is used up either way. */
  async use(code: string, verifier?: string): Promise<CodeUse | undefined> {
    // One statement: of two who send the same code one gets in.
    const row = await this.#store.db
      .deleteFrom("sign_in_code")
      .where("hash", "=", hashCode(code))
      .where("account_id", "in", (eb) => eb.selectFrom("account").select("id").where("disabled", "=", false))
      .returningAll()
      .executeTakeFirst();
    if (!row || row.expires_at.getTime() <= Date.now()) return undefined;
    if (row.verifier !== null && (verifier === undefined || !timingSafeEqual(row.verifier, verifierHash(verifier)))) return undefined;
    return { accountId: row.account_id, by: row.signed_in_by ?? "code" };
  }
}

/** As a program that begins a sign-in sends it: SHA-256, as in PKCE (RFC 7636, S256). */
export const verifierHash = (verifier: string): Buffer => createHash("sha256").update(verifier).digest();
