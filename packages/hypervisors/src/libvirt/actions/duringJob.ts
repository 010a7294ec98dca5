import { setTimeout as sleep } from "node:timers/promises";
import { PolyvisorError } from "@polyvisor/model";
import type { Domain, TypedParams } from "@polyvisor/protocol-libvirt";
import type { RunContext } from "../../hypervisor.ts";
import { isLibvirt } from "../failure.ts";
import type { Session } from "../session.ts";

/**
 * Does something long to a VM: tells its progress as libvirt counts it, and stops it when the operator cancels. A
 * cancelled job is waited for, so that the VM is in a known state when this ends.
 */
export async function duringJob<T>(session: Session, dom: Domain, context: RunContext, work: () => Promise<T>): Promise<T> {
  const over = new AbortController();
  const asked = new Promise<void>((resolve) => context.signal.addEventListener("abort", () => resolve(), { once: true, signal: over.signal }));
  // The job may not have begun when the wish to stop comes, so it is said until the work ends.
  const stopping = asked.then(async () => {
    while (!over.signal.aborted) {
      await session.call.domainAbortJob({ dom }, { signal: over.signal, timeoutMs: 5_000 }).catch(() => {});
      await sleep(250, undefined, { signal: over.signal }).catch(() => {});
    }
  });
  const watching = (async () => {
    while (!over.signal.aborted) {
      await sleep(500, undefined, { signal: over.signal }).catch(() => {});
      if (over.signal.aborted) return;
      try {
        const fraction = fractionOf((await session.call.domainGetJobStats({ dom }, { timeoutMs: 5_000 })).params);
        if (fraction !== undefined) context.progress(fraction);
      } catch {
        // A driver that does not count, or a job that just ended: there is no progress to tell.
      }
    }
  })();
  try {
    if (context.signal.aborted) throw new PolyvisorError("cancelled", { detail: `nothing was done to VM "${dom.name}"` });
    return await work();
  } catch (error) {
    if (context.signal.aborted && isLibvirt(error, "OPERATION_ABORTED", "OPERATION_FAILED", "INTERNAL_ERROR"))
      throw new PolyvisorError("cancelled", { detail: `stopped; VM "${dom.name}" goes on as before`, cause: error });
    throw error;
  } finally {
    over.abort();
    await Promise.all([watching, context.signal.aborted ? stopping : undefined]);
  }
}

/** How much of a job is done, 0 to 1. */
export function fractionOf(params: TypedParams): number | undefined {
  const total = Number(params["data_total"] ?? params["memory_total"] ?? 0);
  const done = Number(params["data_processed"] ?? params["memory_processed"] ?? 0);
  return total > 0 ? Math.min(1, done / total) : undefined;
}
