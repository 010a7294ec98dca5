import { PolyvisorError } from "@polyvisor/model";
import type { Transaction } from "kysely";
import type { Schema } from "../store/schema.ts";
import type { Caller } from "./tokenCache.ts";

/** The group whose members may do everything; it is always there. */
export const administratorsId = "g-administrators";
/** The account of the first start, which is always there: this machine's command line comes in as it. */
export const firstAccount = "admin";

/** Whether the caller may do everything: a member of the group, by a token that is not narrowed; or this machine's own command line. */
export function isAdministrator({ use, groups, scope }: Caller): boolean {
  if (use === "local") return true;
  return groups.includes(administratorsId) && (scope === undefined || (scope.may === "admin" && scope.filter === undefined));
}

/**
 * A token that is narrowed makes nothing that reaches further than itself: no token, no code, no pass phrase, no factor.
 * @throws PolyvisorError `forbidden`
 */
export function refuseNarrowed({ scope }: Caller): void {
  if (scope !== undefined)
    throw new PolyvisorError("forbidden", {
      detail: "a token with a scope makes no credentials and changes none",
      remedy: "Sign in yourself, or use a token without a scope.",
    });
}

/**
 * Runs a change of accounts or memberships that must leave at least one administrator who is enabled and kept here:
 * one of an identity provider is gone when the provider is. Such changes wait for each other.
 * @throws PolyvisorError `conflict`
 */
export async function keepingAnAdministrator<T>(trx: Transaction<Schema>, change: () => Promise<T>): Promise<T> {
  await trx.selectFrom("account_group").select("id").where("id", "=", administratorsId).forUpdate().execute();
  const result = await change();
  const left = await trx
    .selectFrom("membership")
    .innerJoin("account", "account.id", "membership.account_id")
    .select("account.id")
    .where("membership.group_id", "=", administratorsId)
    .where("account.disabled", "=", false)
    .where("account.source", "=", "local")
    .limit(1)
    .executeTakeFirst();
  if (!left)
    throw new PolyvisorError("conflict", {
      detail: "nobody would be left who may administer Polyvisor: the last enabled local account of the group administrators stays",
      remedy: "Put another local account into the group administrators first.",
    });
  return result;
}
