import { failureOf, PolyvisorError, type PlanStep } from "@polyvisor/model";
import type { EstateKind } from "../controlPlane.ts";
import type { Work } from "../plans/work.ts";

/** Revisions that whoever ordered it saw, by id of the object. */
export type IfRevisions = Readonly<Record<string, number>>;
type Present = { get(kind: EstateKind, id: string): { revision: number; name: string } | undefined };

/**
 * The same work, the first step on each object only upon the revision that was seen; the steps behind it change it
 * themselves. What differs already fails before the task begins.
 */
export function uponRevisions({ plan, failures }: Work, wanted: IfRevisions | undefined, estate: Present): Work {
  if (wanted === undefined) return { plan, failures };
  const seen = new Set<string>();
  const more = new Map(failures);
  const steps = plan.steps.map((step): PlanStep => {
    const { id } = step.target;
    if (id === undefined || seen.has(id) || !Object.hasOwn(wanted, id)) return step;
    seen.add(id);
    const bound = { ...step, target: { ...step.target, ifRevision: wanted[id]! } };
    try {
      checkRevision(bound, estate);
    } catch (error) {
      more.set(step.n, failureOf(error));
    }
    return bound;
  });
  return { plan: { ...plan, steps }, failures: more };
}

/** @throws PolyvisorError `changedMeanwhile` when the object of a step has another revision than it must have */
export function checkRevision({ target }: PlanStep, estate: Present): void {
  if (target.ifRevision === undefined || target.id === undefined || target.kind === "template") return;
  const present = estate.get(target.kind, target.id)?.revision;
  if (present !== target.ifRevision)
    throw new PolyvisorError("changedMeanwhile", {
      detail: `${target.name} ${present === undefined ? "is gone" : `has revision ${present} now, not ${target.ifRevision}`}; nothing was done to it`,
    });
}
