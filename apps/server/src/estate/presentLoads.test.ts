import { expect, test } from "vitest";
import { PresentLoads } from "./presentLoads.ts";

const now = 1_000_000;
const measured = (cpu: number | undefined, at = now) => ({ at, seconds: 20, ...(cpu === undefined ? {} : { cpu }) });

test("the highest are those that are present; what was not told comes last", () => {
  const loads = new PresentLoads();
  loads.set(3, measured(0.5), 1, undefined);
  loads.set(700, measured(2), 2, undefined);
  loads.set(9, measured(undefined), 2, undefined);
  loads.set(4, measured(7, now - 100), 8, undefined);
  loads.set(5, measured(6), 8, undefined);
  loads.clear(5);
  expect(loads.highest("cpu", 10, now)).toEqual([700, 3, 9]);
  expect(loads.highest("cpu", 2, now)).toEqual([700, 3]);
  loads.set(4, measured(7), 8, undefined);
  expect(loads.highest("cpu", 1, now)).toEqual([4]);
});

test("disk and network are both directions together", () => {
  const loads = new PresentLoads();
  loads.set(1, { at: now, seconds: 20, diskReadBytesPerSecond: 3, diskWriteBytesPerSecond: 3, netReceiveBytesPerSecond: 1 }, 1, 1);
  loads.set(2, { at: now, seconds: 20, diskReadBytesPerSecond: 5, netReceiveBytesPerSecond: 1, netTransmitBytesPerSecond: 1 }, 1, 1);
  expect(loads.highest("disk", 2, now)).toEqual([1, 2]);
  expect(loads.highest("network", 2, now)).toEqual([2, 1]);
  expect(loads.highest("memory", 2, now)).toHaveLength(2);
});
