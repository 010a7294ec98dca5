import { vmSampleSchema } from "@polyvisor/model";
import { describe, expect, it } from "vitest";
import { vmSample } from "./samples.ts";

describe("a sample of a VM", () => {
  it("is what libvirt counts, in the model's units", () => {
    const sample = vmSample("u", 5, {
      "cpu.time": 1_500n,
      "vcpu.current": 2,
      "vcpu.maximum": 4,
      "vcpu.0.delay": 10n,
      "vcpu.1.delay": 5n,
      "balloon.current": 1024n,
      "balloon.rss": 2048n,
      "balloon.available": 1000n,
      "balloon.usable": 400n,
      "balloon.unused": 100n,
      "block.count": 2,
      "block.0.name": "vda",
      "block.1.name": "vdb",
      "block.0.rd.times": 100n,
      "block.1.rd.times": 20n,
      "block.1.wr.times": 30n,
      "block.0.rd.bytes": 1n,
      "block.0.wr.bytes": 2n,
      "block.0.rd.reqs": 3n,
      "block.0.wr.reqs": 4n,
      "block.1.rd.bytes": 10n,
      "block.1.wr.bytes": 20n,
      "net.count": 1,
      "net.0.name": "vnet3",
      "net.0.rx.bytes": 7n,
      "net.0.tx.bytes": 8n,
    });
    expect(sample).toEqual({
      nativeId: "u",
      at: 5,
      cpuTimeNs: 1500,
      cpuWaitNs: 15,
      vcpus: 2,
      memoryGranted: 1024 ** 2,
      memoryResident: 2 * 1024 ** 2,
      memoryUsed: 600 * 1024,
      memoryAvailable: 400 * 1024,
      disks: "vda vdb",
      diskReadBytes: 11,
      diskWriteBytes: 22,
      diskReads: 3,
      diskWrites: 4,
      diskReadNs: 120,
      diskWriteNs: 30,
      nics: "vnet3",
      netReceiveBytes: 7,
      netTransmitBytes: 8,
    });
    expect(vmSampleSchema.safeParse(sample).success).toBe(true);
  });

  it("has nothing, and never 0, where libvirt told nothing", () => {
    expect(Object.entries(vmSample("u", 5, {})).filter(([, value]) => value !== undefined)).toEqual([
      ["nativeId", "u"],
      ["at", 5],
    ]);
    expect(vmSample("u", 5, { "vcpu.maximum": 2, "vcpu.0.wait": 3n, "vcpu.1.wait": 4n }).cpuWaitNs).toBe(7);
    expect(vmSample("u", 5, { "balloon.available": 10n, "balloon.unused": 4n }).memoryUsed).toBe(6 * 1024);
    expect(vmSample("u", 5, { "balloon.available": 10n }).memoryUsed).toBeUndefined();
  });
});
