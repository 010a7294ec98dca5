import { permissionNames, permissions, type Permission, type PermissionLevel } from "@polyvisor/model";

const order: readonly PermissionLevel[] = ["read", "operate", "admin"];

/**
 * What a narrowed token may at most: the permissions up to a level, or those that are named. A name that is none gives nothing.
 * @param may the token's scope
 */
export function scopePermissions(may: PermissionLevel | readonly string[]): ReadonlySet<Permission> {
  if (typeof may !== "string") return new Set(permissionNames.filter((each) => may.includes(each)));
  return new Set(permissionNames.filter((each) => order.indexOf(permissions[each].level) <= order.indexOf(may)));
}
