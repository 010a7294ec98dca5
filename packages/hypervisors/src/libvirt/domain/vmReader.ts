import { hash } from "node:crypto";
import { constants as c, LibvirtError } from "@polyvisor/protocol-libvirt";
import type { Domain } from "@polyvisor/protocol-libvirt";
import type { Snapshot, VmFacts } from "@polyvisor/model";
import { isLibvirt, isUnsupported } from "../failure.ts";
import { isTestGuest } from "../host/accelerationProbe.ts";
import { pipelined } from "../pipelined.ts";
import type { Session } from "../session.ts";
import { parseXml } from "../xml/parseXml.ts";
import { element } from "../xml/xmlNode.ts";
import type { XmlElement } from "../xml/xmlNode.ts";
import { describedVm } from "./describedVm.ts";
import type { DescribedVm } from "./describedVm.ts";
import { isActive, vmState } from "./domainState.ts";
import { pendingFields } from "./pendingFields.ts";
import { readSnapshots } from "./readSnapshots.ts";
import { listVms, lookAtVm } from "./vmListing.ts";
import type { VmListEntry } from "./vmListing.ts";

/** What other parts of the inventory know about a VM's parts. */
export interface VmSurroundings {
  /** Addresses seen for a MAC address. */
  addresses(mac: string): readonly string[];
  /** Sizes of the data at a path or `pool/volume`. */
  sizes(source: string): { capacity: number; allocation: number } | undefined;
}

interface KnownVm {
  entry: VmListEntry;
  /** Digests of the descriptions that the rest was made of: an unchanged one is not parsed again. */
  liveDigest: string;
  nextDigest: string;
  described: DescribedVm;
  pending: string[];
  snapshots: Snapshot[];
}

const digest = (xml: string): string => hash("sha1", xml, "base64");

/** Reads VMs of an endpoint and keeps what it read, so that reading again costs little. */
export class VmReader {
  readonly #session: Session;
  readonly #around: VmSurroundings;
  readonly #known = new Map<string, KnownVm>();
  /** Sizes that the hypervisor told for the disks of a VM, by target. */
  readonly #diskSizes = new Map<string, Map<string, { capacity?: number; allocation?: number }>>();

  constructor(session: Session, around: VmSurroundings) {
    this.#session = session;
    this.#around = around;
  }

