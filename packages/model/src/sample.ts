import { z } from "zod";

/**
 * One measurement of one VM. Counters are totals since the VM's start and only rise; rates are made from two of them.
 * Where the hypervisor does not tell a figure it is absent, never 0. What each figure means: docs/guide/metrics.md.
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
  /** Bytes that programs in the guest could still take, by its own balloon driver (libvirt `balloon.usable`, else `balloon.unused`). */
  memoryAvailable: z.number().optional(),
  /** Bytes of the host's memory really held (libvirt `balloon.rss`). */
  memoryResident: z.number().optional(),
  /** The disks that the sums below are of; counters of other disks are no sequel of these. */
  disks: z.string().optional(),
  diskReadBytes: z.number().optional(),
  diskWriteBytes: z.number().optional(),
  diskReads: z.number().optional(),
  diskWrites: z.number().optional(),
  /** Nanoseconds that reads (writes) took, summed over operations (libvirt `block.N.rd.times`). */
  diskReadNs: z.number().optional(),
  diskWriteNs: z.number().optional(),
  /** The NICs that the sums below are of. */
  nics: z.string().optional(),
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

/** The figures of a load, each absent where it is not known; docs/guide/metrics.md says what each is and is not. */
export const loadFiguresSchema = z.object({
  /** Processors: 1.5 means one and a half busy. */
  cpu: z.number().optional(),
  /** Percent of the VM's vCPUs, or of the host's processors. */
  cpuUse: z.number().optional(),
  /** Processors that vCPUs were ready to use and did not get. */
  cpuWait: z.number().optional(),
  /** Processors of a host that waited for disks. */
  cpuIoWait: z.number().optional(),
  /** Bytes: what the guest says, else what the host holds for it, else what it was granted. */
  memoryUsed: z.number().optional(),
  memoryResident: z.number().optional(),
  /** Bytes that could still be taken: in the guest, or on the host. */
  memoryAvailable: z.number().optional(),
  diskReadBytesPerSecond: z.number().optional(),
  diskWriteBytesPerSecond: z.number().optional(),
  diskReadsPerSecond: z.number().optional(),
  diskWritesPerSecond: z.number().optional(),
  /** Seconds an operation took on average; absent where there was none. */
  diskReadLatency: z.number().optional(),
  diskWriteLatency: z.number().optional(),
  netReceiveBytesPerSecond: z.number().optional(),
  netTransmitBytesPerSecond: z.number().optional(),
});
export type LoadFigures = z.infer<typeof loadFiguresSchema>;
export type LoadFigure = keyof LoadFigures;
export const loadFigures = Object.keys(loadFiguresSchema.shape) as readonly LoadFigure[];

/** Rates between two samples: what tables and charts show. `at` is the end of the time it covers, `seconds` its length. */
export const loadSchema = z.object({ at: z.number(), seconds: z.number(), ...loadFiguresSchema.shape });
export type Load = z.infer<typeof loadSchema>;

const rate = (now: number | undefined, before: number | undefined, seconds: number): number | undefined =>
  now === undefined || before === undefined || now < before ? undefined : (now - before) / seconds;
const over = (part: number | undefined, whole: number | undefined): number | undefined => (part === undefined || !whole ? undefined : part / whole);
const known = (load: Load): Load | undefined => (loadFigures.some((figure) => load[figure] !== undefined) ? load : undefined);

/**
 * Load of a VM between two samples. A counter that fell (a restart), or that is of other devices, gives no rate; where
 * no time passed or nothing is known there is no load at all.
 */
export function vmLoad(before: VmSample, now: VmSample): Load | undefined {
  const seconds = (now.at - before.at) / 1000;
  if (!(seconds > 0)) return undefined;
  const of = (name: keyof VmSample): number | undefined => rate(now[name] as number | undefined, before[name] as number | undefined, seconds);
  const sameDisks = now.disks === before.disks;
  const sameNics = now.nics === before.nics;
  const reads = sameDisks ? of("diskReads") : undefined;
  const writes = sameDisks ? of("diskWrites") : undefined;
  const cpu = over(of("cpuTimeNs"), 1e9);
  return known({
    at: now.at,
    seconds,
    cpu,
    cpuUse: cpu === undefined || !now.vcpus || now.vcpus !== before.vcpus ? undefined : (cpu / now.vcpus) * 100,
    cpuWait: over(of("cpuWaitNs"), 1e9),
    memoryUsed: now.memoryUsed ?? now.memoryResident ?? now.memoryGranted,
    memoryResident: now.memoryResident,
    memoryAvailable: now.memoryAvailable,
    diskReadBytesPerSecond: sameDisks ? of("diskReadBytes") : undefined,
    diskWriteBytesPerSecond: sameDisks ? of("diskWriteBytes") : undefined,
    diskReadsPerSecond: reads,
    diskWritesPerSecond: writes,
    diskReadLatency: sameDisks ? over(over(of("diskReadNs"), 1e9), reads) : undefined,
    diskWriteLatency: sameDisks ? over(over(of("diskWriteNs"), 1e9), writes) : undefined,
    netReceiveBytesPerSecond: sameNics ? of("netReceiveBytes") : undefined,
    netTransmitBytesPerSecond: sameNics ? of("netTransmitBytes") : undefined,
  });
}

/** Load of a host between two samples: busy processors and used memory. */
export function hostLoad(before: HostSample, now: HostSample): Load | undefined {
  const seconds = (now.at - before.at) / 1000;
  if (!(seconds > 0)) return undefined;
  const of = (name: "cpuUserNs" | "cpuSystemNs" | "cpuIdleNs" | "cpuIoWaitNs"): number | undefined => rate(now[name], before[name], seconds);
  const user = of("cpuUserNs");
  const system = of("cpuSystemNs");
  const idle = of("cpuIdleNs");
  const waiting = of("cpuIoWaitNs");
  const busy = user === undefined || system === undefined ? undefined : user + system;
  const all = busy === undefined || idle === undefined ? undefined : busy + idle + (waiting ?? 0);
  return known({
    at: now.at,
    seconds,
    cpu: over(busy, 1e9),
    cpuUse: busy === undefined || !all ? undefined : (busy / all) * 100,
    cpuIoWait: over(waiting, 1e9),
    memoryUsed: now.memoryTotal === undefined || now.memoryAvailable === undefined ? undefined : now.memoryTotal - now.memoryAvailable,
    memoryAvailable: now.memoryAvailable,
  });
}
