import { PolyvisorError } from "@polyvisor/model";

/** @throws PolyvisorError: the idempotency key stands for another request */
export function otherRequest(key: string): never {
  throw new PolyvisorError("conflict", {
    detail: `the idempotency key "${key.slice(0, 128)}" was used for another request`,
    where: "Idempotency-Key",
    remedy: "Use a new key for a new request.",
  });
}
