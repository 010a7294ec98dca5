import type { HostSample, Samples, VmSample } from "@polyvisor/model";
import { constants as c } from "@polyvisor/protocol-libvirt";
import type { Domain, TypedParams } from "@polyvisor/protocol-libvirt";
import { isLibvirt, isUnsupported } from "./failure.ts";
import { isTestGuest } from "./host/accelerationProbe.ts";
import { pipelined } from "./pipelined.ts";
import type { Session } from "./session.ts";

const wanted = c.VIR_DOMAIN_STATS_CPU_TOTAL | c.VIR_DOMAIN_STATS_BALLOON | c.VIR_DOMAIN_STATS_VCPU | c.VIR_DOMAIN_STATS_INTERFACE | c.VIR_DOMAIN_STATS_BLOCK;

/** Measures the host and all active VMs, in one call for all VMs where the driver has it. A VM that is busy tells less, and delays nobody. */
export async function readSamples(session: Session, signal?: AbortSignal): Promise<Samples> {
  const [host, vms] = await Promise.all([readHostSample(session, signal), readVmSamples(session, signal)]);
  return { host, vms };
}

async function readVmSamples(session: Session, signal?: AbortSignal): Promise<VmSample[]> {
  try {
    const flags = c.VIR_CONNECT_GET_ALL_DOMAINS_STATS_ACTIVE | c.VIR_CONNECT_GET_ALL_DOMAINS_STATS_NOWAIT;
    const { retStats } = await session.call.connectGetAllDomainStats({ doms: [], stats: wanted, flags }, { signal });
    const at = session.now();
    const shown = retStats.filter(({ dom }) => !isTestGuest(dom.name));
    const samples = shown.map(({ dom, params }) => vmSample(dom.uuid, at, params));
    // A driver that knows the call but only the states (libvirt's test driver) is asked for each VM's processor time.
    const bare = shown.filter(({ params }) => params["cpu.time"] === undefined && params["balloon.current"] === undefined);
    if (bare.length === 0 || bare.length < shown.length) return samples;
    return await oneByOne(
      session,
      bare.map(({ dom }) => dom),
      signal,
    );
  } catch (error) {
    if (!isUnsupported(error)) throw error;
    const { domains } = await session.call.connectListAllDomains({ needResults: 1, flags: c.VIR_CONNECT_LIST_DOMAINS_ACTIVE }, { signal });
    return oneByOne(session, domains, signal);
  }
}

/** Makes a sample of what the one call told. */
export function vmSample(nativeId: string, at: number, params: TypedParams): VmSample {
  const number = (name: string): number | undefined => (params[name] === undefined ? undefined : Number(params[name]));
  const kib = (name: string): number | undefined => (params[name] === undefined ? undefined : Number(params[name]) * 1024);
  const sum = (group: string, field: string): number | undefined => {
    const count = Number(params[`${group}.count`] ?? params[`${group}.maximum`] ?? 0);
    let total: number | undefined;
    for (let i = 0; i < count; i++) {
      const value = params[`${group}.${i}.${field}`];
      if (value !== undefined) total = (total ?? 0) + Number(value);
    }
    return total;
  };
  const names = (group: string): string | undefined => {
    const count = Number(params[`${group}.count`] ?? 0);
    return count === 0 ? undefined : Array.from({ length: count }, (_, i) => String(params[`${group}.${i}.name`] ?? i)).join(" ");
  };
  const available = kib("balloon.available");
  const usable = kib("balloon.usable") ?? kib("balloon.unused");
  return {
    nativeId,
    at,
    cpuTimeNs: number("cpu.time"),
    // Both are time in a run queue; `wait` is told where the host's kernel keeps scheduler statistics only.
    cpuWaitNs: sum("vcpu", "delay") ?? sum("vcpu", "wait"),
    vcpus: number("vcpu.current"),
    memoryGranted: kib("balloon.current"),
    memoryUsed: available !== undefined && usable !== undefined ? Math.max(0, available - usable) : undefined,
    memoryAvailable: usable,
    memoryResident: kib("balloon.rss"),
    disks: names("block"),
    diskReadBytes: sum("block", "rd.bytes"),
    diskWriteBytes: sum("block", "wr.bytes"),
    diskReads: sum("block", "rd.reqs"),
    diskWrites: sum("block", "wr.reqs"),
    diskReadNs: sum("block", "rd.times"),
    diskWriteNs: sum("block", "wr.times"),
    nics: names("net"),
    netReceiveBytes: sum("net", "rx.bytes"),
    netTransmitBytes: sum("net", "tx.bytes"),
  };
}

