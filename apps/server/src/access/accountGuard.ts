import { permissions, PolyvisorError, type Permission } from "@polyvisor/model";
import type { Grant, Scope } from "@polyvisor/policy";
import { guardGroup, type Account } from "../identity/accounts.ts";
import { isAdministrator } from "../identity/administrators.ts";
import type { Group } from "../identity/groups.ts";
import type { Identity } from "../identity/identity.ts";
import type { ProviderSettings } from "../identity/providerSettings.ts";
import type { Access } from "./access.ts";
import type { Viewer } from "./viewer.ts";

/**
 * Keeps those who administer accounts from rights that they do not have: they change no account that has more than they
 * have, put nobody into a group that has, and trust no provider with such an account or group. The group administrators
 * is its members' alone (`identity/administrators.ts`).
 */
export class AccountGuard {
  readonly #access: Access;
  readonly #identity: Identity;

  constructor(access: Access, identity: Identity) {
    this.#access = access;
    this.#identity = identity;
  }

  /** An account that the caller may change, or come in as. @throws PolyvisorError `forbidden`, `notFound` */
  async account(viewer: Viewer, ref: string): Promise<Account> {
    const { caller } = viewer;
    const account = await this.#identity.accounts.guarded(caller, ref);
    if (account.id === caller.accountId && caller.scope === undefined) return account;
    const groups = [...new Set(account.groups.map(({ id }) => id))];
    this.#mustCover(viewer, `the account ${account.name}`, this.#access.rights.of(account.id, groups), "allow");
    return account;
  }

  /** A group whose members the caller may choose: its denials count too, because who leaves it is rid of them. @throws PolyvisorError `forbidden`, `notFound` */
  async group(viewer: Viewer, ref: string): Promise<Group> {
    const group = await this.#identity.groups.find(ref);
    this.#mustCover(viewer, `the group ${group.name}`, this.#access.rights.of("", [group.id]));
    return group;
  }

  /** A provider that the caller may change: whoever it vouches for comes in. @param settings that it gets @throws PolyvisorError `forbidden` */
  async provider(viewer: Viewer, name: string, settings?: ProviderSettings): Promise<void> {
    if (isAdministrator(viewer.caller)) return;
    for (const { to } of settings?.groups ?? []) {
      const group = await this.group(viewer, to);
      // A name may be mapped only, and an id is no name: who makes a group of that name later would give rights unawares.
      if (group.name !== to) throw new PolyvisorError("notFound", { detail: `there is no group called "${to}"`, where: "/settings/groups" });
      guardGroup(viewer.caller, group.id);
    }
    const { rights, store } = this.#access;
    const [accounts, groups] = await Promise.all([
      store.db
        .selectFrom("account")
        .select("id")
        .where("provider", "=", name)
        .where("id", "in", ["", ...rights.grants.filter(({ subject }) => subject.kind === "account").map(({ subject }) => subject.id)])
        .execute(),
      store.db
        .selectFrom("membership")
        .innerJoin("account", "account.id", "membership.account_id")
        .select("membership.group_id as id")
        .distinct()
        .where((eb) => eb.or([eb("account.provider", "=", name), eb("membership.via", "=", name)]))
        .execute(),
    ]);
    for (const { id } of groups) guardGroup(viewer.caller, id);
    this.#mustCover(viewer, `an account of the identity provider ${name}`, [
      ...accounts.flatMap(({ id }) => rights.of(id, [])),
      ...rights.of(
        "",
        groups.map(({ id }) => id),
      ),
    ]);
  }

  #mustCover(viewer: Viewer, what: string, grants: readonly Grant[], effect?: Grant["effect"]): void {
    if (isAdministrator(viewer.caller)) return;
    const now = this.#access.viewer(viewer.caller); // the answer of the database was waited for
    for (const grant of grants) {
      if (effect !== undefined && grant.effect !== effect) continue;
      const lacking = this.#access.rights.roles.get(grant.role)?.permissions.find((each) => !this.#has(now, each, grant.scope));
      if (lacking !== undefined)
        throw new PolyvisorError("forbidden", {
          detail: `${what} has rights that you do not have, such as ${lacking}: who administers accounts gets and gives none by that`,
          remedy: "Ask someone who has them, or an administrator.",
        });
    }
  }

  /** Whether the caller has a permission wherever a grant would give it. Where it cannot be told at a glance he has not. */
  #has(viewer: Viewer, permission: Permission, scope: Scope): boolean {
    if (permissions[permission].on === "site") return viewer.may(permission);
    if (viewer.everywhere(permission)) return true;
    if (viewer.isFiltered || !viewer.tokenMay(permission)) return false;
    const own = viewer.grants.filter(({ role }) => this.#access.rights.roles.get(role)?.permissions.includes(permission));
    return own.every(({ effect }) => effect === "allow") && own.some((grant) => this.#holds(grant.scope, scope));
  }

  #holds(wide: Scope, narrow: Scope): boolean {
    if (wide.on === "site") return true;
    if (wide.on === "folder" && narrow.on === "folder") return this.#access.rights.folders.chain(narrow.folder).includes(wide.folder);
    return JSON.stringify(wide) === JSON.stringify(narrow);
  }
}
