import { constants as c } from "@polyvisor/protocol-libvirt";
import type { Domain } from "@polyvisor/protocol-libvirt";
import { isLibvirt, isUnsupported } from "../failure.ts";
import { isTestGuest } from "../host/accelerationProbe.ts";
import { pipelined } from "../pipelined.ts";
import type { Session } from "../session.ts";

/** What the lists tell of a VM without reading its description. */
export interface VmListEntry {
  dom: Domain;
  state: number;
  reason: number;
  persistent: boolean;
  autostart: boolean;
  managedSave: boolean;
  hasSnapshots: boolean;
}

const filters = {
  persistent: c.VIR_CONNECT_LIST_DOMAINS_PERSISTENT,
  autostart: c.VIR_CONNECT_LIST_DOMAINS_AUTOSTART,
  managedSave: c.VIR_CONNECT_LIST_DOMAINS_MANAGEDSAVE,
  hasSnapshots: c.VIR_CONNECT_LIST_DOMAINS_HAS_SNAPSHOT,
} as const;

/**
 * All VMs with their states and flags in six calls sent at once, however many there are: the flags come as filtered
 * lists, the states as one call where the driver has it and one small call a VM where not.
 */
export async function listVms(session: Session, signal?: AbortSignal): Promise<Map<string, VmListEntry>> {
  const { call } = session;
  const listed = (flags: number): Promise<Domain[]> => call.connectListAllDomains({ needResults: 1, flags }, { signal }).then((answer) => answer.domains);
  // A driver that has no snapshots, or keeps no memory, may not know the filter either.
  const filtered = (flags: number): Promise<Domain[]> =>
    listed(flags).catch((error: unknown) => {
      if (isUnsupported(error)) return [];
      throw error;
    });
  const [all, persistent, autostart, managedSave, hasSnapshots, states] = await Promise.all([
    listed(0),
    listed(filters.persistent),
    listed(filters.autostart),
    filtered(filters.managedSave),
    filtered(filters.hasSnapshots),
    statesAtOnce(session, signal),
  ]);
  const uuids = (domains: Domain[]): Set<string> => new Set(domains.map((dom) => dom.uuid));
  const flags = { persistent: uuids(persistent), autostart: uuids(autostart), managedSave: uuids(managedSave), hasSnapshots: uuids(hasSnapshots) };
  const entries = new Map<string, VmListEntry>();
  const stateless: Domain[] = [];
  for (const dom of all) {
    if (isTestGuest(dom.name)) continue;
    const known = states?.get(dom.uuid);
    if (!known) stateless.push(dom);
    entries.set(dom.uuid, {
      dom,
      state: known?.state ?? 0,
      reason: known?.reason ?? 0,
      persistent: flags.persistent.has(dom.uuid),
      autostart: flags.autostart.has(dom.uuid),
      managedSave: flags.managedSave.has(dom.uuid),
      hasSnapshots: flags.hasSnapshots.has(dom.uuid),
    });
  }
  await pipelined(stateless, async (dom) => {
    try {
      Object.assign(entries.get(dom.uuid)!, await call.domainGetState({ dom }, { signal }));
    } catch (error) {
      if (!isLibvirt(error, "NO_DOMAIN")) throw error;
      entries.delete(dom.uuid);
    }
  });
  return entries;
}

async function statesAtOnce(session: Session, signal: AbortSignal | undefined): Promise<Map<string, { state: number; reason: number }> | undefined> {
  try {
    const { retStats } = await session.call.connectGetAllDomainStats({ doms: [], stats: c.VIR_DOMAIN_STATS_STATE, flags: 0 }, { signal });
    return new Map(retStats.map(({ dom, params }) => [dom.uuid, { state: Number(params["state.state"] ?? 0), reason: Number(params["state.reason"] ?? 0) }]));
  } catch (error) {
    if (isUnsupported(error)) return undefined;
    throw error;
  }
}

/** The same for one VM, by calls of its own sent at once; undefined where it is gone. */
export async function lookAtVm(session: Session, dom: Domain, signal?: AbortSignal): Promise<VmListEntry | undefined> {
  const { call } = session;
  const or = async <T>(answer: Promise<T>, without: T): Promise<T> => {
    try {
      return await answer;
    } catch (error) {
      if (isUnsupported(error) || isLibvirt(error, "OPERATION_INVALID")) return without;
      throw error;
    }
  };
  try {
    const [{ state, reason }, { persistent }, { autostart }, { result }, { num }] = await Promise.all([
      call.domainGetState({ dom }, { signal }),
      call.domainIsPersistent({ dom }, { signal }),
      or(call.domainGetAutostart({ dom }, { signal }), { autostart: 0 }),
      or(call.domainHasManagedSaveImage({ dom }, { signal }), { result: 0 }),
      or(call.domainSnapshotNum({ dom }, { signal }), { num: 0 }),
    ]);
    return { dom, state, reason, persistent: persistent !== 0, autostart: autostart !== 0, managedSave: result !== 0, hasSnapshots: num > 0 };
  } catch (error) {
    if (isLibvirt(error, "NO_DOMAIN")) return undefined;
    throw error;
  }
}
