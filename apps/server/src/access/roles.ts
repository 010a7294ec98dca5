import { PolyvisorError, type Permission } from "@polyvisor/model";
import { builtInRoles } from "@polyvisor/policy";
import { changedMeanwhile, wantPresent } from "../identity/rows.ts";
import { randomId } from "../identity/secretText.ts";
import type { Access } from "./access.ts";
import { mustHave } from "./grants.ts";
import type { KeptRole } from "./rights.ts";
import type { Viewer } from "./viewer.ts";

const most = 1_000;

/** Roles of the site's own, beside those that every site has. */
export class Roles {
  readonly #access: Access;

  constructor(access: Access) {
    this.#access = access;
  }

  list(): KeptRole[] {
    return [...this.#access.rights.roles.values()];
  }

  /** @throws PolyvisorError `nameTaken`, `forbidden` */
  async create(viewer: Viewer, wish: { name: string; description: string; permissions: Permission[] }): Promise<KeptRole> {
    mustHave(viewer, wish.permissions);
    if (this.#access.rights.roles.size >= most) throw new PolyvisorError("tooLarge", { detail: `a site has at most ${most} roles` });
    free(wish.name);
    const id = randomId("role");
    await this.#access.store.pool
      .query("insert into role (id, name, description, permissions) values ($1, $2, $3, $4)", [id, wish.name, wish.description, [...new Set(wish.permissions)]])
      .catch(nameTaken(wish.name));
    await this.#access.changed();
    return this.#access.rights.roles.get(id)!;
  }

  /** @throws PolyvisorError `notFound`, `conflict`, `nameTaken`, `changedMeanwhile`, `forbidden` */
  async change(
    viewer: Viewer,
    ref: string,
    patch: { name?: string | undefined; description?: string | undefined; permissions?: Permission[] | undefined },
    ifRevision?: number,
  ): Promise<KeptRole> {
    const role = this.#own(ref);
    const after = patch.permissions ?? role.permissions;
    mustHave(viewer, [...after.filter((each) => !role.permissions.includes(each)), ...role.permissions.filter((each) => !after.includes(each))]);
    if (patch.name !== undefined) free(patch.name);
    const changed = await this.#access.store.pool
      .query("update role set name = $2, description = $3, permissions = $4, revision = revision + 1 where id = $1 and revision = $5", [
        role.id,
        patch.name ?? role.name,
        patch.description ?? role.description,
        [...new Set(after)],
        ifRevision ?? role.revision,
      ])
      .catch(nameTaken(patch.name ?? role.name));
    await this.#access.changed();
    if (changed.rowCount === 0) throw changedMeanwhile(`the role ${role.name}`, this.#access.rights.roles.get(role.id)?.revision);
    return this.#access.rights.roles.get(role.id)!;
  }

  /** @throws PolyvisorError `notFound`, `conflict`, `changedMeanwhile` */
  async remove(ref: string, ifRevision?: number): Promise<void> {
    const role = this.#own(ref);
    const { rowCount } = await this.#access.store.pool.query(
      "delete from role where id = $1 and ($2::bigint is null or revision = $2) and not exists (select 1 from permission_grant where role_id = $1)",
      [role.id, ifRevision ?? null],
    );
    await this.#access.changed();
    if (rowCount === 0) wantPresent(`the role ${role.name}`, this.#access.rights.roles.get(role.id)?.revision, ifRevision);
    if (rowCount === 0)
      throw new PolyvisorError("conflict", { detail: `grants have the role ${role.name}`, remedy: "Take them back first: polyvisor permission list." });
  }

  #own(ref: string): KeptRole {
    const role = this.#access.rights.role(ref);
    if (!role) throw new PolyvisorError("notFound", { detail: `there is no role "${ref.slice(0, 64)}"` });
    if (role.builtIn)
      throw new PolyvisorError("conflict", {
        detail: `the role ${role.name} is one that every site has`,
        remedy: "Make one of your own: polyvisor role create.",
      });
    return role;
  }
}

function free(name: string): void {
  if (builtInRoles.some((role) => role.name === name)) throw new PolyvisorError("nameTaken", { detail: `there is a role "${name}" already` });
}

const nameTaken = (name: string) => (error: unknown) => {
  throw (error as { code?: string }).code === "23505" ? new PolyvisorError("nameTaken", { detail: `there is a role "${name}" already` }) : error;
};
