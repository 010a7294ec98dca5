import { PolyvisorError } from "@polyvisor/model";

export const noSuchHost = (id: string): PolyvisorError => new PolyvisorError("notFound", { detail: `there is no host "${id.slice(0, 64)}"` });

/** The database failed while it was asked, and the answer may have been lost behind the commit. */
export const storedPerhaps = (error: unknown): boolean => error instanceof PolyvisorError && error.code === "storeUnavailable";
