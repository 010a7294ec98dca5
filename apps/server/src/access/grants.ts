import { kindOfId, permissions, PolyvisorError, type Permission } from "@polyvisor/model";
import { administratorRole, type Effect, type Scope, type Subject } from "@polyvisor/policy";
import type { EstateKind, EstateObject } from "../controlPlane.ts";
import { administratorsId } from "../identity/administrators.ts";
import type { Identity } from "../identity/identity.ts";
import { randomId } from "../identity/secretText.ts";
import type { Access } from "./access.ts";
import { noFolder } from "./folderTree.ts";
import { builtInGrant, scopeText, type KeptGrant } from "./rights.ts";
import { readSelector } from "./selectors.ts";
import type { Viewer } from "./viewer.ts";

export interface GrantWish {
  role: string;
  account?: string | undefined;
  group?: string | undefined;
  on: { site?: true | undefined; folder?: string | undefined; tag?: string | undefined; selector?: string | undefined; object?: string | undefined };
  effect: Effect;
}
type NamedSubject = Subject & { name: string };

const most = 10_000;

/** Grants: who makes them, and how they are shown. */
export class Grants {
  readonly #access: Access;
  readonly #identity: Identity;

  constructor(access: Access, identity: Identity) {
    this.#access = access;
    this.#identity = identity;
  }

  async list() {
    const named = await this.#names(this.#access.rights.grants);
    return this.#access.rights.grants.map((grant) => this.#shown(grant, named(grant.subject)));
  }

