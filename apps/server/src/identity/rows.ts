import { PolyvisorError } from "@polyvisor/model";

export const nameTaken = (what: string, name: string): PolyvisorError =>
  new PolyvisorError("nameTaken", { detail: `there is a ${what} ${name} already`, where: "/name" });

export const changedMeanwhile = (what: string): PolyvisorError => new PolyvisorError("changedMeanwhile", { detail: `${what} changed since you read it` });
