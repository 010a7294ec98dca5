import { expect, test } from "vitest";
import { LoadRing } from "./loadRing.ts";

const at = (seconds: number, cpuSeconds: number) => ({
  host: { at: seconds * 1000, cpuUserNs: cpuSeconds * 1e9, cpuSystemNs: 0 },
  vms: [{ nativeId: "u", at: seconds * 1000, cpuTimeNs: cpuSeconds * 1e9 }],
});
const idOf = (nativeId: string): string | undefined => (nativeId === "u" ? "vm-1" : undefined);

test("rates come with the second measurement, and are those between the two", () => {
  const ring = new LoadRing();
  expect(ring.take("h-1", at(0, 10), idOf).size).toBe(0);
  const loads = ring.take("h-1", at(20, 30), idOf);
  expect(loads.get("vm-1")).toMatchObject({ at: 20_000, seconds: 20, cpu: 1 });
  expect(loads.get("h-1")).toMatchObject({ cpu: 1 });
});

test("after a break the rate is over all of it, and what is old is not present", () => {
  const ring = new LoadRing();
  ring.take("h-1", at(0, 0), idOf);
  ring.take("h-1", at(20, 10), idOf);
  expect(ring.last("vm-1", 20_000)).toBeDefined();
  expect(ring.last("vm-1", 20_001)).toBeUndefined();
  expect(ring.take("h-1", at(620, 310), idOf).get("vm-1")).toMatchObject({ seconds: 600, cpu: 0.5 });
});

test("a counter that fell gives no rate: the VM was started anew", () => {
  const ring = new LoadRing();
  ring.take("h-1", at(0, 100), idOf);
  expect(ring.take("h-1", at(20, 3), idOf).get("vm-1")!.cpu).toBeUndefined();
});

test("VMs that the estate does not know are left out, and those that went are forgotten", () => {
  const ring = new LoadRing();
  ring.take("h-1", { ...at(0, 0), vms: [{ nativeId: "other", at: 0 }] }, idOf);
  expect([...ring.ids()]).toEqual(["h-1"]);
  ring.keepOnly(() => false);
  expect([...ring.ids()]).toEqual([]);
});
