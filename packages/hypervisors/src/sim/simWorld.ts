import { PolyvisorError, type Action } from "@polyvisor/model";
import { performOutside } from "./actions/perform.ts";
import { powerOff, powerOn, setState } from "./actions/power.ts";
import { Schedule } from "./schedule.ts";
import { SimDatastore } from "./simDatastore.ts";
import { SimHost } from "./simHost.ts";
import { isActive, type SimVm } from "./simVm.ts";
import { hostNumber, parseFault, parseSimUri, type SimOptions } from "./simUri.ts";

/**
 * One estate of simulated hosts, shared by all connections of this process. Hosts come to be when they are
 * first named and then live on, whoever disconnects.
 */
export class SimWorld {
  readonly estate: string;
  readonly schedule = new Schedule();
  readonly hosts = new Map<string, SimHost>();
  readonly #stores = new Map<string, SimDatastore>();
  readonly #where = new Map<string, SimHost>();

  constructor(estate: string) {
    this.estate = estate;
  }

  /** The host that the options name, made now if it is new, with the others of its cluster, since they share a datastore. */
  hostFor(options: SimOptions, name: string): SimHost {
    const known = this.hosts.get(name);
    if (known) return known;
    const number = hostNumber(name)!;
    const first = number - ((number - 1) % 8);
    const host = this.#make(options, name);
    for (let n = first; n < first + 8 && n <= options.hosts; n++) {
      const sibling = `host-${String(n).padStart(4, "0")}`;
      if (!this.hosts.has(sibling)) this.#make(options, sibling);
    }
    return host;
  }
  #make(options: SimOptions, name: string): SimHost {
    const host = new SimHost(this, name, options);
    this.hosts.set(name, host);
    for (const { store } of host.mounts.values()) if (store.shared && store.hosts.size > 1) host.touchStore(store);
    return host;
  }

  sharedStore(name: string): SimDatastore {
    let store = this.#stores.get(name);
    if (!store) this.#stores.set(name, (store = new SimDatastore({ name, type: "netfs", path: `/srv/${name}`, capacity: 64 * 1024 ** 4, shared: true })));
    return store;
  }

  /** The host that has a VM; every VM is on exactly one. */
  hostOf(uuid: string): SimHost | undefined {
    return this.#where.get(uuid);
  }
  place(uuid: string, host: SimHost): void {
    this.#where.set(uuid, host);
  }
  forget(uuid: string): void {
    this.#where.delete(uuid);
  }
  get vmCount(): number {
    return this.#where.size;
  }
}

const worlds = new Map<string, SimWorld>();

/** The world of an estate, made when it is first asked for. */
export function worldOf(estate: string): SimWorld {
  let world = worlds.get(estate);
  if (!world) worlds.set(estate, (world = new SimWorld(estate)));
  return world;
}

/** `hangInShutdown`: it was asked to power off and never gets there. */
export type GuestEvent = "crash" | "powerOff" | "sleep" | "ioError" | "hangInShutdown";

/** What a test or a demo can do to one host from outside. */
export interface SimHostControl {
  /** Breaks its connections; it can be connected again at once. */
  drop(): void;
  /** It answers nothing more, on any connection, until `unhang`. */
  hang(): void;
  unhang(): void;
  /** New connections are refused, as with a stopped daemon; those that are stay. */
  refuse(): void;
  accept(): void;
  /** The machine loses its power: running VMs are off and the host is unreachable. */
  kill(): void;
  /** It boots again; VMs with autostart are started. */
  revive(): void;
  /** Adds a rule, written as in the URI: `fail:vm.start:0.5`. */
  fault(rule: string): void;
  /** Takes back every rule that `fault` added. */
  clearFaults(): void;
  /** Does something behind Polyvisor's back, as another tool would: no features, no faults, no delays. */
  outside(action: Action): Promise<void>;
  /** Something that guests do by themselves. */
  guest(vm: string, event: GuestEvent): void;
  /** Native ids of its VMs. */
  vms(): string[];
}

