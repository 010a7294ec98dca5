import type { Claim } from "../events/claim.ts";
import type { Draft } from "../events/draft.ts";
import type { Journal } from "../events/journal.ts";
import { pieceSize } from "../events/prepare.ts";

interface Told {
  since: string;
  cause: string;
  /** When the server before this one was last known to run. */
  lastSeen: string | undefined;
}

/** Says of hosts that this server is connecting to them from now on; of many in pieces, so that they are no endless transaction. */
export async function tellConnecting(journal: Pick<Journal, "write">, claims: readonly Claim[], told: Told): Promise<void> {
  const pieces: Promise<void>[] = [];
  for (let i = 0; i < claims.length; i += pieceSize) {
    const piece = claims.slice(i, i + pieceSize);
    pieces.push(journal.write((draft) => connecting(draft, piece, told)));
  }
  await Promise.all(pieces);
}

function connecting(draft: Draft, claims: readonly Claim[], { since, cause, lastSeen }: Told): void {
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
