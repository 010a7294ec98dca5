import type { Permission } from "@polyvisor/model";
import type { Asker, Effect, Grant, ObjectFacts, Role, Scope, Subject } from "./grant.ts";

/** One grant that speaks to the question. */
export interface Reason {
  grant: string;
  effect: Effect;
  role: string;
  /** By which the asker has it: the account itself, or one of its groups. */
  subject: Subject;
  scope: Scope;
}

/** `reasons`: every grant that speaks to it, denials first; none means that nobody ever gave it. */
export interface Verdict {
  allowed: boolean;
  reasons: Reason[];
}

/** Whether a scope holds an object; without one the question is about the site. */
export function covers(scope: Scope, object: ObjectFacts | undefined): boolean {
  switch (scope.on) {
    case "site":
      return true;
    case "folder":
      return object?.folders.includes(scope.folder) ?? false;
    case "tag":
      return object?.tags.includes(scope.tag) ?? false;
    case "selector":
      return object?.selectors.includes(scope.selector) ?? false;
    case "object":
      return object?.ids.includes(scope.object) ?? false;
  }
}

export const isFor = (subject: Subject, asker: Asker): boolean =>
  subject.kind === "account" ? subject.id === asker.account : asker.groups.includes(subject.id);

/**
 * Whether the asker has a permission on an object, or on the site where there is none. A denial wins over every
 * allowance; without any grant there is no permission. The order of grants does not count.
 */
export function judge(
  asker: Asker,
  permission: Permission,
  object: ObjectFacts | undefined,
  grants: Iterable<Grant>,
  roles: ReadonlyMap<string, Role>,
): Verdict {
  const reasons: Reason[] = [];
  for (const { id, role, subject, scope, effect } of grants) {
    if (!isFor(subject, asker) || !covers(scope, object)) continue;
    if (roles.get(role)?.permissions.includes(permission)) reasons.push({ grant: id, effect, role, subject, scope });
  }
  reasons.sort((a, b) => (a.effect === b.effect ? (a.grant < b.grant ? -1 : 1) : a.effect === "deny" ? -1 : 1));
  return { allowed: reasons[0]?.effect === "allow", reasons };
}
