import { PolyvisorError } from "@polyvisor/model";
import { sql, type Transaction } from "kysely";
import type { Store } from "../store/openStore.ts";
import type { Schema } from "../store/schema.ts";
import { groupId, guardGroup, type Accounts } from "./accounts.ts";
import { administratorsId, keepingAnAdministrator } from "./administrators.ts";
import { nameTaken, wantPresent } from "./rows.ts";
import { randomId } from "./secretText.ts";
import type { Caller, TokenCache } from "./tokenCache.ts";

/** Accounts that are given rights together. */
export interface Group {
  id: string;
  name: string;
  description: string;
  revision: number;
  members: number;
  createdAt: string;
}

export interface Member {
  id: string;
  name: string;
  /** `local`, or the identity provider that says so; the same account may be in by both. */
  via: string;
}

/** Groups and who is in them. */
export class Groups {
  readonly #store: Store;
  readonly #accounts: Accounts;
  readonly #tokens: TokenCache;

  constructor(store: Store, accounts: Accounts, tokens: TokenCache) {
    this.#store = store;
    this.#accounts = accounts;
    this.#tokens = tokens;
  }

  #query() {
    return this.#store.db
      .selectFrom("account_group")
      .selectAll("account_group")
      .select(sql<number>`(select count(distinct account_id) from membership where group_id = account_group.id)`.as("members"));
  }

  /** All of them (at most 10,000), by name. */
  async list(): Promise<Group[]> {
    return (await this.#query().orderBy("name").limit(10_000).execute()).map(groupOf);
  }

  /** By id or name. @throws PolyvisorError `notFound` */
  async find(ref: string): Promise<Group> {
    const id = await groupId(this.#store.db, ref);
    return groupOf(await this.#query().where("id", "=", id).executeTakeFirstOrThrow());
  }

  /** At most 10,000, by name. */
  async members(ref: string): Promise<Member[]> {
    const id = await groupId(this.#store.db, ref);
    return this.#store.db
      .selectFrom("membership")
      .innerJoin("account", "account.id", "membership.account_id")
      .select(["account.id", "account.name", "membership.via"])
      .where("membership.group_id", "=", id)
      .orderBy("account.name")
      .orderBy("membership.via")
      .limit(10_000)
      .execute();
  }

  /** @throws PolyvisorError `nameTaken` */
  async create(input: { name: string; description?: string | undefined }): Promise<Group> {
    const id = randomId("g");
    const made = await this.#store.db
      .insertInto("account_group")
      .values({ id, name: input.name, description: input.description ?? "" })
      .onConflict((on) => on.column("name").doNothing())
      .returning("id")
      .executeTakeFirst();
    if (!made) throw nameTaken("group", input.name);
    return this.find(id);
  }

  /** @throws PolyvisorError `notFound`, `nameTaken`, `changedMeanwhile`, `conflict` for the name of the administrators */
  async change(ref: string, patch: { name?: string | undefined; description?: string | undefined }, ifRevision?: number): Promise<Group> {
    const id = await groupId(this.#store.db, ref);
    if (id === administratorsId && patch.name !== undefined) throw built("is not renamed");
    await this.#store
      .transaction(async (trx) => {
        await wantGroup(trx, id, ref, ifRevision);
        await trx
          .updateTable("account_group")
          .set({
            ...(patch.name === undefined ? {} : { name: patch.name }),
            ...(patch.description === undefined ? {} : { description: patch.description }),
            revision: sql`revision + 1`,
          })
          .where("id", "=", id)
          .execute();
      })
      .catch((error: unknown) => {
        throw (error as { code?: string }).code === "23505" ? nameTaken("group", patch.name ?? ref) : error;
      });
    return this.find(id);
  }

  /** Removes a group; its members stay accounts. @throws PolyvisorError `notFound`, `changedMeanwhile`, `conflict` */
  async remove(ref: string, ifRevision?: number): Promise<Group> {
    const group = await this.find(ref);
    if (group.id === administratorsId) throw built("is not removed");
    await this.#store.transaction(async (trx) => {
      await wantGroup(trx, group.id, group.name, ifRevision);
      await trx.deleteFrom("account_group").where("id", "=", group.id).execute();
    });
    await this.#tokens.changed();
    return group;
  }

  /** Puts an account into a group, for good; repeating it changes nothing. */
  async add(caller: Caller, ref: string, accountRef: string): Promise<void> {
    const group = await groupId(this.#store.db, ref);
    guardGroup(caller, group);
    const account = await this.#accounts.find(accountRef);
    await this.#store.db
      .insertInto("membership")
      .values({ account_id: account.id, group_id: group })
      .onConflict((on) => on.doNothing())
      .execute();
    await this.#tokens.changed();
  }

  /** Takes an account out, where it was put in here. @throws PolyvisorError `notFound`, `conflict` where a provider says so or it is the last administrator */
  async takeOut(caller: Caller, ref: string, accountRef: string): Promise<void> {
    const group = await this.find(ref);
    guardGroup(caller, group.id);
    const account = await this.#accounts.find(accountRef);
    await this.#store.transaction((trx) =>
      keepingAnAdministrator(trx, async () => {
        const out = await trx
          .deleteFrom("membership")
          .where("account_id", "=", account.id)
          .where("group_id", "=", group.id)
          .where("via", "=", "local")
          .returning("via")
          .executeTakeFirst();
        if (out) return;
        const other = account.groups.find((each) => each.id === group.id);
        if (!other) throw new PolyvisorError("notFound", { detail: `${account.name} is not in the group ${group.name}` });
        throw new PolyvisorError("conflict", {
          detail: `${account.name} is in the group ${group.name} because the identity provider ${other.via} says so`,
          remedy: "Take it out there, or change the provider's mapping of groups.",
        });
      }),
    );
    await this.#tokens.changed();
  }
}

/** Holds the group until the end of the transaction, as it is. @throws PolyvisorError `notFound`, `changedMeanwhile` */
async function wantGroup(trx: Transaction<Schema>, id: string, name: string, ifRevision: number | undefined): Promise<void> {
  const row = await trx.selectFrom("account_group").select("revision").where("id", "=", id).forUpdate().executeTakeFirst();
  if (!row) throw new PolyvisorError("notFound", { detail: `the group ${name} was removed meanwhile` });
  wantPresent(`the group ${name}`, row.revision, ifRevision);
}

const built = (what: string): PolyvisorError => new PolyvisorError("conflict", { detail: `the group administrators is always there and ${what}` });

const groupOf = (row: { id: string; name: string; description: string; revision: number; created_at: Date; members: number }): Group => ({
  id: row.id,
  name: row.name,
  description: row.description,
  revision: row.revision,
  members: Number(row.members),
  createdAt: row.created_at.toISOString(),
});
