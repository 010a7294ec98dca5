import {
  PolyvisorError,
  featureTable,
  type Change,
  type FeatureName,
  type FeatureTable,
  type HostFacts,
  type Inventory,
  type NetworkFacts,
  type Samples,
  type VmFacts,
} from "@polyvisor/model";
import { deepFreeze } from "./deepFreeze.ts";
import { hardwareOf } from "./hardware.ts";
import { bornVm, type BornVm } from "./population.ts";
import { dice, uuidOf } from "./seeded.ts";
import { SimDatastore, type Mount, type SimVolume } from "./simDatastore.ts";
import { factsOf, isActive, isRunning, type Hardware, type SimVm } from "./simVm.ts";
import { hostNumber, type FaultRule, type SimOptions } from "./simUri.ts";
import type { SimWorld } from "./simWorld.ts";

/** A connection, as its host sees it. */
export interface Listener {
  changed(change: Change): void;
  /** The connection breaks. */
  dropped(error: PolyvisorError): void;
  /** The host stopped or began to answer. */
  hungChanged(): void;
}

/** Memory that the hypervisor keeps for itself, as a share of the host's. */
const reserved = 0.02;

/** One simulated host with everything on it. It lives on without connections, as a real one does. */
export class SimHost {
  readonly world: SimWorld;
  readonly name: string;
  readonly key: string;
  readonly facts: HostFacts;
  readonly vms = new Map<string, SimVm>();
  readonly mounts = new Map<string, Mount>();
  readonly networks = new Map<string, NetworkFacts>();
  readonly listeners = new Set<Listener>();
  /** Ends the open consoles of a VM, each by its own function. */
  readonly hangUps = new Map<string, Set<() => void>>();
  /** Data whose datastore's definition was deleted, by path. */
  readonly leftData = new Map<string, SimDatastore>();
  /** Rules of the URI that it was last connected by, then those that a program added. */
  uriFaults: readonly FaultRule[];
  addedFaults: FaultRule[] = [];
  hung = false;
  /** Rises when it loses its power: what was under way then is not carried on. */
  powerCycles = 0;
  /** Why it cannot be reached; undefined when it can. */
  unreachable: PolyvisorError | undefined;
  options: SimOptions;
  features: FeatureTable;
  #bootedAt: number;
  #gone = { work: 0 };
  #idleNs = 0;
  #rolls = 0;
  #interfaces = 0;

  constructor(world: SimWorld, name: string, options: SimOptions) {
    this.world = world;
    this.name = name;
    this.options = options;
    this.uriFaults = options.faults;
    this.features = featuresWithout(options);
    this.key = `${options.seed}/${world.estate}/${name}`;
    const number = hostNumber(name) ?? 1;
    const cluster = Math.floor((number - 1) / 8) + 1;
    const local = new SimDatastore({ name: "local", type: "dir", path: "/var/lib/sim/images", capacity: 4 * 1024 ** 4, shared: false });
    const shared = world.sharedStore(`shared-${String(cluster).padStart(2, "0")}`);
    const now = world.schedule.now();
    this.#bootedAt = now - Math.floor((25 + 200 * dice(`${this.key}/uptime`)) * 86_400_000);
    const born: BornVm[] = [];
    for (let i = 0; i < options.vms; i++) born.push(bornVm(this.key, (number - 1) * options.vms + i + 1, shared.path, local.path, now, options.stubborn));
    const needed = born.reduce((sum, { vm }) => sum + (vm.live?.memory.current ?? 0), 0);
    this.facts = hardwareOf(this.key, `${options.seed}/${world.estate}/batch-${cluster}`, name, needed);
    for (const store of [local, shared]) this.mount(store);
    for (const { vm, volumes } of born) {
      this.vms.set(vm.uuid, vm);
      world.place(vm.uuid, this);
      for (const { store, ...volume } of volumes) (store === "shared" ? shared : local).put(volume);
    }
    for (const network of firstNetworks(this.key)) this.networks.set(network.name, network);
  }

  mount(store: SimDatastore): Mount {
    const mount: Mount = { store, nativeId: uuidOf(`${this.key}/datastore/${store.name}`), active: true, autostart: true };
    store.hosts.add(this);
    this.mounts.set(store.name, mount);
    return mount;
  }

  /** The volume behind a path on this host. */
  volumeAt(path: string): SimVolume | undefined {
    for (const { store, active } of this.mounts.values())
      if (active && path.startsWith(`${store.path}/`)) return store.volumes.get(path.slice(store.path.length + 1));
    return undefined;
  }