  /**
   * Nobody gives or denies by a role what he does not have himself on the whole site.
   * @throws PolyvisorError `badRequest`, `notFound`, `forbidden`, `conflict`
   */
  async create(viewer: Viewer, wish: GrantWish) {
    const { rights } = this.#access;
    const role = rights.role(wish.role);
    if (!role) throw new PolyvisorError("notFound", { detail: `there is no role "${wish.role.slice(0, 64)}"`, remedy: "`polyvisor role list` shows them." });
    mustHave(viewer, role.permissions);
    const subject = await this.#subject(wish);
    const scope = this.#scope(wish.on);
    const reaches = role.permissions.some((permission) => permissions[permission].on === "site");
    if (scope.on !== "site" && role.id !== administratorRole && reaches && role.permissions.every((permission) => permissions[permission].on === "site"))
      throw new PolyvisorError("badRequest", {
        detail: `all that the role ${role.name} has is about the site as a whole`,
        where: "/on",
        remedy: "Grant it on the site.",
      });
    if (wish.effect === "deny" && subject.kind === "group" && subject.id === administratorsId)
      throw new PolyvisorError("conflict", { detail: "the group administrators is denied nothing: nobody would be left who could undo it" });
    if (rights.grants.length >= most) throw new PolyvisorError("tooLarge", { detail: `a site has at most ${most} grants` });
    const same = rights.grants.find(
      (each) =>
        each.role === role.id &&
        each.effect === wish.effect &&
        each.subject.kind === subject.kind &&
        each.subject.id === subject.id &&
        JSON.stringify(each.scope) === JSON.stringify(scope),
    );
    if (same) return this.#shown(same, subject);
    const grant: KeptGrant = {
      id: randomId("grant"),
      role: role.id,
      subject,
      scope,
      effect: wish.effect,
      by: viewer.caller.account,
      createdAt: new Date().toISOString(),
    };
    await this.#access.store.pool.query(
      "insert into permission_grant (id, role_id, account_id, group_id, scope_on, scope, effect, by_account, created_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
      [
        grant.id,
        role.id,
        subject.kind === "account" ? subject.id : null,
        subject.kind === "group" ? subject.id : null,
        scope.on,
        scopeText(scope),
        wish.effect,
        grant.by,
        grant.createdAt,
      ],
    );
    await this.#access.changed();
    return this.#shown(grant, subject);
  }

  /** @throws PolyvisorError `notFound`, `forbidden`, `conflict` for the one that every site has */
  async remove(viewer: Viewer, id: string): Promise<void> {
    const grant = this.#access.rights.grants.find((each) => each.id === id);
    if (!grant) throw new PolyvisorError("notFound", { detail: `there is no grant "${id.slice(0, 64)}"` });
    if (grant.id === builtInGrant)
      throw new PolyvisorError("conflict", { detail: "the group administrators stays administrator of the site: nobody would be left who could undo it" });
    mustHave(viewer, this.#access.rights.roles.get(grant.role)?.permissions ?? []);
    await this.#access.store.pool.query("delete from permission_grant where id = $1", [id]);
    await this.#access.changed();
  }

  /** Subjects by name. */
  async #names(grants: readonly { subject: Subject }[]): Promise<(subject: Subject) => NamedSubject> {
    const of = (kind: Subject["kind"]): string[] => [...new Set(grants.filter(({ subject }) => subject.kind === kind).map(({ subject }) => subject.id))];
    const { rows } = await this.#access.store.pool.query<{ id: string; name: string }>(
      "select id, name from account where id = any($1) union all select id, name from account_group where id = any($2)",
      [of("account"), of("group")],
    );
    const names = new Map(rows.map(({ id, name }) => [id, name]));
    return (subject) => ({ ...subject, name: names.get(subject.id) ?? subject.id });
  }

  /** Reasons of a verdict with the names in them. */
  async explained(reasons: readonly { grant: string; effect: Effect; role: string; subject: Subject; scope: Scope }[]) {
    const named = await this.#names(reasons);
    return reasons.map((reason) => ({
      ...reason,
      role: this.#access.rights.roles.get(reason.role)?.name ?? reason.role,
      subject: named(reason.subject),
      scope: this.#shownScope(reason.scope),
    }));
  }

  /** What a question about permissions is about: an id, KIND/NAME, or a folder's path; only what the caller sees. */
  object(viewer: Viewer, ref: string): EstateObject {
    const [, kind, name] = /^(vm|host|datastore|network)\/(.+)$/s.exec(ref) ?? [];
    const of = kindOfId(ref);
    if (kind === undefined && (of === undefined || of === "task"))
      throw new PolyvisorError("badRequest", { detail: "name an object by its id or as KIND/NAME, like vm/web1", where: "query object" });
    return viewer.estate.find((kind ?? of) as EstateKind, name ?? ref) as EstateObject;
  }

  #shown(grant: KeptGrant, subject: NamedSubject) {
    return {
      ...grant,
      role: this.#access.rights.roles.get(grant.role)?.name ?? grant.role,
      subject,
      scope: this.#shownScope(grant.scope),
      builtIn: grant.id === builtInGrant,
    };
  }

  #shownScope(scope: Scope) {
    const { folders, selectors } = this.#access.rights;
    if (scope.on === "folder") return { ...scope, path: folders.byId.has(scope.folder) ? folders.path(scope.folder) : undefined };
    return scope.on === "selector" ? { on: scope.on, kind: selectors.get(scope.selector)?.kind ?? ("vm" as const), filter: scope.selector } : scope;
  }

  async #subject({ account, group }: GrantWish): Promise<NamedSubject> {
    if ((account === undefined) === (group === undefined))
      throw new PolyvisorError("badRequest", { detail: "say whose: either `account` or `group`", where: "the body" });
    if (account === undefined) {
      const { id, name } = await this.#identity.groups.find(group!);
      return { kind: "group", id, name };
    }
    const { id, name } = await this.#identity.accounts.find(account);
    return { kind: "account", id, name };
  }

  #scope(on: GrantWish["on"]): Scope {
    const said = Object.entries(on).filter(([, value]) => value !== undefined);
    if (said.length !== 1) throw new PolyvisorError("badRequest", { detail: "say where: one of site, folder, tag, selector and object", where: "/on" });
    if (on.folder !== undefined) {
      const folder = this.#access.rights.folders.lookUp(on.folder);
      if (!folder) throw noFolder(on.folder);
      return { on: "folder", folder: folder.id };
    }
    if (on.tag !== undefined) return { on: "tag", tag: on.tag };
    if (on.selector !== undefined) {
      readSelector(on.selector, "/on/selector");
      return { on: "selector", selector: on.selector };
    }
    if (on.object === undefined) return { on: "site" };
    const kind = kindOfId(on.object);
    if (kind === undefined || kind === "task" || !this.#access.estate.get(kind, on.object))
      throw new PolyvisorError("notFound", { detail: `there is no object with the id "${on.object.slice(0, 64)}"`, where: "/on/object" });
    return { on: "object", object: on.object };
  }
}

/** @throws PolyvisorError `forbidden` */
export function mustHave(viewer: Viewer, wanted: readonly Permission[]): void {
  const lacking = wanted.find((permission) => !viewer.may(permission));
  if (lacking !== undefined)
    throw new PolyvisorError("forbidden", { detail: `a role may only have permissions that you have on the whole site yourself; you lack ${lacking}` });
}
