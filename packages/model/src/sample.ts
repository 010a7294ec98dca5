import { z } from "zod";

/**
 * One measurement of one VM. Counters are totals since the VM's start and only rise; rates are made from two of them.
 * Where the hypervisor does not tell a figure it is absent, never 0.
 */
export const vmSampleSchema = z.object({
  nativeId: z.string(),
  /** Milliseconds since 1970, the server's clock. */
  at: z.number(),
  /** Nanoseconds of processor time used (libvirt `cpu.time`). */
  cpuTimeNs: z.number().optional(),
  /** Nanoseconds the vCPUs waited for a processor (libvirt `vcpu.N.delay`, summed): steal as the guest sees it. */
  cpuWaitNs: z.number().optional(),
  vcpus: z.number().optional(),
  /** Bytes granted to the guest now (libvirt `balloon.current`). */
  memoryGranted: z.number().optional(),
  /** Bytes the guest uses, by its own balloon driver (available - usable). */
  memoryUsed: z.number().optional(),
  /** Bytes of the host's memory really held (libvirt `balloon.rss`). */
  memoryResident: z.number().optional(),
  diskReadBytes: z.number().optional(),
  diskWriteBytes: z.number().optional(),
  diskReads: z.number().optional(),
  diskWrites: z.number().optional(),
  netReceiveBytes: z.number().optional(),
  netTransmitBytes: z.number().optional(),
});
export type VmSample = z.infer<typeof vmSampleSchema>;

export const hostSampleSchema = z.object({
  at: z.number(),
  /** Nanoseconds of processor time since boot, all processors, by kind. */
  cpuUserNs: z.number().optional(),
  cpuSystemNs: z.number().optional(),
  cpuIdleNs: z.number().optional(),
  cpuIoWaitNs: z.number().optional(),
  memoryTotal: z.number().optional(),
  /** Free for new work: free, buffers and cached. */
  memoryAvailable: z.number().optional(),
});
export type HostSample = z.infer<typeof hostSampleSchema>;

export interface Samples {
  host: HostSample;
  vms: VmSample[];
}

/** Rates between two samples: what tables and charts show. CPU is in processors: 1.5 means one and a half busy. */
export const loadSchema = z.object({
  at: z.number(),
  seconds: z.number(),
  cpu: z.number().optional(),
  cpuWait: z.number().optional(),
  memoryUsed: z.number().optional(),
  diskReadBytesPerSecond: z.number().optional(),
  diskWriteBytesPerSecond: z.number().optional(),
  netReceiveBytesPerSecond: z.number().optional(),
  netTransmitBytesPerSecond: z.number().optional(),
});
export type Load = z.infer<typeof loadSchema>;

const rate = (now: number | undefined, before: number | undefined, seconds: number): number | undefined =>
  now === undefined || before === undefined || now < before ? undefined : (now - before) / seconds;

/** Load of a VM between two samples; a counter that fell (a restart) gives no rate, and no time passed gives none at all. */
export function vmLoad(before: VmSample, now: VmSample): Load | undefined {
  const seconds = (now.at - before.at) / 1000;
  if (!(seconds > 0)) return undefined;
  const cpu = rate(now.cpuTimeNs, before.cpuTimeNs, seconds);
  const wait = rate(now.cpuWaitNs, before.cpuWaitNs, seconds);
  return {
    at: now.at,
    seconds,
    cpu: cpu === undefined ? undefined : cpu / 1e9,
    cpuWait: wait === undefined ? undefined : wait / 1e9,
    memoryUsed: now.memoryUsed ?? now.memoryResident ?? now.memoryGranted,
    diskReadBytesPerSecond: rate(now.diskReadBytes, before.diskReadBytes, seconds),
    diskWriteBytesPerSecond: rate(now.diskWriteBytes, before.diskWriteBytes, seconds),
    netReceiveBytesPerSecond: rate(now.netReceiveBytes, before.netReceiveBytes, seconds),
    netTransmitBytesPerSecond: rate(now.netTransmitBytes, before.netTransmitBytes, seconds),
  };
}

/** Load of a host between two samples: busy processors and used memory. */
export function hostLoad(before: HostSample, now: HostSample): Load | undefined {
  const seconds = (now.at - before.at) / 1000;
  if (!(seconds > 0)) return undefined;
  const user = rate(now.cpuUserNs, before.cpuUserNs, seconds);
  const system = rate(now.cpuSystemNs, before.cpuSystemNs, seconds);
  return {
    at: now.at,
    seconds,
    cpu: user === undefined || system === undefined ? undefined : (user + system) / 1e9,
    memoryUsed: now.memoryTotal === undefined || now.memoryAvailable === undefined ? undefined : now.memoryTotal - now.memoryAvailable,
  };
}
