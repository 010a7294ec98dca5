import { setTimeout as sleep } from "node:timers/promises";
import { PolyvisorError } from "@polyvisor/model";
import type { Session } from "../session.ts";

/**
 * Waits until `reached` says yes: asks at every event of the VM and ever more seldom, to once a second, besides, since not every driver
 * tells by events and not every connection listens. Ends with `cancelled` when the signal does, with undefined at the time limit.
 */
export async function waitFor<T>(
  session: Session,
  uuid: string,
  signal: AbortSignal,
  limitMs: number,
  reached: () => Promise<T | undefined>,
  passed?: (ms: number) => void,
): Promise<T | undefined> {
  const began = performance.now();
  let poke = Promise.withResolvers<void>();
  let nap = 25;
  const off = session.connection.events.subscribe("domainEventCallbackLifecycle", ({ msg }) => {
    if (msg.dom.uuid === uuid) poke.resolve();
  });
  try {
    for (;;) {
      if (signal.aborted) throw new PolyvisorError("cancelled", { detail: "it was cancelled while it waited" });
      // Renewed before asking: an event while the answer is under way must not be lost.
      poke = Promise.withResolvers<void>();
      const result = await reached();
      if (result !== undefined) return result;
      const elapsed = performance.now() - began;
      passed?.(elapsed);
      if (elapsed >= limitMs) return undefined;
      nap = Math.min(1_000, nap * 2);
      const pause = new AbortController();
      await Promise.race([
        poke.promise,
        sleep(Math.min(nap, limitMs - elapsed), undefined, { signal: AbortSignal.any([signal, pause.signal]), ref: false }).catch(() => {}),
      ]);
      pause.abort();
    }
  } finally {
    off();
  }
}
