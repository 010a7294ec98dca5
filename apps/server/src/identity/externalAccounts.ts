import { PolyvisorError } from "@polyvisor/model";
import type { Transaction } from "kysely";
import type { AccountSource } from "../store/identityTables.ts";
import type { Store } from "../store/openStore.ts";
import type { Schema } from "../store/schema.ts";
import { randomId } from "./secretText.ts";
import type { TokenCache } from "./tokenCache.ts";

/** Who an identity provider says it is. */
export interface Vouched {
  provider: string;
  source: Exclude<AccountSource, "local">;
  /** Never changes and is never given to another: `sub`, `entryUUID`. */
  externalId: string;
  /** As the person is called there; anyone may have chosen it. */
  name: string;
  displayName: string;
  /** Names of groups here that the provider's groups stand for. */
  groups: readonly string[];
  /** Whether an account is made for who comes for the first time. */
  create: boolean;
}

/**
 * The account of who an identity provider vouches for. It is found by the provider's own id only: a name is never
 * taken from another account, so nobody becomes `admin` by being called so elsewhere. New ones are `NAME@PROVIDER`.
 */
export class ExternalAccounts {
  readonly #store: Store;
  readonly #tokens: TokenCache;

  constructor(store: Store, tokens: TokenCache) {
    this.#store = store;
    this.#tokens = tokens;
  }

  /** @returns its id. @throws PolyvisorError `forbidden` where it is disabled, or is none and none is made */
  async enter(who: Vouched): Promise<string> {
    const { id, moved } = await this.#store.transaction(async (trx) => {
      const known = await trx
        .selectFrom("account")
        .select(["id", "name", "disabled"])
        .where("provider", "=", who.provider)
        .where("external_id", "=", who.externalId)
        .forUpdate()
        .executeTakeFirst();
      if (known?.disabled) throw new PolyvisorError("forbidden", { detail: `the account ${known.name} is disabled here`, remedy: "Ask an administrator." });
      if (!known && !who.create)
        throw new PolyvisorError("forbidden", {
          detail: `${who.provider} knows you, and there is no account for you here`,
          remedy: "Ask an administrator: the provider's setting `create` decides whether one is made.",
        });
      const account = known?.id ?? (await make(trx, who));
      await trx
        .updateTable("account")
        .set({ display_name: who.displayName.replace(/\p{Cc}/gu, " ").slice(0, 255) })
        .where("id", "=", account)
        .execute();
      return { id: account, moved: await regroup(trx, account, who) };
    });
    if (moved) await this.#tokens.changed();
    return id;
  }
}

async function make(trx: Transaction<Schema>, who: Vouched): Promise<string> {
  const id = randomId("a");
  const stem =
    who.name
      .normalize("NFKC")
      .toLowerCase()
      .replace(/[^a-z0-9._-]+/g, "-")
      .replace(/^[._-]+|-+$/g, "")
      .slice(0, 64) || "account";
  for (let n = 1; n < 1_000; n++) {
    const made = await trx
      .insertInto("account")
      .values({
        id,
        name: `${stem}${n === 1 ? "" : `-${n}`}@${who.provider}`,
        source: who.source,
        provider: who.provider,
        external_id: who.externalId,
        pass_phrase_hash: null,
      })
      .onConflict((on) => on.doNothing())
      .returning("id")
      .executeTakeFirst();
    if (made) return made.id;
    // The same person at the same moment: the other sign-in made it.
    const twin = await trx.selectFrom("account").select("id").where("provider", "=", who.provider).where("external_id", "=", who.externalId).executeTakeFirst();
    if (twin) return twin.id;
  }
  throw new PolyvisorError("conflict", { detail: "a thousand accounts of this provider have this name" });
}

/** Brings the memberships by this provider to what it says now; those given here stay. @returns whether any changed */
async function regroup(trx: Transaction<Schema>, accountId: string, { provider, groups }: Vouched): Promise<boolean> {
  const wanted =
    groups.length === 0
      ? []
      : await trx
          .selectFrom("account_group")
          .select("id")
          .where("name", "in", [...groups])
          .execute();
  const had = await trx.selectFrom("membership").select("group_id").where("account_id", "=", accountId).where("via", "=", provider).execute();
  const over = had.filter((each) => !wanted.some((row) => row.id === each.group_id)).map((each) => each.group_id);
  const fresh = wanted.filter((each) => !had.some((row) => row.group_id === each.id));
  if (over.length > 0)
    await trx.deleteFrom("membership").where("account_id", "=", accountId).where("via", "=", provider).where("group_id", "in", over).execute();
  if (fresh.length > 0)
    await trx
      .insertInto("membership")
      .values(fresh.map((each) => ({ account_id: accountId, group_id: each.id, via: provider })))
      .onConflict((on) => on.doNothing())
      .execute();
  return over.length + fresh.length > 0;
}