/** The programmatic door to an estate. */
export interface SimControl {
  /** A host by name; made now when a URI is given and it is new. */
  host(nameOrUri: string): SimHostControl;
  /** Time stands still and moves by `advance` alone. */
  freezeTime(at?: number): void;
  advance(ms: number): Promise<void>;
  now(): number;
  /** The host that has a VM. */
  hostOf(vm: string): string | undefined;
  /** Forgets the estate: connections break, and the next one finds it as at the beginning. */
  reset(): void;
}

/** The door for tests and demos to the estate of that name in this process. */
export function simWorld(estate: string): SimControl {
  return {
    host: (nameOrUri) => controlOf(findHost(estate, nameOrUri)),
    freezeTime: (at) => worldOf(estate).schedule.freeze(at),
    advance: (ms) => worldOf(estate).schedule.advance(ms),
    now: () => worldOf(estate).schedule.now(),
    hostOf: (vm) => worldOf(estate).hostOf(vm)?.name,
    reset: () => {
      for (const host of worldOf(estate).hosts.values())
        host.drop(new PolyvisorError("hostUnreachable", { detail: `the simulated estate ${estate} was reset` }));
      worlds.delete(estate);
    },
  };
}

function findHost(estate: string, nameOrUri: string): SimHost {
  const world = worldOf(estate);
  if (nameOrUri.includes(":")) {
    const options = parseSimUri(new URL(nameOrUri));
    return world.hostFor(options, options.host ?? "host-0001");
  }
  const host = world.hosts.get(nameOrUri);
  if (!host) throw new PolyvisorError("notFound", { detail: `estate ${estate} has no host ${nameOrUri} yet; give its URI` });
  return host;
}

function controlOf(host: SimHost): SimHostControl {
  const vmOf = (id: string): SimVm => host.vms.get(id) ?? notThere(host, id);
  return {
    drop: () => host.drop(new PolyvisorError("hostUnreachable", { detail: `the connection to ${host.name} broke` })),
    hang: () => host.setHung(true),
    unhang: () => host.setHung(false),
    refuse: () => void (host.unreachable = new PolyvisorError("hostRefused", { detail: `${host.name} refuses connections` })),
    accept: () => void (host.unreachable = undefined),
    kill: () => {
      host.powerCycles++;
      host.unreachable = new PolyvisorError("hostUnreachable", { detail: `${host.name} has no power` });
      host.drop(host.unreachable);
      for (const vm of host.vms.values()) if (isActive(vm)) powerOff(host, vm, "off", "daemon", "the host lost its power");
    },
    revive: () => {
      host.unreachable = undefined;
      host.setHung(false);
      for (const vm of host.vms.values()) if (vm.autostart && vm.state === "off") startWithHost(host, vm);
    },
    fault: (rule) => void host.addedFaults.push(parseFault(rule)),
    clearFaults: () => void (host.addedFaults = []),
    outside: async (action) => void (await performOutside(host, action)),
    guest: (id, event) => {
      const vm = vmOf(id);
      if (vm.state !== "running" && vm.state !== "blocked") throw new PolyvisorError("wrongState", { detail: `${vm.name} does not run` });
      if (event === "crash") powerOff(host, vm, "crashed", "panicked", "crashed: panicked");
      else if (event === "powerOff") powerOff(host, vm, "off", "shutdown", "stopped: shutdown");
      else if (event === "hangInShutdown") setState(host, vm, "shuttingDown", "user", "the guest was asked to power off");
      else if (event === "sleep") setState(host, vm, "suspended", "unknown", "the guest went to sleep");
      else setState(host, vm, "paused", "ioerror", "suspended: ioerror");
    },
    vms: () => [...host.vms.keys()],
  };
}

function notThere(host: SimHost, id: string): never {
  throw new PolyvisorError("notFound", { detail: `${host.name} has no VM ${id}` });
}

/** One VM that cannot be started with its host does not keep the others from it. */
function startWithHost(host: SimHost, vm: SimVm): void {
  try {
    powerOn(host, vm, "booted", "the host booted");
  } catch {
    vm.reason = "failed";
    host.touch(vm, "stopped: failed");
  }
}
