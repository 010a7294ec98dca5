import type { ErrorCode } from "@polyvisor/model";

/** Failures that only an operator ends. Trying often is useless, and wrong credentials tried often lock accounts. */
const stubborn: ReadonlySet<ErrorCode> = new Set([
  "hostAuthFailed",
  "hostKeyUnknown",
  "hostKeyChanged",
  "hostTlsName",
  "hostTlsUntrusted",
  "badUri",
  "notSupported",
  "conflict",
]);

/**
 * Milliseconds until the next attempt: doubles from 200 ms with each failure up to `longest` (a minute where only an
 * operator can help), less up to a quarter at random, so that many hosts do not come at once.
 */
export function backOff(failures: number, code: ErrorCode, longest: number, random: () => number = Math.random): number {
  const limit = stubborn.has(code) ? 60_000 : longest;
  return Math.min(limit, 200 * 2 ** Math.min(failures, 20)) * (1 - 0.25 * random());
}
