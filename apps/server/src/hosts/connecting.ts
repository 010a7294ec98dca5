import type { Claim } from "../events/claim.ts";
import type { Draft } from "../events/draft.ts";

/**
 * Says of hosts that this server is connecting to them from now on.
 * @param told `lastSeen`: when the server before this one was last known to run
 */
export function connecting(
  draft: Draft,
  claims: readonly Claim[],
  { since, cause, lastSeen }: { since: string; cause: string; lastSeen: string | undefined },
): void {
  for (const claim of claims) {
    const host = draft.get("host", claim.id);
    if (!host || claim.lost || host.connection.state === "disabled") continue;
    draft.under(claim);
    const was = host.connection;
    draft.put(
      {
        ...host,
        revision: host.revision + 1,
        connection: { state: "connecting", since, lastSeen: was.state === "connected" ? (lastSeen ?? was.lastSeen) : was.lastSeen },
      },
      { type: "changed", fields: ["connection"], cause },
    );
  }
}
