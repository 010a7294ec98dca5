import { permissionNames, type Permission } from "@polyvisor/model";
import { builtInRoles, type Grant, type Role, type Scope } from "@polyvisor/policy";
import type pg from "pg";
import { FolderTree } from "./folderTree.ts";
import { readSelector, type Selector } from "./selectors.ts";

export interface KeptRole extends Role {
  description: string;
  builtIn: boolean;
  revision: number;
}
export interface KeptGrant extends Grant {
  by?: string | undefined;
  createdAt: string;
}

/** The grant that every site has: it can neither be taken back nor denied. */
export const builtInGrant = "grant-administrators";

/** Roles, grants and folders as they were read at one moment; never changed in place. */
export class Rights {
  readonly roles: ReadonlyMap<string, KeptRole>;
  readonly grants: readonly KeptGrant[];
  readonly folders: FolderTree;
  /** By the text of their grants. */
  readonly selectors: ReadonlyMap<string, Selector>;
  readonly #bySubject = new Map<string, KeptGrant[]>();

  constructor(roles: readonly KeptRole[], grants: readonly KeptGrant[], folders: FolderTree) {
    this.roles = new Map([...builtInRoles.map((role) => ({ ...role, builtIn: true, revision: 1 })), ...roles].map((role) => [role.id, role]));
    this.folders = folders;
    const selectors = new Map<string, Selector>();
    this.grants = grants.flatMap((grant) => readable(grant, selectors));
    for (const grant of this.grants) {
      const { subject } = grant;
      const key = `${subject.kind} ${subject.id}`;
      const known = this.#bySubject.get(key);
      if (known) known.push(grant);
      else this.#bySubject.set(key, [grant]);
    }
    this.selectors = selectors;
  }

  /** Grants of an account and of the groups it is in. */
  of(account: string, groups: readonly string[]): KeptGrant[] {
    return [...(this.#bySubject.get(`account ${account}`) ?? []), ...groups.flatMap((group) => this.#bySubject.get(`group ${group}`) ?? [])];
  }

  /** A role by id or name. */
  role(ref: string): KeptRole | undefined {
    return this.roles.get(ref) ?? [...this.roles.values()].find((role) => role.name === ref);
  }
}

/** A selector that only a newer server can read allows nothing here, and denies everywhere. */
function readable(grant: KeptGrant, selectors: Map<string, Selector>): KeptGrant[] {
  if (grant.scope.on !== "selector" || selectors.has(grant.scope.selector)) return [grant];
  try {
    selectors.set(grant.scope.selector, readSelector(grant.scope.selector, "selector"));
    return [grant];
  } catch {
    return grant.effect === "allow" ? [] : [{ ...grant, scope: { on: "site" } }];
  }
}

interface GrantRow {
  id: string;
  role_id: string;
  account_id: string | null;
  group_id: string | null;
  scope_on: Scope["on"];
  scope: string;
  effect: "allow" | "deny";
  by_account: string | null;
  created_at: Date;
}

export const scopeOf = (on: Scope["on"], text: string): Scope => (on === "site" ? { on } : ({ on, [on]: text } as unknown as Scope));
export const scopeText = (scope: Scope): string => (scope.on === "site" ? "" : (scope as unknown as Record<string, string>)[scope.on]!);

/** Reads all of them, in one view of the database. */
export async function readRights(pool: pg.Pool): Promise<Rights> {
  const client = await pool.connect();
  let broken = true;
  try {
    const answers = (await client.query(
      `begin isolation level repeatable read read only;
       select id, name, description, permissions, revision from role order by name;
       select id, role_id, account_id, group_id, scope_on, scope, effect, by_account, created_at from permission_grant order by created_at, id;
       select id, parent_id, name, revision from folder;
       commit`,
    )) as unknown as pg.QueryResult[];
    broken = false;
    const roles = answers[1]!.rows as { id: string; name: string; description: string; permissions: string[]; revision: number }[];
    const folders = answers[3]!.rows as { id: string; parent_id: string | null; name: string; revision: number }[];
    return new Rights(
      // A permission of a newer server's is none of this one's.
      roles.map((row) => ({ ...row, permissions: permissionNames.filter((each: Permission) => row.permissions.includes(each)), builtIn: false })),
      (answers[2]!.rows as GrantRow[]).map((row) => ({
        id: row.id,
        role: row.role_id,
        subject: row.account_id === null ? { kind: "group", id: row.group_id! } : { kind: "account", id: row.account_id },
        scope: scopeOf(row.scope_on, row.scope),
        effect: row.effect,
        by: row.by_account ?? undefined,
        createdAt: row.created_at.toISOString(),
      })),
      new FolderTree(folders.map((row) => ({ id: row.id, parent: row.parent_id ?? undefined, name: row.name, revision: row.revision }))),
    );
  } finally {
    client.release(broken);
  }
}
