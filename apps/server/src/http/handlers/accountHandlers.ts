import { PolyvisorError } from "@polyvisor/model";
import { isAdministrator } from "../../identity/administrators.ts";
import type { Caller } from "../../identity/tokenCache.ts";
import type { Handlers, Services } from "../handler.ts";

type Mine =
  | "accountList"
  | "accountCreate"
  | "accountShow"
  | "accountChange"
  | "accountRemove"
  | "accountCode"
  | "accountReset"
  | "groupList"
  | "groupCreate"
  | "groupGet"
  | "groupChange"
  | "groupRemove"
  | "memberAdd"
  | "memberRemove";

/** @throws PolyvisorError `forbidden` for who is no administrator */
export function administratorsOnly(caller: Caller): void {
  if (!isAdministrator(caller)) throw new PolyvisorError("forbidden", { detail: "only administrators may do this" });
}

/** Accounts and groups. */
export function accountHandlers({ identity, url }: Services): Pick<Handlers, Mine> {
  const { accounts, groups } = identity;
  return {
    async accountList({ caller, query }) {
      administratorsOnly(caller);
      return accounts.page({ limit: query.limit, after: query.cursor });
    },
    async accountCreate({ caller, body }) {
      administratorsOnly(caller);
      return accounts.create(caller, body);
    },
    async accountShow({ caller, params }) {
      administratorsOnly(caller);
      return accounts.find(params.id);
    },
    async accountChange({ caller, params, body, ifRevision }) {
      administratorsOnly(caller);
      return accounts.change(caller, params.id, body, ifRevision);
    },
    async accountRemove({ caller, params, ifRevision }) {
      administratorsOnly(caller);
      await accounts.remove(caller, params.id, ifRevision);
    },
    async accountCode({ caller, params, reply }) {
      administratorsOnly(caller);
      const account = await accounts.guarded(caller, params.id);
      const { code, expiresAt } = await identity.codes.make(account.id);
      reply.header("cache-control", "no-store");
      return { code, url: `${url()}/#sign-in=${code}`, expiresAt };
    },
    async accountReset({ caller, params }) {
      administratorsOnly(caller);
      const account = await accounts.guarded(caller, params.id);
      await identity.takeCredentials(account.id);
    },
    async groupList({ caller }) {
      administratorsOnly(caller);
      return { items: await groups.list() };
    },
    async groupCreate({ caller, body }) {
      administratorsOnly(caller);
      return groups.create(body);
    },
    async groupGet({ caller, params }) {
      administratorsOnly(caller);
      const group = await groups.find(params.id);
      return { ...group, accounts: await groups.members(group.id) };
    },
    async groupChange({ caller, params, body, ifRevision }) {
      administratorsOnly(caller);
      return groups.change(params.id, body, ifRevision);
    },
    async groupRemove({ caller, params, ifRevision }) {
      administratorsOnly(caller);
      await groups.remove(params.id, ifRevision);
    },
    async memberAdd({ caller, params }) {
      administratorsOnly(caller);
      await groups.add(caller, params.id, params.account);
    },
    async memberRemove({ caller, params }) {
      administratorsOnly(caller);
      await groups.takeOut(caller, params.id, params.account);
    },
  };
}