  factsOf(vm: SimVm): VmFacts {
    return (vm.facts ??= factsOf(vm, (path) => this.volumeAt(path)?.facts));
  }

  inventory(): Inventory {
    const has = (name: FeatureName): boolean => this.features[name].supported;
    return {
      host:
        has("host.numa") && has("host.devices")
          ? this.facts
          : { ...this.facts, numa: has("host.numa") ? this.facts.numa : [], devices: has("host.devices") ? this.facts.devices : [] },
      vms: Array.from(this.vms.values(), (vm) => this.factsOf(vm)),
      datastores: has("datastore.list") ? Array.from(this.mounts.values(), (mount) => mount.store.facts(mount)) : [],
      networks: has("network.list") ? [...this.networks.values()] : [],
    };
  }

  /** Tells everyone who is connected. */
  tell(change: Change): void {
    if ((change.type === "upsert" || change.type === "remove") && change.kind !== "vm" && !this.features[`${change.kind}.list`].supported) return;
    for (const listener of this.listeners) listener.changed(change);
  }
  /** The VM changed: makes its facts anew and tells. */
  touch(vm: SimVm, cause?: string): void {
    vm.facts = undefined;
    if (this.listeners.size > 0) this.tell({ type: "upsert", kind: "vm", facts: this.factsOf(vm), ...(cause === undefined ? {} : { cause }) });
  }
  /** The datastore's volumes changed: tells it on every host that has it. */
  touchStore(store: SimDatastore, cause?: string): void {
    for (const host of store.hosts)
      host.touchMount(
        [...host.mounts.values()].find((each) => each.store === store)!,
        cause,
      );
  }
  /** The datastore changed as this host has it; so do VMs whose disks' sizes are told otherwise now. */
  touchMount(mount: Mount, cause?: string): void {
    if (this.listeners.size > 0) this.tell({ type: "upsert", kind: "datastore", facts: mount.store.facts(mount), ...(cause === undefined ? {} : { cause }) });
    for (const vm of this.vms.values()) {
      if (!vm.facts || !(vm.live ?? vm.config).disks.some((disk) => disk.source?.startsWith(`${mount.store.path}/`))) continue;
      const before = JSON.stringify(vm.facts.disks);
      vm.facts = undefined;
      if (JSON.stringify(this.factsOf(vm).disks) !== before) this.touch(vm);
    }
  }

  /** Bytes that can still be given to VMs. */
  freeMemory(): number {
    let used = 0;
    for (const vm of this.vms.values()) used += vm.live?.memory.current ?? 0;
    return this.facts.memory * (1 - reserved) - used;
  }

  /** What a VM runs with when it is switched on: its configuration, with interfaces of the host. */
  interfacesFor(hardware: Hardware): Hardware {
    return { ...hardware, nics: hardware.nics.map((nic) => ({ ...nic, hostInterface: `vnet${100_000 + this.#interfaces++}` })) };
  }
  /** Keeps what a VM used in the host's own totals when it stops or leaves. */
  retire(vm: SimVm): void {
    this.#gone.work += vm.meter.read(this.world.schedule.now()).work;
  }

