import type { Disk, Nic, Snapshot, VmFacts, VmState } from "@polyvisor/model";
import { stateTable } from "@polyvisor/model";
import { deepFreeze } from "./deepFreeze.ts";
import type { LoadMeter } from "./load.ts";
import { hash32 } from "./seeded.ts";
import type { VolumeContent } from "./volumeContent.ts";

/** What can differ between now and the next start. */
export interface Hardware {
  memory: { current: number; max: number };
  vcpus: { current: number; max: number };
  disks: readonly Disk[];
  nics: readonly Nic[];
}

export interface SimSnapshot {
  facts: Snapshot;
  hardware: Hardware;
  /** Contents of the disks at that moment, by path. */
  contents: Map<string, VolumeContent>;
}

/** What a VM boots from when it is not a disk. */
export interface DirectBoot {
  kernel: string;
  initramfs?: string | undefined;
  cmdline?: string | undefined;
}

/** A VM of the simulated world. What hypervisors tell of it is made of this by `factsOf`. */
export interface SimVm {
  readonly uuid: string;
  name: string;
  title: string | undefined;
  description: string | undefined;
  state: VmState;
  reason: string;
  autostart: boolean;
  readonly arch: string;
  readonly machine: string;
  readonly firmware: "bios" | "efi";
  readonly os: string | undefined;
  readonly graphics: boolean;
  readonly boot: DirectBoot | undefined;
  /** As it will be at the next start. */
  config: Hardware;
  /** As it is while it holds memory. */
  live: Hardware | undefined;
  snapshots: SimSnapshot[];
  /** The memory that `vm.save` kept, with the hardware it belongs to; `path` where the operator chose one. */
  image: { path: string | undefined; hardware: Hardware } | undefined;
  meter: LoadMeter;
  /** The guest ignores a request to power off. */
  readonly stubborn: boolean;
  facts: VmFacts | undefined;
}

/** Whether it holds memory on its host, as the state table says. */
export const isActive = (vm: SimVm): boolean => stateTable[vm.state].active;
/** Whether its processors run. */
export const isRunning = (vm: SimVm): boolean => vm.state === "running" || vm.state === "blocked" || vm.state === "shuttingDown";

/** The guest's address on a network: the same as long as its MAC is. */
const addressOf = (mac: string): string => {
  const h = hash32(mac);
  return `10.${(h >>> 16) & 255}.${(h >>> 8) & 255}.${1 + ((h & 255) % 254)}`;
};

const diskKey = (disk: Disk): string => `${disk.target}|${disk.device}|${disk.bus}|${disk.format}|${disk.source ?? ""}`;
const nicKey = (nic: Nic): string => `${nic.mac}|${nic.kind}|${nic.source ?? ""}|${nic.model ?? ""}|${nic.linkUp}`;
const differ = <T>(a: readonly T[], b: readonly T[], key: (one: T) => string): boolean => a.length !== b.length || a.some((one, i) => key(one) !== key(b[i]!));

function pendingOf(vm: SimVm): string[] {
  const { live, config } = vm;
  if (!live) return [];
  const out: string[] = [];
  if (live.memory.current !== config.memory.current || live.memory.max !== config.memory.max) out.push("memory");
  if (live.vcpus.current !== config.vcpus.current || live.vcpus.max !== config.vcpus.max) out.push("vcpus");
  if (differ(live.disks, config.disks, diskKey)) out.push("disks");
  if (differ(live.nics, config.nics, nicKey)) out.push("nics");
  return out;
}

/** A VM as a hypervisor tells it. `sizes` looks a disk's volume up. */
export function factsOf(vm: SimVm, sizes: (path: string) => { capacity: number; allocation: number } | undefined): VmFacts {
  const hardware = vm.live ?? vm.config;
  const running = isRunning(vm);
  return deepFreeze({
    nativeId: vm.uuid,
    name: vm.name,
    ...(vm.title === undefined ? {} : { title: vm.title }),
    ...(vm.description === undefined ? {} : { description: vm.description }),
    state: vm.state,
    reason: vm.reason,
    persistent: true,
    autostart: vm.autostart,
    virtType: "sim",
    acceleration: "hardware" as const,
    arch: vm.arch,
    machine: vm.machine,
    firmware: vm.firmware,
    ...(vm.os === undefined ? {} : { os: vm.os }),
    vcpus: { ...hardware.vcpus },
    memory: { ...hardware.memory },
    disks: hardware.disks.map((disk) => {
      const size = disk.source === undefined ? undefined : sizes(disk.source);
      return size ? { ...disk, capacity: size.capacity, allocation: size.allocation } : { ...disk };
    }),
    nics: hardware.nics.map((nic) => ({
      ...nic,
      addresses: running && nic.linkUp && (nic.kind === "network" || nic.kind === "bridge") ? [addressOf(nic.mac)] : [],
    })),
    consoles: vm.graphics
      ? [
          { kind: "serial" as const, alias: "serial0" },
          { kind: "vnc" as const, alias: "vnc" },
        ]
      : [{ kind: "serial" as const, alias: "serial0" }],
    snapshots: vm.snapshots.map((snapshot) => snapshot.facts),
    pending: pendingOf(vm),
  });
}
