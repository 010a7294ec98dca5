import { PolyvisorError } from "@polyvisor/model";
import { sql, type ExpressionBuilder, type Transaction } from "kysely";
import type { AccountSource } from "../store/identityTables.ts";
import type { Store } from "../store/openStore.ts";
import type { Schema } from "../store/schema.ts";
import { administratorsId, firstAccount, isAdministrator, keepingAnAdministrator } from "./administrators.ts";
import { nameTaken, wantPresent } from "./rows.ts";
import { randomId } from "./secretText.ts";
import type { Caller, TokenCache } from "./tokenCache.ts";

/** A person or program that may come in. Never with anything secret. */
export interface Account {
  id: string;
  name: string;
  displayName: string;
  source: AccountSource;
  /** Identity provider that vouches for it; absent for a local one. */
  provider?: string | undefined;
  disabled: boolean;
  revision: number;
  hasPassPhrase: boolean;
  /** Whether a code of an authenticator is asked for. */
  hasTotp: boolean;
  passkeys: number;
  /** Names of groups with how it came into them: `local`, or the provider. */
  groups: { id: string; name: string; via: string }[];
  createdAt: string;
  lastSignInAt?: string | undefined;
}

export interface AccountPatch {
  displayName?: string | undefined;
  disabled?: boolean | undefined;
}

const selection = (eb: ExpressionBuilder<Schema, "account">) => [
  sql<boolean>`exists (select 1 from totp where account_id = account.id and confirmed_at is not null)`.as("has_totp"),
  sql<number>`(select count(*) from passkey where account_id = account.id)`.as("passkeys"),
  sql<Account["groups"]>`coalesce((select json_agg(json_build_object('id', g.id, 'name', g.name, 'via', m.via) order by g.name, m.via)
    from membership m join account_group g on g.id = m.group_id where m.account_id = account.id), '[]')`.as("groups"),
  eb.ref("account.id").as("id"),
];

/** Accounts and what they are in. */
export class Accounts {
  readonly #store: Store;
  readonly #tokens: TokenCache;

  constructor(store: Store, tokens: TokenCache) {
    this.#store = store;
    this.#tokens = tokens;
  }

  #query() {
    return this.#store.db.selectFrom("account").selectAll("account").select(selection);
  }

  async #where(column: "id" | "name", value: string): Promise<Account | undefined> {
    const row = await this.#query().where(`account.${column}`, "=", value).executeTakeFirst();
    return row && accountOf(row);
  }

  /** By id or name. @throws PolyvisorError `notFound` */
  async find(ref: string): Promise<Account> {
    const found = (await this.#where("id", ref)) ?? (await this.#where("name", ref));
    if (!found) throw new PolyvisorError("notFound", { detail: `there is no account "${ref}"`, remedy: "`polyvisor account list` shows them." });
    return found;
  }

  /** A page by name: those after `after`. */
  async page({ limit, after }: { limit: number; after?: string | undefined }): Promise<{ items: Account[]; total: number; next?: string }> {
    const [rows, { n }] = await Promise.all([
      this.#query()
        .$if(after !== undefined, (query) => query.where("account.name", ">", after!))
        .orderBy("account.name")
        .limit(limit + 1)
        .execute(),
      this.#store.db
        .selectFrom("account")
        .select((eb) => eb.fn.countAll<number>().as("n"))
        .executeTakeFirstOrThrow(),
    ]);
    const items = rows.slice(0, limit).map(accountOf);
    return { items, total: Number(n), ...(rows.length > limit ? { next: items.at(-1)!.name } : {}) };
  }

  /** A local account. @throws PolyvisorError `nameTaken`, `notFound` for a group */
  async create(
    caller: Caller,
    input: { name: string; displayName?: string | undefined; groups?: string[] | undefined; passPhraseHash?: string | undefined },
  ): Promise<Account> {
    const id = randomId("a");
    await this.#store.transaction(async (trx) => {
      const made = await trx
        .insertInto("account")
        .values({ id, name: input.name, display_name: input.displayName ?? "", pass_phrase_hash: input.passPhraseHash ?? null })
        .onConflict((on) => on.column("name").doNothing())
        .returning("id")
        .executeTakeFirst();
      if (!made) throw nameTaken("account", input.name);
      for (const ref of new Set(input.groups)) {
        const group = await groupId(trx, ref);
        guardGroup(caller, group);
        await trx.insertInto("membership").values({ account_id: id, group_id: group }).execute();
      }
    });
    return this.find(id);
  }

  /** @throws PolyvisorError `notFound`, `changedMeanwhile`, `conflict` for the last administrator */
  async change(caller: Caller, ref: string, patch: AccountPatch, ifRevision?: number): Promise<Account> {
    const account = await this.guarded(caller, ref);
    await this.#store.transaction((trx) =>
      keepingAnAdministrator(trx, async () => {
        await wantAccount(trx, account, ifRevision);
        await trx
          .updateTable("account")
          .set({
            ...(patch.displayName === undefined ? {} : { display_name: patch.displayName }),
            ...(patch.disabled === undefined ? {} : { disabled: patch.disabled }),
            revision: sql`revision + 1`,
          })
          .where("id", "=", account.id)
          .execute();
        // A disabled account comes back with nothing open; its API tokens sleep.
        if (patch.disabled) {
          await trx.deleteFrom("token").where("account_id", "=", account.id).where("use", "=", "session").execute();
          await trx.deleteFrom("sign_in_code").where("account_id", "=", account.id).execute();
        }
      }),
    );
    await this.#tokens.changed();
    return this.find(account.id);
  }

  /** Removes an account with its tokens, sessions and factors. Tasks keep its name. @throws PolyvisorError `notFound`, `changedMeanwhile`, `conflict` */
  async remove(caller: Caller, ref: string, ifRevision?: number): Promise<Account> {
    const account = await this.guarded(caller, ref);
    if (account.name === firstAccount)
      throw new PolyvisorError("conflict", {
        detail: "the account admin stays: the command line of the server's own machine comes in by it",
        remedy: "Disable it where nobody shall sign in as it from elsewhere: polyvisor account disable admin.",
      });
    await this.#store.transaction((trx) =>
      keepingAnAdministrator(trx, async () => {
        await wantAccount(trx, account, ifRevision);
        await trx.deleteFrom("account").where("id", "=", account.id).execute();
      }),
    );
    await this.#tokens.changed();
    return account;
  }

  /** An account that this caller may change: only an administrator changes one. @throws PolyvisorError `forbidden`, `notFound` */
  async guarded(caller: Caller, ref: string): Promise<Account> {
    const account = await this.find(ref);
    if (account.groups.some((each) => each.id === administratorsId)) guardGroup(caller, administratorsId);
    return account;
  }
}

