import type { HostFacts, Inventory, VmFacts } from "@polyvisor/model";
import { constants as c } from "@polyvisor/protocol-libvirt";
import type { Domain } from "@polyvisor/protocol-libvirt";
import { VmReader } from "./domain/vmReader.ts";
import type { AccelerationProbe } from "./host/accelerationProbe.ts";
import { readHost } from "./host/hostReader.ts";
import type { Device } from "./host/hostReader.ts";
import { NetworkReader } from "./network/networkReader.ts";
import { pipelined } from "./pipelined.ts";
import type { Session } from "./session.ts";
import { DatastoreReader } from "./storage/datastoreReader.ts";

/** Reads everything that an endpoint has and keeps what several parts need from each other. */
export class EndpointReader {
  readonly session: Session;
  readonly vms: VmReader;
  readonly datastores: DatastoreReader;
  readonly networks: NetworkReader;
  readonly #devices: Map<string, Device> | undefined;
  readonly #acceleration: AccelerationProbe;
  /** Addresses that agents told, by MAC. */
  readonly #agentAddresses = new Map<string, readonly string[]>();

  constructor(session: Session, acceleration: AccelerationProbe, devices: boolean) {
    this.session = session;
    this.#devices = devices ? new Map() : undefined;
    this.#acceleration = acceleration;
    this.datastores = new DatastoreReader(session);
    this.networks = new NetworkReader(session);
    this.vms = new VmReader(session, {
      addresses: (mac) => [...this.networks.leased(mac), ...(this.#agentAddresses.get(mac) ?? [])],
      sizes: (source) => this.datastores.sizes(source),
    });
  }

  /** Everything there is. */
  async inventory(signal?: AbortSignal): Promise<Inventory> {
    const networks = this.networks.readAll(signal);
    const leases = networks.then(() => this.networks.readLeases(signal));
    const [host] = await Promise.all([this.host(signal), this.vms.readAll(signal), this.datastores.readAll("anew", signal), networks, leases]);
    // Whoever read a part again while another part was read knows it better.
    return { host, vms: this.known(), datastores: this.datastores.known(), networks: this.networks.known() };
  }

  /** The host; the probe of its acceleration runs beside and is told as a change when it is done. */
  async host(signal?: AbortSignal): Promise<HostFacts> {
    const { facts, capabilities } = await readHost(this.session, this.#devices, signal);
    return { ...facts, acceleration: this.#acceleration.now(capabilities) };
  }

  /** All VMs as last read. */
  known(): VmFacts[] {
    return [...this.vms.uuids()].flatMap((uuid) => this.vms.facts(uuid) ?? []);
  }

  /**
   * Asks the agents of running guests for addresses. Only those that hold their channel open are asked, a few at a
   * time and each for a short time: a guest whose agent hangs delays nobody.
   * @returns the VMs whose addresses changed
   */
  async readAgentAddresses(signal: AbortSignal, only?: Domain): Promise<string[]> {
    const changed: string[] = [];
    const asked = this.vms.active().filter(({ dom, agent }) => (only === undefined ? agent : dom.uuid === only.uuid));
    await pipelined(
      asked,
      async ({ dom }) => {
        try {
          const { ifaces } = await this.session.call.domainInterfaceAddresses(
            { dom, source: c.VIR_DOMAIN_INTERFACE_ADDRESSES_SRC_AGENT },
            { signal, timeoutMs: 3_000 },
          );
          for (const { hwaddr, addrs } of ifaces) {
            const mac = hwaddr?.toLowerCase();
            if (!mac || mac === "00:00:00:00:00:00") continue;
            const addresses = addrs.map(({ addr }) => addr).filter((addr) => !addr.startsWith("fe80:"));
            if (JSON.stringify(addresses) === JSON.stringify(this.#agentAddresses.get(mac) ?? [])) continue;
            this.#agentAddresses.set(mac, addresses);
            changed.push(dom.uuid);
          }
        } catch (error) {
          signal.throwIfAborted();
          this.session.log("debug", "a guest's agent did not tell its addresses", { vm: dom.name, error: String(error) });
        }
      },
      4,
    );
    // A VM that stopped has no addresses any more, and its MAC may come back elsewhere.
    if (!only) {
      const inUse = new Set(
        this.known()
          .filter((vm) => vm.state !== "off")
          .flatMap((vm) => vm.nics.map((nic) => nic.mac)),
      );
      for (const mac of this.#agentAddresses.keys()) if (!inUse.has(mac)) this.#agentAddresses.delete(mac);
    }
    return changed;
  }
}
