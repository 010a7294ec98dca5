import { PolyvisorError, type Host, type HostFacts } from "@polyvisor/model";
import type { Logger } from "pino";

/** Which endpoints are taken: by URI, and by machine and kind of hypervisor. Taken at once, so that two requests cannot both have one. */
export class Endpoints {
  readonly #owners = new Map<string, string>();
  readonly #keys = new Map<string, Set<string>>();
  readonly #nameOf: (hostId: string) => string;

  constructor(nameOf: (hostId: string) => string) {
    this.#nameOf = nameOf;
  }

  /** @param facts as the host tells now: a machine that it was before is given up. @throws PolyvisorError `conflict` when another host has it */
  take(hostId: string, uri: string, facts?: HostFacts): void {
    this.#claim(hostId, `uri ${uri}`, "is at this URI already");
    if (!facts) return;
    const machine = machineOf(facts);
    this.#leaveOtherMachines(hostId, machine);
    if (machine !== undefined) this.#claim(hostId, machine, `is the same machine (${facts.hostname}) with the same kind of hypervisor`);
  }

  /** Of the hosts that are known at the start. */
  takeAll(hosts: Iterable<Host>, log: Logger): void {
    for (const host of hosts) {
      try {
        this.take(host.id, host.uri, host.facts);
      } catch (error) {
        log.warn({ host: host.name, err: error }, "two hosts are the same endpoint");
      }
    }
  }

  /** It is committed that the host has it, whoever else was about to take it. */
  given(hostId: string, uri: string, facts: HostFacts): void {
    const machine = machineOf(facts);
    this.#leaveOtherMachines(hostId, machine);
    this.#set(hostId, `uri ${uri}`);
    if (machine !== undefined) this.#set(hostId, machine);
  }

  release(hostId: string): void {
    for (const key of this.#keys.get(hostId) ?? []) if (this.#owners.get(key) === hostId) this.#owners.delete(key);
    this.#keys.delete(hostId);
  }

  /** The id of the host at a URI. */
  ownerOf(uri: string): string | undefined {
    return this.#owners.get(`uri ${uri}`);
  }

  #claim(hostId: string, key: string, why: string): void {
    const owner = this.#owners.get(key);
    if (owner === hostId) return;
    if (owner !== undefined)
      throw new PolyvisorError("conflict", {
        detail: `the host ${this.#nameOf(owner)} ${why}`,
        where: "uri",
        remedy: "Use that host; a machine is managed through one connection only.",
      });
    this.#set(hostId, key);
  }

  #set(hostId: string, key: string): void {
    this.#owners.set(key, hostId);
    const keys = this.#keys.get(hostId);
    if (keys) keys.add(key);
    else this.#keys.set(hostId, new Set([key]));
  }

  /** The host was set up anew, or another machine stands at its address: the former one is free for whoever has it now. */
  #leaveOtherMachines(hostId: string, machine: string | undefined): void {
    const keys = this.#keys.get(hostId);
    for (const key of keys ?? []) {
      if (!key.startsWith(machineKey) || key === machine) continue;
      keys!.delete(key);
      if (this.#owners.get(key) === hostId) this.#owners.delete(key);
    }
  }
}

const machineKey = "machine ";
const machineOf = ({ machineId, hypervisor }: HostFacts): string | undefined => (machineId ? `${machineKey}${machineId} ${hypervisor.type}` : undefined);
