import { expect, it } from "vitest";
import { ClockTrust } from "./clockTrust.ts";

const day = 86_400_000;

it("believes a clock that goes on, and one that was stepped when it has gone on for a day", () => {
  let wall = 1_000_000 * day;
  let mono = 5;
  let steps = 0;
  const clock = new ClockTrust({ now: () => wall, monotonic: () => mono, stepped: () => void steps++ });
  const pass = (ms: number, step = 0): boolean => {
    wall += ms + step;
    mono += ms;
    return clock.trusted();
  };
  expect(pass(600_000)).toBe(true);
  expect(pass(600_000, 30_000)).toBe(true); // what a time server corrects
  expect(pass(600_000, 365 * day)).toBe(false);
  expect(pass(day - 1)).toBe(false);
  expect(pass(1)).toBe(true);
  expect(pass(600_000, -365 * day)).toBe(false);
  expect(steps).toBe(2);
});
