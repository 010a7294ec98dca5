import { PolyvisorError, type Host } from "@polyvisor/model";

export const noSuchHost = (id: string): PolyvisorError => new PolyvisorError("notFound", { detail: `there is no host "${id.slice(0, 64)}"` });

/** The database failed while it was asked, and the answer may have been lost behind the commit. */
export const storedPerhaps = (error: unknown): boolean => error instanceof PolyvisorError && error.code === "storeUnavailable";

/** What is asked of a host that an operator switched off. */
export const isDisabled = (code: "conflict" | "hostUnreachable", { name }: Host): PolyvisorError =>
  new PolyvisorError(code, { detail: `the host ${name} is disabled`, remedy: `Enable it: polyvisor host enable ${name}` });
