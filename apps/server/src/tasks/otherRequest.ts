import { createHash } from "node:crypto";
import { PolyvisorError } from "@polyvisor/model";

/** @throws PolyvisorError: the idempotency key stands for another request */
export function otherRequest(key: string): never {
  throw new PolyvisorError("conflict", {
    detail: `the idempotency key "${key.slice(0, 128)}" was used for another request`,
    where: "Idempotency-Key",
    remedy: "Use a new key for a new request.",
  });
}

/** What tells two requests with the same key apart. */
export const hashOf = (request: unknown): string => createHash("sha256").update(JSON.stringify(request)).digest("hex");