async function oneByOne(session: Session, domains: Domain[], signal?: AbortSignal): Promise<VmSample[]> {
  const samples = await pipelined(domains, async (dom): Promise<VmSample | undefined> => {
    try {
      const [info, stats] = await Promise.all([
        session.call.domainGetInfo({ dom }, { signal }),
        session.call.domainMemoryStats({ dom, maxStats: c.VIR_DOMAIN_MEMORY_STAT_NR }, { signal }).catch(() => ({ stats: [] })),
      ]);
      const stat = (tag: number): number | undefined => {
        const value = stats.stats.find((each) => each.tag === tag)?.val;
        return value === undefined ? undefined : Number(value) * 1024;
      };
      return {
        nativeId: dom.uuid,
        at: session.now(),
        cpuTimeNs: Number(info.cpuTime),
        vcpus: info.nrVirtCpu,
        memoryGranted: Number(info.memory) * 1024,
        memoryResident: stat(c.VIR_DOMAIN_MEMORY_STAT_RSS),
      };
    } catch (error) {
      if (isLibvirt(error, "NO_DOMAIN", "OPERATION_INVALID")) return undefined;
      throw error;
    }
  });
  return samples.filter((sample) => sample !== undefined);
}

async function readHostSample(session: Session, signal?: AbortSignal): Promise<HostSample> {
  const or = async <T>(answer: Promise<T>): Promise<T | undefined> => {
    try {
      return await answer;
    } catch (error) {
      if (isUnsupported(error) || isLibvirt(error, "INTERNAL_ERROR", "INVALID_ARG")) return undefined;
      throw error;
    }
  };
  const [cpu, memory] = await Promise.all([or(cpuStats(session, signal)), or(memoryStats(session, signal))]);
  const of = (stats: { field: string; value: bigint }[] | undefined, name: string): number | undefined => {
    const value = stats?.find(({ field }) => field === name)?.value;
    return value === undefined ? undefined : Number(value);
  };
  const kib = (name: string): number | undefined => {
    const value = of(memory, name);
    return value === undefined ? undefined : value * 1024;
  };
  const free = kib("free");
  return {
    at: session.now(),
    cpuUserNs: of(cpu, "user"),
    cpuSystemNs: of(cpu, "kernel"),
    cpuIdleNs: of(cpu, "idle"),
    cpuIoWaitNs: of(cpu, "iowait"),
    memoryTotal: kib("total"),
    memoryAvailable: free === undefined ? undefined : free + (kib("buffers") ?? 0) + (kib("cached") ?? 0),
  };
}

type Stats = { field: string; value: bigint }[];
// libvirt wants to be asked for exactly as many figures as it has, and tells how many when asked for none.
const counts = new WeakMap<Session, { cpu?: number; memory?: number }>();

function countsOf(session: Session): { cpu?: number; memory?: number } {
  const known = counts.get(session) ?? {};
  counts.set(session, known);
  return known;
}

/** Nanoseconds of all processors by kind, since the host's boot. */
export async function cpuStats(session: Session, signal?: AbortSignal): Promise<Stats> {
  const known = countsOf(session);
  const cpuNum = c.VIR_NODE_CPU_STATS_ALL_CPUS;
  known.cpu ??= (await session.call.nodeGetCpuStats({ cpuNum, nparams: 0 }, { signal })).nparams;
  return (await session.call.nodeGetCpuStats({ cpuNum, nparams: known.cpu }, { signal })).params;
}

/** Bytes of the host's memory, all of it. */
export async function hostMemory(session: Session, signal?: AbortSignal): Promise<number | undefined> {
  const total = (await memoryStats(session, signal)).find(({ field }) => field === "total")?.value;
  return total === undefined ? undefined : Number(total) * 1024;
}

async function memoryStats(session: Session, signal?: AbortSignal): Promise<Stats> {
  const known = countsOf(session);
  const cellNum = c.VIR_NODE_MEMORY_STATS_ALL_CELLS;
  known.memory ??= (await session.call.nodeGetMemoryStats({ nparams: 0, cellNum }, { signal })).nparams;
  return (await session.call.nodeGetMemoryStats({ nparams: known.memory, cellNum }, { signal })).params;
}
