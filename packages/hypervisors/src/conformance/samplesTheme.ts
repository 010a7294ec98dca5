import { hostSampleSchema, vmSampleSchema, type HostSample, type VmSample } from "@polyvisor/model";
import { expect } from "vitest";
import type { Check } from "./suite.ts";

const counters = [
  "cpuTimeNs",
  "cpuWaitNs",
  "diskReadBytes",
  "diskWriteBytes",
  "diskReads",
  "diskWrites",
  "diskReadNs",
  "diskWriteNs",
  "netReceiveBytes",
  "netTransmitBytes",
] as const satisfies (keyof VmSample)[];
const hostCounters = ["cpuUserNs", "cpuSystemNs", "cpuIdleNs", "cpuIoWaitNs"] as const satisfies (keyof HostSample)[];
const shapes = { host: hostSampleSchema.strict(), vms: vmSampleSchema.strict().array() };

function neverFell<T>(before: T, now: T, names: readonly (keyof T)[]): void {
  for (const name of names) {
    if (before[name] === undefined) continue;
    expect(now[name], `${String(name)} is told once and then not`).toBeDefined();
    expect(now[name] as number, `${String(name)} fell`).toBeGreaterThanOrEqual(before[name] as number);
  }
}

export function samplesTheme(check: Check): void {
  check("measures what runs and only that, in the model's shape", { features: ["vm.samples", "vm.create", "vm.start", "vm.destroy"] }, async (workshop) => {
    const on = await workshop.make();
    const off = await workshop.make();
    await workshop.bring(on, "running");
    const samples = await workshop.hypervisor.samples();
    expect(shapes.host.safeParse(samples.host).error?.issues).toBeUndefined();
    expect(shapes.vms.safeParse(samples.vms).error?.issues).toBeUndefined();
    const ids = samples.vms.map((each) => each.nativeId);
    expect(ids).toContain(on);
    expect(ids).not.toContain(off);
    expect(new Set(ids).size).toBe(ids.length);
    for (const vm of samples.vms) for (const [name, value] of Object.entries(vm)) if (typeof value === "number") expect(value, name).toBeGreaterThanOrEqual(0);
  });

  check("lets no counter fall while a VM runs", { features: ["vm.samples", "vm.create", "vm.start", "vm.destroy"] }, async (workshop) => {
    const vm = await workshop.make();
    await workshop.bring(vm, "running");
    const first = (await workshop.hypervisor.samples()).vms.find((each) => each.nativeId === vm)!;
    let last = first;
    await workshop.until("time to pass between samples", async () => {
      const now = (await workshop.hypervisor.samples()).vms.find((each) => each.nativeId === vm)!;
      expect(now.at).toBeGreaterThanOrEqual(last.at);
      neverFell(last, now, counters);
      last = now;
      return now.at - first.at > 200 || undefined;
    });
  });

  check("lets no counter of the host fall, whatever its VMs do", { features: ["host.samples", "vm.create", "vm.start", "vm.destroy"] }, async (workshop) => {
    let last = (await workshop.hypervisor.samples()).host;
    const look = async (): Promise<void> => {
      const now = (await workshop.hypervisor.samples()).host;
      neverFell(last, now, hostCounters);
      if (now.memoryAvailable !== undefined && now.memoryTotal !== undefined) expect(now.memoryAvailable).toBeLessThanOrEqual(now.memoryTotal);
      last = now;
    };
    const vm = await workshop.make();
    await look();
    await workshop.bring(vm, "running");
    await look();
    await workshop.bring(vm, "off");
    await look();
  });
}