/** Holds the account until the end of the transaction, as it is. @throws PolyvisorError `notFound`, `changedMeanwhile` */
async function wantAccount(trx: Transaction<Schema>, { id, name }: Account, ifRevision: number | undefined): Promise<void> {
  const row = await trx.selectFrom("account").select("revision").where("id", "=", id).forUpdate().executeTakeFirst();
  if (!row) throw new PolyvisorError("notFound", { detail: `the account ${name} was removed meanwhile` });
  wantPresent(`the account ${name}`, row.revision, ifRevision);
}

/** Only an administrator makes another one. */
export function guardGroup(caller: Caller, group: string): void {
  if (group === administratorsId && !isAdministrator(caller))
    throw new PolyvisorError("forbidden", { detail: "only an administrator makes or changes an administrator" });
}

/** A group's id by its id or name. @throws PolyvisorError `notFound` */
export async function groupId(trx: Transaction<Schema> | Store["db"], ref: string): Promise<string> {
  const rows = await trx
    .selectFrom("account_group")
    .select(["id", "name"])
    .where((eb) => eb.or([eb("id", "=", ref), eb("name", "=", ref)]))
    .execute();
  const found = rows.find((row) => row.id === ref) ?? rows[0];
  if (!found) throw new PolyvisorError("notFound", { detail: `there is no group "${ref}"`, remedy: "`polyvisor group list` shows them." });
  return found.id;
}

interface Row {
  id: string;
  name: string;
  display_name: string;
  source: AccountSource;
  provider: string | null;
  disabled: boolean;
  revision: number;
  pass_phrase_hash: string | null;
  created_at: Date;
  last_sign_in_at: Date | null;
}

function accountOf(found: Row): Account {
  const row = found as Row & { has_totp: boolean; passkeys: number; groups: Account["groups"] };
  return {
    id: row.id,
    name: row.name,
    displayName: row.display_name,
    source: row.source,
    provider: row.provider ?? undefined,
    disabled: row.disabled,
    revision: row.revision,
    hasPassPhrase: row.pass_phrase_hash !== null,
    hasTotp: row.has_totp,
    passkeys: Number(row.passkeys),
    groups: row.groups,
    createdAt: row.created_at.toISOString(),
    lastSignInAt: row.last_sign_in_at?.toISOString(),
  };
}
