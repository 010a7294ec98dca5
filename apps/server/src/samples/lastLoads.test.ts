import { vmLoad, type Samples, type VmSample } from "@polyvisor/model";
import fc from "fast-check";
import { expect, test } from "vitest";
import { LastLoads } from "./lastLoads.ts";

const at = (seconds: number, cpuSeconds: number, more: Partial<VmSample> = {}): Samples => ({
  host: { at: seconds * 1000, cpuUserNs: cpuSeconds * 1e9, cpuSystemNs: 0 },
  vms: [{ nativeId: "u", at: seconds * 1000, cpuTimeNs: cpuSeconds * 1e9, ...more }],
});
const idOf = (nativeId: string): string | undefined => (nativeId === "u" ? "vm-1" : undefined);
/** Takes a sample whose clock agrees with the time that passed, unless told otherwise. */
const take = (last: LastLoads, samples: Samples, host = "h-1", monoSeconds = samples.host.at / 1000) =>
  last.take(host, samples, idOf, monoSeconds * 1000, 50_000);

test("rates come with the second measurement, and are those between the two", () => {
  const last = new LastLoads();
  expect(take(last, at(0, 10)).size).toBe(0);
  const loads = take(last, at(20, 30));
  expect(loads.get("vm-1")).toMatchObject({ at: 20_000, seconds: 20, cpu: 1 });
  expect(loads.get("h-1")).toMatchObject({ cpu: 1 });
});

test("one interval that was missed is bridged; a longer break is a gap, and what is old is not present", () => {
  const last = new LastLoads();
  take(last, at(0, 0));
  take(last, at(20, 10));
  expect(last.last("vm-1", 20_000)).toBeDefined();
  expect(last.last("vm-1", 20_001)).toBeUndefined();
  expect(take(last, at(60, 30)).get("vm-1")).toMatchObject({ seconds: 40, cpu: 0.5 });
  expect(take(last, at(660, 330)).size).toBe(0);
  expect(take(last, at(680, 340)).get("vm-1")).toMatchObject({ seconds: 20, cpu: 0.5 });
});

test("a counter that fell gives no rate: the VM was started anew", () => {
  const last = new LastLoads();
  take(last, at(0, 100, { vcpus: 1, memoryGranted: 5 }));
  expect(take(last, at(20, 3, { vcpus: 1, memoryGranted: 5 })).get("vm-1")).toMatchObject({ cpu: undefined, cpuUse: undefined, memoryUsed: 5 });
  expect(take(last, at(40, 13, { vcpus: 1 })).get("vm-1")).toMatchObject({ cpu: 0.5 });
});

test("a clock that was stepped gives no rate, forward, backward or by a year", () => {
  for (const step of [-31_536_000, -3600, -15, 15, 3600, 31_536_000]) {
    const last = new LastLoads();
    take(last, at(40_000_000, 0));
    expect(take(last, at(40_000_020 + step, 10), "h-1", 40_000_020).size).toBe(0);
    expect(take(last, at(40_000_040 + step, 20), "h-1", 40_000_040).get("vm-1")).toMatchObject({ seconds: 20, cpu: 0.5 });
  }
});

test("a VM that moved has new counters: what the other host counted is no load", () => {
  const last = new LastLoads();
  take(last, at(0, 5), "h-1");
  expect(take(last, at(20, 9000), "h-2").has("vm-1")).toBe(false);
  expect(take(last, at(40, 9010), "h-2").get("vm-1")).toMatchObject({ cpu: 0.5 });
});

test("a VM that tells nothing has no load, and when it tells again it is of all the time", () => {
  const last = new LastLoads();
  take(last, at(0, 0));
  const silent: Samples = { host: { at: 20_000 }, vms: [{ nativeId: "u", at: 20_000, memoryGranted: 7 }] };
  expect(take(last, silent).size).toBe(0);
  expect(take(last, at(40, 20)).get("vm-1")).toMatchObject({ seconds: 40, cpu: 0.5 });
  const suspended = new LastLoads();
  take(suspended, { host: { at: 0 }, vms: [{ nativeId: "u", at: 0 }] });
  expect(take(suspended, { host: { at: 20_000 }, vms: [{ nativeId: "u", at: 20_000 }] }).size).toBe(0);
});

test("VMs that the estate does not know are left out, and those that went are forgotten", () => {
  const last = new LastLoads();
  take(last, { ...at(0, 0), vms: [{ nativeId: "other", at: 0 }] });
  expect([...last.ids()]).toEqual(["h-1"]);
  expect([...last.forget(() => undefined)]).toHaveLength(1);
  expect([...last.ids()]).toEqual([]);
});

test("whatever happens to a VM, its load is never negative and never more than its processors can do", () => {
  const event = fc.oneof(
    { weight: 6, arbitrary: fc.constant("runs" as const) },
    fc.constantFrom("restarts", "moves", "pauses", "silent", "missed", "clock back", "clock ahead"),
  );
  fc.assert(
    fc.property(fc.array(fc.tuple(event, fc.double({ min: 0, max: 2, noNaN: true })), { maxLength: 60 }), (story) => {
      const last = new LastLoads();
      let [mono, wall, host, used] = [0, 1_790_000_000, 1, 0];
      for (const [what, cpus] of story) {
        mono += 20;
        wall += 20;
        if (what === "restarts") used = 0;
        if (what === "moves") [host, used] = [3 - host, used * 1000];
        if (what === "clock back") wall -= 7200;
        if (what === "clock ahead") wall += 7200;
        used += what === "pauses" ? 0 : cpus * 20;
        if (what === "missed") continue;
        const vm: VmSample = { nativeId: "u", at: wall * 1000, vcpus: 2, ...(what === "silent" ? {} : { cpuTimeNs: used * 1e9 }) };
        const load = last.take(`h-${host}`, { host: { at: wall * 1000 }, vms: [vm] }, idOf, mono * 1000, 50_000).get("vm-1");
        if (load?.cpu === undefined) continue;
        expect(load.cpu).toBeGreaterThanOrEqual(0);
        expect(load.cpu).toBeLessThanOrEqual(2.0001);
        expect(load.seconds).toBeLessThanOrEqual(50);
      }
    }),
  );
  expect(vmLoad({ nativeId: "u", at: 5 }, { nativeId: "u", at: 4 })).toBeUndefined();
});
