import { PolyvisorError } from "@polyvisor/model";

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

/** Something was wanted under a claim that is lost or not sure: it is the new holder's to do. */
export class ClaimLost extends PolyvisorError {
  constructor({ kind }: Pick<Claim, "kind" | "id">) {
    super("starting", {
      detail: `another server looks after the ${kind} now, or is about to`,
      remedy: "Try again in a few seconds; any of the servers will do.",
    });
  }
}

/** The store refused a batch, because some of its claims are lost. */
export class FenceRefused extends Error {
  constructor() {
    super("a claim of the batch is no longer this server's");
    this.name = "FenceRefused";
  }
}
