import { AccountGuard } from "../../access/accountGuard.ts";
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

/** Accounts and groups. That the caller may administer them the gate has asked; whether these ones, the guard. */
export function accountHandlers({ identity, access, url }: Services): Pick<Handlers, Mine> {
  const { accounts, groups } = identity;
  const guard = new AccountGuard(access, identity);
  return {
    accountList: ({ query }) => accounts.page({ limit: query.limit, after: query.cursor }),
    async accountCreate({ caller, viewer, body }) {
      for (const group of new Set(body.groups)) await guard.group(viewer, group);
      return accounts.create(caller, body);
    },
    accountShow: ({ params }) => accounts.find(params.id),
    async accountChange({ caller, viewer, params, body, ifRevision }) {
      const { id } = await guard.account(viewer, params.id);
      return accounts.change(caller, id, body, ifRevision);
    },
    async accountRemove({ caller, viewer, params, ifRevision }) {
      const { id } = await guard.account(viewer, params.id);
      await accounts.remove(caller, id, ifRevision);
    },
    async accountCode({ viewer, params, reply }) {
      const account = await guard.account(viewer, params.id);
      const { code, expiresAt } = await identity.codes.make(account.id);
      reply.header("cache-control", "no-store");
      return { code, url: `${url()}/#sign-in=${code}`, expiresAt };
    },
    async accountReset({ viewer, params }) {
      const account = await guard.account(viewer, params.id);
      await identity.takeCredentials(account.id);
    },
    groupList: async () => ({ items: await groups.list() }),
    groupCreate: ({ body }) => groups.create(body),
    async groupGet({ params }) {
      const group = await groups.find(params.id);
      return { ...group, accounts: await groups.members(group.id) };
    },
    async groupChange({ viewer, params, body, ifRevision }) {
      const { id } = await guard.group(viewer, params.id);
      return groups.change(id, body, ifRevision);
    },
    async groupRemove({ viewer, params, ifRevision }) {
      const { id } = await guard.group(viewer, params.id);
      await groups.remove(id, ifRevision);
    },
    async memberAdd({ caller, viewer, params }) {
      const { id } = await guard.group(viewer, params.id);
      await groups.add(caller, id, params.account);
    },
    async memberRemove({ caller, viewer, params }) {
      const { id } = await guard.group(viewer, params.id);
      await groups.takeOut(caller, id, params.account);
    },
  };
}
