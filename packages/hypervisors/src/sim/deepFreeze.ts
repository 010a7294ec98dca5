/**
 * Facts are handed out as they are, without a copy, and never changed afterwards: a change makes new ones.
 * Freezing makes a consumer that writes to them fail at once instead of changing the simulated world.
 */
export function deepFreeze<T>(value: T): T {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return value;
  for (const part of Object.values(value)) deepFreeze(part);
  return Object.freeze(value);
}
