import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { hostLoad, vmLoad, type VmSample } from "./sample.ts";

const counters = {
  cpuTimeNs: fc.nat(),
  cpuWaitNs: fc.nat(),
  diskReadBytes: fc.nat(),
  diskWriteBytes: fc.nat(),
  netReceiveBytes: fc.nat(),
  netTransmitBytes: fc.nat(),
};
const sample = fc.record({ nativeId: fc.constant("a"), at: fc.nat(), ...counters }, { requiredKeys: ["nativeId", "at"] }) as fc.Arbitrary<VmSample>;

describe("load between two samples", () => {
  it("is told in processors and bytes per second", () => {
    const before: VmSample = { nativeId: "a", at: 1000, cpuTimeNs: 0, diskReadBytes: 100, netReceiveBytes: 0 };
    const now: VmSample = { nativeId: "a", at: 3000, cpuTimeNs: 3e9, diskReadBytes: 2100, netReceiveBytes: 4096, memoryGranted: 512 };
    expect(vmLoad(before, now)).toMatchObject({
      at: 3000,
      seconds: 2,
      cpu: 1.5,
      diskReadBytesPerSecond: 1000,
      netReceiveBytesPerSecond: 2048,
      memoryUsed: 512,
    });
  });

  it("prefers what the guest uses to what the host holds to what was granted", () => {
    const at = (ms: number, more: Partial<VmSample>): VmSample => ({ nativeId: "a", at: ms, ...more });
    expect(vmLoad(at(0, {}), at(1, { memoryUsed: 1, memoryResident: 2, memoryGranted: 3 }))!.memoryUsed).toBe(1);
    expect(vmLoad(at(0, {}), at(1, { memoryResident: 2, memoryGranted: 3 }))!.memoryUsed).toBe(2);
    expect(vmLoad(at(0, {}), at(1, {}))!.memoryUsed).toBeUndefined();
  });

  it("is never negative, never of no time, and absent where a counter fell or is missing", () => {
    fc.assert(
      fc.property(sample, sample, (before, now) => {
        const load = vmLoad(before, now);
        if (now.at <= before.at) return void expect(load).toBeUndefined();
        for (const [name, value] of Object.entries(load!)) if (value !== undefined) expect(value, name).toBeGreaterThanOrEqual(0);
        if (before.cpuTimeNs === undefined || now.cpuTimeNs === undefined || now.cpuTimeNs < before.cpuTimeNs) expect(load!.cpu).toBeUndefined();
        else expect(load!.cpu).toBeDefined();
      }),
    );
  });

  it("of a host counts user and system time and the memory that is taken", () => {
    expect(hostLoad({ at: 0, cpuUserNs: 0, cpuSystemNs: 0 }, { at: 1000, cpuUserNs: 2e9, cpuSystemNs: 1e9, memoryTotal: 10, memoryAvailable: 4 })).toEqual({
      at: 1000,
      seconds: 1,
      cpu: 3,
      memoryUsed: 6,
    });
    expect(hostLoad({ at: 0 }, { at: 1000, cpuUserNs: 1 })!.cpu).toBeUndefined();
    expect(hostLoad({ at: 5 }, { at: 5 })).toBeUndefined();
  });
});
