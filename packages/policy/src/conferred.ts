import { permissionNames, type Permission } from "@polyvisor/model";
import type { Grant, ObjectFacts, Role } from "./grant.ts";
import { covers } from "./judge.ts";

/**
 * Permissions on an object that anybody could gain when its facts change: those of allowances that begin to hold it,
 * and of denials that cease to. Who makes the change must have them himself, else tags and folders were a way to
 * give rights away that one does not have.
 * @param before absent where it does not exist yet
 */
export function conferred(before: ObjectFacts | undefined, after: ObjectFacts, grants: Iterable<Grant>, roles: ReadonlyMap<string, Role>): Permission[] {
  const nothing: ObjectFacts = { ids: [], folders: [], tags: [], selectors: [] };
  const out = new Set<Permission>();
  for (const { role, scope, effect } of grants) {
    const did = covers(scope, before ?? nothing);
    const does = covers(scope, after);
    if (effect === "allow" ? does && !did : did && !does) for (const each of roles.get(role)?.permissions ?? []) out.add(each);
  }
  return permissionNames.filter((each) => out.has(each));
}
