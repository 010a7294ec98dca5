import { constants as c, LibvirtError } from "@polyvisor/protocol-libvirt";
import type { Network } from "@polyvisor/protocol-libvirt";
import type { NetworkFacts } from "@polyvisor/model";
import { isLibvirt, isUnsupported } from "../failure.ts";
import { InTurn } from "../inTurn.ts";
import { pipelined } from "../pipelined.ts";
import type { Session } from "../session.ts";
import { parseXml } from "../xml/parseXml.ts";
import { attribute, child, children } from "../xml/xmlNode.ts";

/** Reads networks and the leases that their DHCP servers gave. */
export class NetworkReader {
  readonly #session: Session;
  readonly #known = new Map<string, NetworkFacts>();
  readonly #leases = new Map<string, readonly string[]>();
  readonly #leasesOf = new Map<string, readonly { mac: string; address: string }[]>();
  readonly #turns = new InTurn();
  #supported = true;
  #leasesSupported = true;

  constructor(session: Session) {
    this.#session = session;
  }

  /** All networks. */
  readAll(signal?: AbortSignal): Promise<NetworkFacts[]> {
    return this.#turns.run(() => this.#readAll(signal));
  }

  /** All networks as last read. */
  known(): NetworkFacts[] {
    return [...this.#known.values()];
  }

  async #readAll(signal?: AbortSignal): Promise<NetworkFacts[]> {
    if (!this.#supported) return [];
    const { call } = this.#session;
    try {
      const listed = (flags: number): Promise<Network[]> => call.connectListAllNetworks({ needResults: 1, flags }, { signal }).then((answer) => answer.nets);
      const [all, active, autostart] = await Promise.all([
        listed(0),
        listed(c.VIR_CONNECT_LIST_NETWORKS_ACTIVE),
        listed(c.VIR_CONNECT_LIST_NETWORKS_AUTOSTART),
      ]);
      const activeIds = new Set(active.map((net) => net.uuid));
      const autostartIds = new Set(autostart.map((net) => net.uuid));
      const read = await pipelined(all, async (net) => {
        try {
          return networkOf((await call.networkGetXmlDesc({ net }, { signal })).xml, net, activeIds.has(net.uuid), autostartIds.has(net.uuid));
        } catch (error) {
          if (isLibvirt(error, "NO_NETWORK")) return undefined;
          if (!(error instanceof LibvirtError) || isUnsupported(error)) throw error;
          // One that cannot be described hides no other: it is shown as it was.
          this.#session.log("warn", "a network could not be read", { network: net.name, error: String(error) });
          return this.#known.get(net.uuid);
        }
      });
      const found = read.filter((each) => each !== undefined);
      this.#known.clear();
      for (const facts of found) this.#known.set(facts.nativeId, facts);
      return found;
    } catch (error) {
      if (!isUnsupported(error)) throw error;
      this.#supported = false;
      return [];
    }
  }

  /** Reads the leases anew and gives the MAC addresses whose addresses changed. */
  async readLeases(signal?: AbortSignal): Promise<Set<string>> {
    const changed = new Set<string>();
    if (!this.#leasesSupported) return changed;
    const fresh = new Map<string, string[]>();
    const networks = [...this.#known.values()].filter((net) => net.active && net.dhcp);
    for (const uuid of this.#leasesOf.keys()) if (!networks.some(({ nativeId }) => nativeId === uuid)) this.#leasesOf.delete(uuid);
    await pipelined(networks, (net) => this.#readLeasesOf(net, signal), 8);
    for (const leases of this.#leasesOf.values()) for (const { mac, address } of leases) fresh.set(mac, [...(fresh.get(mac) ?? []), address]);
    for (const mac of new Set([...fresh.keys(), ...this.#leases.keys()]))
      if (JSON.stringify(fresh.get(mac)?.sort()) !== JSON.stringify(this.#leases.get(mac))) changed.add(mac);
    this.#leases.clear();
    for (const [mac, addresses] of fresh) this.#leases.set(mac, addresses);
    return changed;
  }

  /** Leases of one network; where they cannot be read they stay what they were, and those of others are read all the same. */
  async #readLeasesOf(net: NetworkFacts, signal?: AbortSignal): Promise<void> {
    try {
      const { leases } = await this.#session.call.networkGetDhcpLeases(
        { net: { name: net.name, uuid: net.nativeId }, needResults: 1 },
        { signal, timeoutMs: 5_000 },
      );
      this.#leasesOf.set(
        net.nativeId,
        leases.flatMap(({ mac, ipaddr }) => (mac && ipaddr ? [{ mac: mac.toLowerCase(), address: ipaddr }] : [])),
      );
    } catch (error) {
      signal?.throwIfAborted();
      if (isUnsupported(error)) this.#leasesSupported = false;
      else if (isLibvirt(error, "NO_NETWORK", "OPERATION_INVALID")) this.#leasesOf.delete(net.nativeId);
      else this.#session.log("debug", "leases could not be read", { network: net.name, error: String(error) });
    }
  }

  /** Addresses leased to a MAC address, as last read. */
  leased(mac: string): readonly string[] {
    return this.#leases.get(mac) ?? [];
  }
}

/** Reads a `<network>`. */
export function networkOf(xml: string, net: { name: string; uuid: string }, active: boolean, autostart: boolean): NetworkFacts {
  const root = parseXml(xml, `the description of network "${net.name}"`);
  const forward = child(root, "forward");
  const ips = children(root, "ip");
  return {
    nativeId: net.uuid,
    name: net.name,
    active,
    autostart,
    bridge: attribute(child(root, "bridge"), "name") ?? attribute(forward, "dev"),
    forward: forward ? (attribute(forward, "mode") ?? "nat") : "isolated",
    addresses: ips.flatMap((ip) => {
      const address = attribute(ip, "address");
      const prefix = attribute(ip, "prefix") ?? prefixOf(attribute(ip, "netmask"));
      return address ? [prefix === undefined ? address : `${address}/${prefix}`] : [];
    }),
    dhcp: ips.some((ip) => child(ip, "dhcp") !== undefined),
  };
}

function prefixOf(netmask: string | undefined): number | undefined {
  if (netmask === undefined || !/^\d{1,3}(\.\d{1,3}){3}$/.test(netmask)) return undefined;
  return netmask.split(".").reduce((bits, part) => bits + Number(part).toString(2).replaceAll("0", "").length, 0);
}
