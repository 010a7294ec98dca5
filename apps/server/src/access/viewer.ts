import type { CheckedFilter, FilterKind } from "@polyvisor/api";
import { permissions, PolyvisorError, type Permission } from "@polyvisor/model";
import { conferred, judge, scopePermissions, type Grant, type ObjectFacts, type Scope, type Verdict } from "@polyvisor/policy";
import type { EstateKind, EstateObject } from "../controlPlane.ts";
import type { Bits } from "../estate/bits.ts";
import type { Estate } from "../estate/estate.ts";
import type { ObjectTable } from "../estate/objectTable.ts";
import { select } from "../estate/selection.ts";
import type { Caller } from "../identity/tokenCache.ts";
import { SeenEstate, viewOf } from "./seenEstate.ts";
import { readScopeFilter } from "./selectors.ts";
import type { Rights } from "./rights.ts";

/** Nothing to go by but the folder. */
export const inFolder = (rights: Rights, folder: string | undefined): ObjectFacts => ({
  ids: [],
  folders: rights.folders.chain(folder),
  tags: [],
  selectors: [],
});

/**
 * What one caller may, by the grants of his account and groups, within the scope of his token. Sets of objects are
 * put together from the indexes of tags, folders and hosts: what they cost does not depend on what he may not see.
 */
export class Viewer {
  readonly caller: Caller;
  readonly rights: Rights;
  /** Of the caller only. */
  readonly grants: readonly Grant[];
  readonly #all: Estate;
  readonly #scope: ReadonlySet<Permission> | undefined;
  readonly #scopeFilter: ReadonlyMap<FilterKind, CheckedFilter> | undefined;
  readonly #seen: SeenEstate;

  constructor(caller: Caller, rights: Rights, estate: Estate) {
    this.caller = caller;
    this.rights = rights;
    this.grants = rights.of(caller.accountId, caller.groups);
    this.#all = estate;
    this.#scope = caller.scope && scopePermissions(caller.scope.may);
    this.#scopeFilter = caller.scope?.filter === undefined ? undefined : readScopeFilter(caller.scope.filter);
    this.#seen = new SeenEstate(this, estate);
  }

  /** The estate as the caller sees it. */
  get estate(): Estate | SeenEstate {
    return this.seesAll ? this.#all : this.#seen;
  }

  /** Whether nothing of the estate is hidden. */
  get seesAll(): boolean {
    return (["vm", "host", "datastore", "network"] as const).every((kind) => this.everywhere(viewOf[kind]));
  }

