import type { FeatureName } from "@polyvisor/model";
import { afterAll, beforeAll, it } from "vitest";
import type { Hypervisor } from "../hypervisor.ts";
import type { ConformanceTarget } from "./target.ts";
import { Workshop } from "./workshop.ts";

/** What a test needs of the endpoint; where it is missing the test is skipped and says why. */
export interface Needs {
  features?: FeatureName[];
  /** Parts of the target that must be given. */
  target?: (keyof ConformanceTarget)[];
  /** Another reason to skip it. */
  unless?: (target: ConformanceTarget) => string | undefined;
  /** Wants a connection of its own, which it may end. */
  alone?: boolean;
}

export type Check = (name: string, needs: Needs, body: (workshop: Workshop) => Promise<void>) => void;

/** Sets a suite up: one connection for all tests, a workshop for each, and nothing left behind. */
export function suite(target: ConformanceTarget): Check {
  let shared: Hypervisor | undefined;
  beforeAll(async () => {
    await target.prepare?.();
    shared = (await target.connect()).hypervisor;
  });
  afterAll(async () => {
    await shared?.close();
    await target.cleanUp?.();
  });
  const patience = target.patienceMs ?? 20_000;
  return (name, needs, body) =>
    it(name, { timeout: patience * 10 }, async ({ skip }) => {
      for (const part of needs.target ?? []) if (target[part] === undefined) skip(`the target gives no ${part}`);
      const reason = needs.unless?.(target);
      if (reason !== undefined) skip(reason);
      for (const feature of needs.features ?? []) {
        const answer = shared!.features[feature];
        if (!answer.supported) skip(`${feature}: ${answer.reason}`);
        if (target.except?.[feature] !== undefined) skip(`${feature}: ${target.except[feature]}`);
      }
      const own = needs.alone ? (await target.connect()).hypervisor : shared!;
      const workshop = new Workshop(target, own);
      const cleaner = needs.alone ? new Workshop(target, shared!) : workshop;
      try {
        await body(workshop);
      } finally {
        if (needs.alone) {
          await workshop.handOver(cleaner);
          await own.close();
        }
        await cleaner.clear();
      }
    });
}
