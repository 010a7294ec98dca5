import { routePaths, type RouteName } from "@polyvisor/api";
import { PolyvisorError } from "@polyvisor/model";

/** Writes that look at If-Match in the same transaction: with another revision they change nothing. */
export const takesIfMatch: ReadonlySet<RouteName> = new Set<RouteName>([
  "hostChange",
  "hostRemove",
  "vmChange",
  "accountChange",
  "accountRemove",
  "groupChange",
  "groupRemove",
  "identityProviderPut",
  "identityProviderRemove",
  "roleChange",
  "roleRemove",
  "folderChange",
  "folderRemove",
  "historyRetentionSet",
]);

/** Why the other writes to something that is there need none: a test knows them all. */
export const needsNoIfMatch: Partial<Record<RouteName, string>> = {
  sessionDelete: "a session never changes",
  sessionRevoke: "a session never changes",
  tokenDelete: "a token never changes",
  grantRemove: "a grant never changes",
  passkeyRemove: "a passkey never changes",
  totpConfirm: "the code is of the secret that was given",
  accountPassPhrase: "the present pass phrase is asked for",
  accountReset: "whatever is there is taken away",
  memberAdd: "one member at a time: nothing of others is overwritten",
  memberRemove: "one member at a time: nothing of others is overwritten",
  volumeWrite: "content has no revision",
  logLevelsSet: "it is one server's, and answers with what is then",
};

/**
 * A condition that would not be looked at must not look as if it were.
 * @throws PolyvisorError `badRequest`
 */
export function refuseIfMatch(route: RouteName, header: string | undefined): void {
  if (header === undefined || routePaths[route][0] === "GET" || takesIfMatch.has(route)) return;
  const why = needsNoIfMatch[route];
  throw new PolyvisorError("badRequest", {
    detail: `this route takes no If-Match${why === undefined ? "" : `: ${why}`}`,
    where: "header If-Match",
    remedy: route === "taskCreate" || route === "taskRetry" ? "Name the revisions of the objects as `ifRevisions` in the body." : "Send it without If-Match.",
  });
}