  samples(at: number): Samples {
    const vms: Samples["vms"] = [];
    let work = this.#gone.work;
    for (const vm of this.vms.values()) {
      if (!isActive(vm) || !vm.live) continue;
      const used = vm.meter.read(at);
      work += used.work;
      vms.push(sampleOf(vm, used, at));
    }
    const seconds = (at - this.#bootedAt) / 1000;
    const system = work * 0.12 + this.facts.cpu.total * 0.004 * seconds;
    const wait = work * 0.02;
    this.#idleNs = Math.max(this.#idleNs, Math.floor((this.facts.cpu.total * seconds - work * 0.88 - system - wait) * 1e9));
    const free = this.freeMemory();
    return {
      vms,
      host: {
        at,
        cpuUserNs: Math.floor(work * 0.88 * 1e9),
        cpuSystemNs: Math.floor(system * 1e9),
        cpuIdleNs: this.#idleNs,
        cpuIoWaitNs: Math.floor(wait * 1e9),
        memoryTotal: this.facts.memory,
        memoryAvailable: Math.max(0, Math.floor(free)),
      },
    };
  }

  /** The rule that hits this verb or call now, if one does. Each question is a throw of the dice, in order. */
  strikes(kind: "fail" | "lose", verb: string): (FaultRule & { kind: "fail" | "lose" }) | undefined {
    for (const rule of this.faults())
      if (rule.kind === kind && matches(rule.verb, verb) && dice(`${this.key}/fault/${this.#rolls++}`) < rule.probability)
        return rule as FaultRule & { kind: "fail" | "lose" };
    return undefined;
  }
  /** Milliseconds that the rules add to a verb or call. */
  delayOf(verb: string): number {
    let ms = 0;
    for (const rule of this.faults()) if (rule.kind === "delay" && matches(rule.verb, verb)) ms += rule.ms;
    return ms;
  }
  faults(): readonly FaultRule[] {
    return this.addedFaults.length === 0 ? this.uriFaults : [...this.uriFaults, ...this.addedFaults];
  }

  /** The guest is gone: what it wrote can still be read, then its consoles are over. */
  hangUp(vm: SimVm): void {
    const hangUps = this.hangUps.get(vm.uuid);
    this.hangUps.delete(vm.uuid);
    for (const hangUp of hangUps ?? []) hangUp();
  }

  drop(error: PolyvisorError): void {
    for (const listener of this.listeners) listener.dropped(error);
  }
  setHung(hung: boolean): void {
    if (this.hung === hung) return;
    this.hung = hung;
    for (const listener of this.listeners) listener.hungChanged();
  }
}

export const featuresWithout = (options: SimOptions): FeatureTable =>
  featureTable(Object.fromEntries(options.without.map((name) => [name, "the simulator was told so by its URI (without=)"])));

const matches = (pattern: string, verb: string): boolean =>
  pattern === "*" || pattern === verb || (pattern.endsWith(".*") && verb.startsWith(pattern.slice(0, -1)));

function firstNetworks(key: string): NetworkFacts[] {
  const base = { active: true, autostart: true };
  return deepFreeze([
    { ...base, nativeId: uuidOf(`${key}/network/default`), name: "default", bridge: "virbr0", forward: "nat", addresses: ["192.168.122.1/24"], dhcp: true },
    { ...base, nativeId: uuidOf(`${key}/network/lan`), name: "lan", bridge: "br0", forward: "bridge", addresses: [], dhcp: false },
    { ...base, nativeId: uuidOf(`${key}/network/storage`), name: "storage", bridge: "virbr1", forward: "isolated", addresses: ["10.255.0.1/24"], dhcp: false },
  ]);
}

function sampleOf(vm: SimVm, { work, seconds }: { work: number; seconds: number }, at: number): Samples["vms"][number] {
  const hardware = vm.live!;
  const granted = hardware.memory.current;
  const io = 1 + (Number.parseInt(vm.uuid.slice(0, 2), 16) % 16); // some guests are all disk, some none
  const busy = isRunning(vm) ? vm.meter.curve.at(at / 1000) : 0;
  return {
    nativeId: vm.uuid,
    at,
    cpuTimeNs: Math.floor(work * 1e9),
    cpuWaitNs: Math.floor(work * 2e7),
    vcpus: hardware.vcpus.current,
    memoryGranted: granted,
    memoryUsed: Math.floor(granted * Math.min(0.95, 0.3 + 0.02 * io + 0.3 * busy)),
    memoryAvailable: Math.ceil(granted * (0.98 - Math.min(0.95, 0.3 + 0.02 * io + 0.3 * busy))),
    memoryResident: Math.floor(granted * Math.min(1, 0.55 + 0.02 * io)),
    ...(hardware.disks.length === 0
      ? {}
      : {
          disks: hardware.disks.map((disk) => disk.target).join(" "),
          diskReadBytes: Math.floor(work * 4e5 * io),
          diskWriteBytes: Math.floor(work * 6e5 * io + seconds * 900),
          diskReads: Math.floor(work * 12 * io),
          diskWrites: Math.floor(work * 25 * io + seconds * 0.2),
          diskReadNs: Math.floor(work * 12 * io * 4e5),
          diskWriteNs: Math.floor((work * 25 * io + seconds * 0.2) * 9e5),
        }),
    ...(hardware.nics.length === 0
      ? {}
      : {
          nics: hardware.nics.map((nic) => nic.mac).join(" "),
          netReceiveBytes: Math.floor(work * 1.2e6 + seconds * 300),
          netTransmitBytes: Math.floor(work * 9e5 + seconds * 200),
        }),
  };
}
