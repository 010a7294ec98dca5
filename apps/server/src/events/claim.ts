/**
 * What a server holds until another takes it: the lease of a host, or an open task. Its number rises each time that it
 * changes hands, and the store takes a write only with the present one.
 */
export interface Claim {
  readonly kind: "host" | "task";
  /** Of the host or task. */
  readonly id: string;
  readonly fence: number;
  /** Set as soon as this server knows that it is no longer the holder; never taken back. */
  lost: boolean;
}

/** A mutation was made under a claim that is lost: what it wanted is the new holder's to do. */
export class ClaimLost extends Error {
  constructor(claim: Pick<Claim, "kind" | "id">) {
    super(`the ${claim.kind} ${claim.id} is looked after by another server now`);
    this.name = "ClaimLost";
  }
}

/** The store refused a batch, because some of its claims are lost. */
export class FenceRefused extends Error {
  constructor() {
    super("a claim of the batch is no longer this server's");
    this.name = "FenceRefused";
  }
}
