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
  diskReads: fc.nat(),
  diskReadNs: fc.nat(),
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
    expect(vmLoad(at(0, {}), at(1, { cpuTimeNs: 1, memoryGranted: 3 }))).toMatchObject({ memoryUsed: 3 });
  });

  it("is never negative, never of no time, and absent where a counter fell or is missing", () => {
    fc.assert(
      fc.property(sample, sample, (before, now) => {
        const load = vmLoad(before, now);
        if (now.at <= before.at) return void expect(load).toBeUndefined();
        if (!load) return;
        for (const [name, value] of Object.entries(load)) if (value !== undefined) expect(value, name).toBeGreaterThanOrEqual(0);
        if (before.cpuTimeNs === undefined || now.cpuTimeNs === undefined || now.cpuTimeNs < before.cpuTimeNs) expect(load.cpu).toBeUndefined();
        else expect(load.cpu).toBeDefined();
      }),
    );
  });

  it("is nothing where the hypervisor told nothing: a VM that says nothing is not idle", () => {
    expect(vmLoad({ nativeId: "a", at: 0 }, { nativeId: "a", at: 1000, vcpus: 2 })).toBeUndefined();
    expect(vmLoad({ nativeId: "a", at: 0, cpuTimeNs: 5 }, { nativeId: "a", at: 1000, cpuTimeNs: 5 })).toMatchObject({ cpu: 0 });
  });

  it("is in percent of the vCPUs, and of none where their number changed meanwhile", () => {
    const at = (ms: number, cpuTimeNs: number, vcpus: number): VmSample => ({ nativeId: "a", at: ms, cpuTimeNs, vcpus });
    expect(vmLoad(at(0, 0, 4), at(1000, 1e9, 4))).toMatchObject({ cpu: 1, cpuUse: 25 });
    expect(vmLoad(at(0, 0, 2), at(1000, 1e9, 4))).toMatchObject({ cpu: 1, cpuUse: undefined });
  });

  it("tells operations and how long one took, and no time where there was none", () => {
    const at = (ms: number, more: Partial<VmSample>): VmSample => ({ nativeId: "a", at: ms, disks: "vda", ...more });
    const load = vmLoad(
      at(0, { diskReads: 0, diskReadNs: 0, diskWrites: 5, diskWriteNs: 7 }),
      at(2000, { diskReads: 10, diskReadNs: 5e7, diskWrites: 5, diskWriteNs: 7 }),
    );
    expect(load).toMatchObject({ diskReadsPerSecond: 5, diskReadLatency: 0.005, diskWritesPerSecond: 0, diskWriteLatency: undefined });
  });

  it("knows no rate of devices that were attached or detached meanwhile: what they had counted before is no load", () => {
    const before: VmSample = { nativeId: "a", at: 0, cpuTimeNs: 0, disks: "vda", diskReadBytes: 1, nics: "vnet0", netReceiveBytes: 1 };
    const now: VmSample = { ...before, at: 1000, cpuTimeNs: 1e9, disks: "vda,vdb", diskReadBytes: 9e12, nics: "vnet0,tap7", netReceiveBytes: 9e12 };
    expect(vmLoad(before, now)).toMatchObject({ cpu: 1, diskReadBytesPerSecond: undefined, netReceiveBytesPerSecond: undefined });
  });

  it("of a host counts user and system time and the memory that is taken", () => {
    expect(
      hostLoad({ at: 0, cpuUserNs: 0, cpuSystemNs: 0 }, { at: 1000, cpuUserNs: 2e9, cpuSystemNs: 1e9, memoryTotal: 10, memoryAvailable: 4 }),
    ).toMatchObject({
      at: 1000,
      seconds: 1,
      cpu: 3,
      memoryUsed: 6,
    });
    expect(hostLoad({ at: 0 }, { at: 1000, cpuUserNs: 1 })).toBeUndefined();
    const all = { cpuUserNs: 0, cpuSystemNs: 0, cpuIdleNs: 0, cpuIoWaitNs: 0 };
    expect(hostLoad({ at: 0, ...all }, { at: 1000, cpuUserNs: 2e9, cpuSystemNs: 1e9, cpuIdleNs: 7e9, cpuIoWaitNs: 2e9 })).toMatchObject({
      cpu: 3,
      cpuUse: 25,
      cpuIoWait: 2,
    });
    expect(hostLoad({ at: 5 }, { at: 5 })).toBeUndefined();
  });
});
