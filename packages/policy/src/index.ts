export { conferred } from "./conferred.ts";
export type { Asker, Effect, Grant, ObjectFacts, Role, Scope, Subject } from "./grant.ts";
export { covers, judge, type Reason, type Verdict } from "./judge.ts";
export { administratorRole, builtInRoles } from "./roles.ts";
export { scopePermissions } from "./tokenScope.ts";
