import { PolyvisorError } from "@polyvisor/model";

export const nameTaken = (what: string, name: string): PolyvisorError =>
  new PolyvisorError("nameTaken", { detail: `there is a ${what} ${name} already`, where: "/name" });

export const changedMeanwhile = (what: string, present?: number): PolyvisorError =>
  new PolyvisorError("changedMeanwhile", {
    detail: `${what} changed since you read it${present === undefined ? "" : `: it has revision ${present} now`}`,
  });

/** @throws PolyvisorError `changedMeanwhile` when it has another revision than the caller wants */
export function wantPresent(what: string, present: number | undefined, wanted: number | undefined): void {
  if (wanted !== undefined && present !== wanted) throw changedMeanwhile(what, present);
}