  /** Whether whatever is there is allowed: no need to look at single objects. */
  everywhere(permission: Permission): boolean {
    if (!this.tokenMay(permission) || this.#scopeFilter) return false;
    if (this.#isLocal) return true;
    const speaking = this.#speaking(permission);
    return speaking.some(({ scope }) => scope.on === "site") && speaking.every(({ effect }) => effect === "allow");
  }

  /** Whether the token is not narrowed below it; says nothing of the account. */
  tokenMay(permission: Permission): boolean {
    return this.#scope?.has(permission) ?? true;
  }

  /** Whether the token is narrowed to some objects. */
  get isFiltered(): boolean {
    return this.#scopeFilter !== undefined;
  }

  /** Slots of the objects of a kind on which he has a permission; undefined where it is all of them. */
  bits(kind: EstateKind, permission: Permission): Bits | undefined {
    if (this.everywhere(permission)) return undefined;
    const table = this.#all.tables[kind] as ObjectTable<EstateKind>;
    if (!this.tokenMay(permission)) return table.none();
    let bits = table.none();
    if (this.#isLocal) bits = table.all();
    else {
      const speaking = this.#speaking(permission);
      for (const { scope, effect } of speaking) if (effect === "allow") this.#hold(scope, kind, bits);
      const denied = speaking.filter(({ effect }) => effect === "deny");
      if (denied.length > 0) {
        const out = table.none();
        for (const { scope } of denied) this.#hold(scope, kind, out);
        bits.without(out);
      }
    }
    if (this.#scopeFilter) {
      const filter = this.#scopeFilter.get(kind);
      bits.and(filter ? select(table, filter, this.#all, bits) : table.none());
    }
    return bits;
  }

  /** On an object, or on the site where there is none. */
  may(permission: Permission, object?: EstateObject): boolean {
    if (this.everywhere(permission)) return true;
    if (!this.tokenMay(permission) || !this.#inScope(object)) return false;
    return this.#isLocal || judge(this.#asker, permission, object && this.factsOf(object), this.grants, this.rights.roles).allowed;
  }

  /** On something that is known by its facts only: a folder, or what does not exist yet. */
  mayOn(permission: Permission, facts: ObjectFacts): boolean {
    if (!this.tokenMay(permission) || this.#scopeFilter) return false;
    return this.#isLocal || judge(this.#asker, permission, facts, this.grants, this.rights.roles).allowed;
  }

  /** With the grants that decide. */
  verdict(permission: Permission, facts: ObjectFacts | undefined): Verdict {
    return judge(this.#asker, permission, facts, this.grants, this.rights.roles);
  }

  sees(object: EstateObject): boolean {
    return this.may(viewOf[object.kind], object);
  }

  /** For what looks at everything there was: what single objects would be left out of it could be counted. @throws PolyvisorError `forbidden` */
  mustSeeAll(kind: EstateKind): void {
    for (const permission of [viewOf[kind], "history.view"] as const)
      if (!this.everywhere(permission))
        throw new PolyvisorError("forbidden", {
          detail: `the past of all ${kind}s is for who has ${permission} everywhere`,
          remedy: "Ask for the history of a single object that you see.",
        });
  }

  /** @throws PolyvisorError `forbidden` */
  must(permission: Permission, object?: EstateObject): void {
    if (!this.may(permission, object)) throw this.lacks(permission, object && `"${object.name}"`);
  }

  /** What he is told who lacks a permission on what he sees. */
  lacks(permission: Permission, on: string | undefined): PolyvisorError {
    return new PolyvisorError("forbidden", {
      detail: `you lack the permission ${permission}${on === undefined ? "" : ` on ${on}`}${this.tokenMay(permission) ? "" : ", because your token is narrowed"}: ${permissions[permission].means}`,
    });
  }

  /**
   * Refuses a change of what grants go by (tags, folder, name) that would give anybody a permission on the object that
   * the caller lacks there, or that would take it out of the caller's own hands.
   * @throws PolyvisorError `forbidden`
   */
  mustNotWiden(organise: Permission, before: EstateObject, after: EstateObject): void {
    if (this.#isLocal && !this.caller.scope) return;
    const given = conferred(this.factsOf(before, "all"), this.factsOf(after, "all"), this.rights.grants, this.rights.roles);
    const lacking = given.find((each) => permissions[each].on !== "site" && !this.may(each, before));
    if (lacking !== undefined)
      throw new PolyvisorError("forbidden", {
        detail: `that would give rights on "${after.name}" that you do not have on it yourself, such as ${lacking}`,
        remedy: "Ask someone who has them to do it.",
      });
    if (this.may(organise, before) && !this.may(organise, after))
      throw new PolyvisorError("forbidden", {
        detail: `that would put "${after.name}" where you have no ${organise}: what you move stays yours to move`,
        remedy: "Ask someone who administers both places.",
      });
  }

  /** What grants go by. @param whose selectors are tried: those of the caller's grants, or all */
  factsOf(object: EstateObject, whose: "own" | "all" = "own"): ObjectFacts {
    const { folders } = this.rights;
    const place = object.kind === "vm" || object.kind === "host" ? object : this.#all.get("host", object.hostId);
    const isPart = object.kind === "datastore" || object.kind === "network";
    const selectors = new Set<string>();
    for (const { scope } of whose === "own" ? this.grants : this.rights.grants) {
      if (scope.on !== "selector" || selectors.has(scope.selector)) continue;
      const { kind, filter } = this.rights.selectors.get(scope.selector)!;
      if (kind === object.kind ? this.#all.fits(object, filter) : kind === "host" && isPart && place !== undefined && this.#all.fits(place, filter))
        selectors.add(scope.selector);
    }
    return {
      ids: isPart ? [object.id, object.hostId] : [object.id],
      folders: folders.chain(place?.folder),
      tags: place?.tags ?? [],
      selectors: [...selectors],
    };
  }

  /** What the answer to any question depends on, but for the objects: two that are the same see the same. */
  fingerprint(): string {
    const roles = this.grants.map(({ role }) => this.rights.roles.get(role)?.permissions);
    const folders = this.grants.map(({ scope }) => (scope.on === "folder" ? this.rights.folders.within(scope.folder) : 0));
    return JSON.stringify([this.#isLocal, this.caller.account, this.grants, roles, folders, this.caller.scope]);
  }

  get #isLocal(): boolean {
    return this.caller.use === "local";
  }

  get #asker(): { account: string; groups: readonly string[] } {
    return { account: this.caller.accountId, groups: this.caller.groups };
  }

  #speaking(permission: Permission): Grant[] {
    return this.grants.filter(({ role }) => this.rights.roles.get(role)?.permissions.includes(permission));
  }

  #inScope(object: EstateObject | undefined): boolean {
    if (!this.#scopeFilter) return true;
    const filter = object && this.#scopeFilter.get(object.kind);
    return filter !== undefined && this.#all.fits(object!, filter);
  }

  /** Adds the slots of a kind that a scope holds. */
  #hold(scope: Scope, kind: EstateKind, bits: Bits): void {
    const { tables } = this.#all;
    const table = tables[kind] as ObjectTable<EstateKind>;
    const isPart = kind === "datastore" || kind === "network";
    switch (scope.on) {
      case "site":
        bits.or(table.all().words);
        return;
      case "object": {
        const slot = table.slotOf(scope.object);
        if (slot !== undefined) bits.add(slot);
        if (isPart) table.byHost.into(scope.object, bits);
        return;
      }
      case "selector": {
        const { kind: of, filter } = this.rights.selectors.get(scope.selector)!;
        if (of === kind) bits.or(select(table, filter, this.#all).words);
        else if (isPart && of === "host") this.#holdOn(select(tables.host, filter, this.#all), kind, bits);
        return;
      }
    }
    const index = tables[kind === "vm" ? "vm" : "host"].indexes[scope.on]!;
    const held = isPart ? tables.host.none() : bits;
    if (scope.on === "tag") index.into(scope.tag, held);
    else for (const folder of this.rights.folders.within(scope.folder)) index.into(folder, held);
    if (isPart) this.#holdOn(held, kind, bits);
  }

  /** Adds the slots of what is on hosts. */
  #holdOn(hosts: Bits, kind: "datastore" | "network", bits: Bits): void {
    const { tables } = this.#all;
    for (const slot of hosts) tables[kind].byHost.into(tables.host.idOf(slot), bits);
  }
}