  /** All VMs. */
  async readAll(signal?: AbortSignal): Promise<VmFacts[]> {
    const [entries] = await Promise.all([listVms(this.#session, signal), this.readDiskSizes(signal)]);
    for (const uuid of this.#known.keys()) if (!entries.has(uuid)) this.#forget(uuid);
    await pipelined(entries.values().toArray(), (entry) => this.#learn(entry, signal));
    return [...entries.keys()].flatMap((uuid) => this.facts(uuid) ?? []);
  }

  /** One VM as it is now; undefined where it is gone. */
  async readOne(dom: Domain, signal?: AbortSignal): Promise<VmFacts | undefined> {
    if (isTestGuest(dom.name)) return undefined;
    // State and descriptions are asked for together, to be at most one round trip older than the event.
    const active = this.#known.get(dom.uuid);
    const [entry, live, next] = await Promise.all([
      lookAtVm(this.#session, dom, signal),
      this.#xml(dom, 0, signal),
      this.#xml(dom, c.VIR_DOMAIN_XML_INACTIVE, signal),
    ]);
    if (!entry || live === undefined || next === undefined) {
      this.#forget(dom.uuid);
      return undefined;
    }
    // The lookup's own name may be old: a rename's events still carry it.
    const name = /<name>([^<]*)<\/name>/.exec(live)?.[1];
    if (name !== undefined && !name.includes("&")) entry.dom = { ...entry.dom, name };
    await this.#take(entry, live, next, signal);
    const known = this.#known.get(dom.uuid);
    if (known && isActive(entry.state) && known.liveDigest !== active?.liveDigest && known.described.disks.length > 0)
      await this.readDiskSizes(signal, entry.dom);
    return this.facts(dom.uuid);
  }

  /** Compares lists with what is known and gives the VMs that differ in anything a list tells, and those that are gone. */
  async changedSince(signal?: AbortSignal): Promise<{ changed: Domain[]; gone: string[]; all: Domain[] }> {
    const entries = await listVms(this.#session, signal);
    const changed: Domain[] = [];
    for (const [uuid, entry] of entries) {
      const known = this.#known.get(uuid)?.entry;
      if (
        !known ||
        known.state !== entry.state ||
        known.reason !== entry.reason ||
        known.persistent !== entry.persistent ||
        known.autostart !== entry.autostart ||
        known.managedSave !== entry.managedSave ||
        known.hasSnapshots !== entry.hasSnapshots ||
        known.dom.name !== entry.dom.name
      )
        changed.push(entry.dom);
    }
    const gone = [...this.#known.keys()].filter((uuid) => !entries.has(uuid));
    return { changed, gone, all: [...entries.values()].map(({ dom }) => dom) };
  }

  /** Whether a VM's descriptions or snapshots differ from what is known: for what libvirt has no event for. */
  async edited(dom: Domain, signal?: AbortSignal): Promise<boolean> {
    const known = this.#known.get(dom.uuid);
    if (!known) return true;
    const both = isActive(known.entry.state) && known.entry.persistent;
    const [live, next, snapshots] = await Promise.all([
      this.#xml(dom, 0, signal),
      both ? this.#xml(dom, c.VIR_DOMAIN_XML_INACTIVE, signal) : undefined,
      known.entry.hasSnapshots ? readSnapshots(this.#session, dom, signal) : known.snapshots,
    ]);
    if (live === undefined) return true;
    return (
      digest(live) !== known.liveDigest || (both && digest(next ?? "") !== known.nextDigest) || JSON.stringify(snapshots) !== JSON.stringify(known.snapshots)
    );
  }

  /** Facts put together from what was read last. */
  facts(uuid: string): VmFacts | undefined {
    const known = this.#known.get(uuid);
    if (!known) return undefined;
    const { entry, described, pending, snapshots } = known;
    const sizes = this.#diskSizes.get(uuid);
    const { agentConnected: _, ...rest } = described;
    return {
      ...rest,
      ...vmState(entry.state, entry.reason, entry.managedSave),
      persistent: entry.persistent,
      autostart: entry.autostart,
      acceleration: accelerationOf(described),
      disks: described.disks.map((disk) => {
        const size = sizes?.get(disk.target);
        const volume = disk.source === undefined ? undefined : this.#around.sizes(disk.source);
        return { ...disk, capacity: volume?.capacity ?? size?.capacity, allocation: volume?.allocation ?? size?.allocation };
      }),
      // A lease outlives its guest, but a guest that is off has no address.
      nics: described.nics.map((nic) => ({
        ...nic,
        addresses: [...new Set([...nic.addresses, ...(isActive(entry.state) ? this.#around.addresses(nic.mac) : [])])],
      })),
      snapshots,
      pending,
    };
  }

  /** VMs that are active now, as last read, with whether their agent can be asked. */
  active(): { dom: Domain; agent: boolean }[] {
    return [...this.#known.values()]
      .filter(({ entry }) => isActive(entry.state))
      .map(({ entry, described }) => ({ dom: entry.dom, agent: described.agentConnected }));
  }

  /** Every MAC address and source that a VM uses, to find whom a new lease or size concerns. */
  uuids(): IterableIterator<string> {
    return this.#known.keys();
  }

  /** Asks once for the sizes of all disks (or of one VM's). A VM that is busy is passed over: it keeps the sizes known. */
  async readDiskSizes(signal?: AbortSignal, only?: Domain): Promise<void> {
    try {
      const { retStats } = await this.#session.call.connectGetAllDomainStats(
        { doms: only ? [only] : [], stats: c.VIR_DOMAIN_STATS_BLOCK, flags: c.VIR_CONNECT_GET_ALL_DOMAINS_STATS_NOWAIT },
        { signal, timeoutMs: only ? 1_000 : 10_000 },
      );
      for (const { dom, params } of retStats) {
        const count = Number(params["block.count"] ?? 0);
        const sizes = new Map<string, { capacity?: number; allocation?: number }>();
        for (let i = 0; i < count; i++) {
          const capacity = params[`block.${i}.capacity`];
          const physical = params[`block.${i}.physical`];
          const allocation = params[`block.${i}.allocation`];
          if (capacity !== undefined)
            sizes.set(String(params[`block.${i}.name`]), { capacity: Number(capacity), allocation: Number(physical ?? allocation ?? 0) });
        }
        if (sizes.size > 0) this.#diskSizes.set(dom.uuid, sizes);
      }
    } catch (error) {
      signal?.throwIfAborted();
      if (!isUnsupported(error)) this.#session.log("debug", "disk sizes could not be read", { error: String(error) });
    }
  }

  #forget(uuid: string): void {
    this.#known.delete(uuid);
    this.#diskSizes.delete(uuid);
  }

  async #learn(entry: VmListEntry, signal?: AbortSignal): Promise<void> {
    const both = isActive(entry.state) && entry.persistent;
    try {
      const [live, next] = await Promise.all([this.#xml(entry.dom, 0, signal), both ? this.#xml(entry.dom, c.VIR_DOMAIN_XML_INACTIVE, signal) : undefined]);
      if (live === undefined) this.#forget(entry.dom.uuid);
      else await this.#take(entry, live, next ?? live, signal);
    } catch (error) {
      // One VM that the endpoint cannot describe must not hide the others: it is shown as it was, or with what the lists tell.
      if (!(error instanceof LibvirtError)) throw error;
      this.#session.log("warn", "a VM could not be read", { vm: entry.dom.name, error: String(error) });
      const before = this.#known.get(entry.dom.uuid);
      const described = before?.described ?? describedVm(bare(entry.dom));
      this.#known.set(entry.dom.uuid, { liveDigest: "", nextDigest: "", pending: [], snapshots: [], ...before, entry, described });
    }
  }

  async #take(entry: VmListEntry, live: string, next: string, signal?: AbortSignal): Promise<void> {
    const before = this.#known.get(entry.dom.uuid);
    const both = isActive(entry.state) && entry.persistent;
    const liveDigest = digest(live);
    const nextDigest = both ? digest(next) : "";
    const snapshots = entry.hasSnapshots ? await readSnapshots(this.#session, entry.dom, signal) : [];
    const tree = before?.liveDigest === liveDigest && before.nextDigest === nextDigest ? undefined : this.#parse(live, entry.dom);
    const described = tree ? describedVm(tree) : before!.described;
    // Most drivers describe a running VM as the one to be started but for its number: then nothing is pending, and nothing more is parsed.
    const alike = !both || live.replace(/^(<domain [^>]*?) id='\d+'/, "$1") === next;
    const pending = tree ? (!alike ? pendingFields(tree, this.#parse(next, entry.dom)) : []) : before!.pending;
    this.#known.set(entry.dom.uuid, { entry, liveDigest, nextDigest, described, pending, snapshots });
  }

  /** One VM whose description cannot be read must not hide the others: it is shown with what the lists tell. */
  #parse(xml: string, dom: Domain): XmlElement {
    try {
      return parseXml(xml, `the description of VM "${dom.name}"`);
    } catch (error) {
      this.#session.log("warn", "a VM's description cannot be read", { vm: dom.name, error: String(error) });
      return bare(dom);
    }
  }

  async #xml(dom: Domain, flags: number, signal?: AbortSignal): Promise<string | undefined> {
    try {
      return (await this.#session.call.domainGetXmlDesc({ dom, flags }, { signal })).xml;
    } catch (error) {
      if (isLibvirt(error, "NO_DOMAIN")) return undefined;
      throw error;
    }
  }
}

/** What is known of a VM whose description is not. */
function bare(dom: Domain): XmlElement {
  return element("domain", { type: "unknown" }, element("name", {}, dom.name), element("uuid", {}, dom.uuid));
}

function accelerationOf(vm: DescribedVm): VmFacts["acceleration"] {
  switch (vm.virtType) {
    case "kvm":
    case "hvf":
    case "bhyve":
    case "vmware":
    case "hyperv":
      return "hardware";
    case "qemu":
      return "emulated";
    case "xen":
      return vm.firmware === "none" ? "paravirtual" : "hardware";
    case "lxc":
    case "openvz":
    case "vz":
      return "container";
    default:
      return "none";
  }
}
