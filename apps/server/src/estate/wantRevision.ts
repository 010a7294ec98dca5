import { PolyvisorError } from "@polyvisor/model";

/** @throws PolyvisorError `notFound`, or `changedMeanwhile` when it has another revision */
export function wantRevision<T extends { revision: number; name: string }>(object: T | undefined, id: string, ifRevision: number | undefined): T {
  if (!object) throw new PolyvisorError("notFound", { detail: `there is no object "${id.slice(0, 64)}"` });
  if (ifRevision !== undefined && object.revision !== ifRevision)
    throw new PolyvisorError("changedMeanwhile", { detail: `"${object.name}" has revision ${object.revision} now, not ${ifRevision}` });
  return object;
}
