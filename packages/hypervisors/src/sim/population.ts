import type { Disk, Nic, VmState } from "@polyvisor/model";
import { LoadMeter } from "./load.ts";
import { dice, macOf, pick, uuidOf } from "./seeded.ts";
import type { Hardware, SimVm } from "./simVm.ts";

const GiB = 1024 ** 3;
const guests = ["Debian GNU/Linux 12", "Debian GNU/Linux 13", "Ubuntu 24.04 LTS", "Rocky Linux 9", "Alpine Linux 3.22", "Windows Server 2022", "FreeBSD 14"];
const sizes = [
  { gib: 1, vcpus: 1 },
  { gib: 2, vcpus: 1 },
  { gib: 2, vcpus: 2 },
  { gib: 4, vcpus: 2 },
  { gib: 4, vcpus: 2 },
  { gib: 8, vcpus: 4 },
  { gib: 8, vcpus: 2 },
  { gib: 16, vcpus: 4 },
  { gib: 32, vcpus: 8 },
];

/** A VM and the volumes that its disks lie on, as the estate begins. */
export interface BornVm {
  vm: SimVm;
  volumes: { store: "local" | "shared"; name: string; format: string; capacity: number; allocation: number }[];
}

/** Which state a VM begins in: most run, some are off, a few are in every other state, so that each can be seen. */
function firstState(key: string): { state: VmState; reason: string } {
  const d = dice(`${key}/state`);
  if (d < 0.8) return { state: "running", reason: "booted" };
  if (d < 0.85) return { state: "blocked", reason: "booted" };
  if (d < 0.87) return { state: "paused", reason: d < 0.865 ? "user" : "ioerror" };
  if (d < 0.875) return { state: "suspended", reason: "unknown" };
  if (d < 0.885) return { state: "saved", reason: "saved" };
  if (d < 0.89) return { state: "crashed", reason: "panicked" };
  return { state: "off", reason: d < 0.97 ? "shutdown" : "destroyed" };
}

/**
 * The n-th VM of a host, a pure function of its arguments.
 * @param key seed, estate and host
 * @param number the VM's number in the whole estate: `vm-000123`
 * @param bornAt when the world began, milliseconds since 1970; running VMs were started up to 20 days before
 */
export function bornVm(key: string, number: number, sharedStore: string | undefined, localPath: string, bornAt: number, stubbornShare: number): BornVm {
  const name = `vm-${String(number).padStart(6, "0")}`;
  const own = `${key}/${name}`;
  const size = pick(sizes, `${own}/size`);
  const os = pick(guests, `${own}/os`);
  const shared = sharedStore !== undefined && dice(`${own}/shared`) < 0.4;
  const path = shared ? sharedStore : localPath;
  const volumes: BornVm["volumes"] = [];
  const disks: Disk[] = [];
  const count = dice(`${own}/disks`) < 0.3 ? 2 : 1;
  for (let i = 0; i < count; i++) {
    const capacity = (i === 0 ? pick([10, 20, 40], `${own}/disk/0`) : pick([50, 100, 200], `${own}/disk/1`)) * GiB;
    const target = i === 0 ? "vda" : "vdb";
    const volume = `${name}-${target}.qcow2`;
    const allocation = Math.floor((capacity * (0.1 + 0.6 * dice(`${own}/used/${i}`))) / 65536) * 65536;
    volumes.push({ store: shared ? "shared" : "local", name: volume, format: "qcow2", capacity, allocation });
    disks.push({
      target,
      device: "disk",
      bus: "virtio",
      format: "qcow2",
      source: `${path}/${volume}`,
      sourceKind: "file",
      readOnly: false,
      shareable: false,
      ...(i === 0 ? { bootOrder: 1 } : {}),
    });
  }
  const nic = (i: number, source: string): Nic => ({ mac: macOf(`${own}/mac/${i}`), model: "virtio", kind: "network", source, linkUp: true, addresses: [] });
  const nics = dice(`${own}/nics`) < 0.2 ? [nic(0, "default"), nic(1, "storage")] : [nic(0, "default")];
  const config: Hardware = { memory: { current: size.gib * GiB, max: size.gib * GiB }, vcpus: { current: size.vcpus, max: size.vcpus * 2 }, disks, nics };
  const { state, reason } = firstState(own);
  const active = state !== "off" && state !== "saved" && state !== "crashed";
  const meter = new LoadMeter(own);
  if (active) {
    meter.start(bornAt - Math.floor(20 * 86_400_000 * dice(`${own}/uptime`)), size.vcpus);
    if (state === "paused" || state === "suspended") meter.hold(bornAt);
  }
  const live = active ? { ...config, nics: nics.map((one, i) => ({ ...one, hostInterface: `vnet${number * 2 + i}` })) } : undefined;
  return {
    volumes,
    vm: {
      uuid: uuidOf(own),
      name,
      title: undefined,
      description: undefined,
      state,
      reason,
      autostart: dice(`${own}/autostart`) < 0.5,
      arch: "x86_64",
      machine: "q35",
      firmware: dice(`${own}/firmware`) < 0.3 ? "efi" : "bios",
      os,
      graphics: dice(`${own}/graphics`) < 0.7,
      boot: undefined,
      config,
      live,
      snapshots: [],
      image: state === "saved" ? { path: undefined, hardware: config } : undefined,
      meter,
      stubborn: dice(`${own}/stubborn`) < stubbornShare,
      facts: undefined,
    },
  };
}
