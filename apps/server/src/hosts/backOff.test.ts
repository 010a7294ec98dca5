import { expect, test } from "vitest";
import { backOff } from "./backOff.ts";

test("doubles up to its limit, with jitter below it", () => {
  expect([0, 1, 2, 3, 4, 5, 50].map((n) => backOff(n, "hostRefused", 3500, () => 0))).toEqual([200, 400, 800, 1600, 3200, 3500, 3500]);
  expect(backOff(50, "hostRefused", 3500, () => 1)).toBe(2625);
});
test("what only an operator can repair is tried once a minute, so that no account is locked", () =>
  expect(backOff(50, "hostAuthFailed", 3500, () => 0)).toBe(60_000));
