import { PolyvisorError, formatBytes, type Disk, type DiskSpec, type Nic, type NicSpec } from "@polyvisor/model";
import { macOf } from "../seeded.ts";
import type { Mount } from "../simDatastore.ts";
import type { SimHost } from "../simHost.ts";
import { isActive } from "../simVm.ts";
import { activeMountOf } from "./handler.ts";

const prefixes: Record<DiskSpec["bus"], string> = { virtio: "vd", scsi: "sd", sata: "sd", usb: "sd", ide: "hd", xen: "xvd", fdc: "fd", other: "vd" };

/** A disk that a specification asks for, and the volume that must be made for it. */
export interface MadeDisk {
  disk: Disk;
  volume: { mount: Mount; name: string; format: string; capacity: number } | undefined;
}

/** Makes a disk of its specification; changes nothing yet. `taken` are the targets in use. */
export function diskOf(host: SimHost, vmName: string, spec: DiskSpec, taken: ReadonlySet<string>): MadeDisk {
  const target = spec.target ?? freeTarget(prefixes[spec.bus], taken);
  if (taken.has(target)) throw new PolyvisorError("nameTaken", { detail: `${vmName} has a disk ${target} already` });
  const common = { target, device: spec.device, bus: spec.bus, readOnly: spec.readOnly || spec.device === "cdrom", shareable: spec.shareable };
  if (spec.source !== undefined) {
    if (spec.size !== undefined) throw new PolyvisorError("badRequest", { detail: `disk ${target}: a size and a source exclude each other` });
    const path = pathOf(host, spec.source);
    const { facts } = host.volumeAt(path)!;
    return {
      volume: undefined,
      disk: { ...common, format: spec.format, source: path, sourceKind: "file", capacity: facts.capacity, allocation: facts.allocation },
    };
  }
  if (spec.size === undefined) {
    if (spec.device === "disk") throw new PolyvisorError("badRequest", { detail: `disk ${target} has neither size nor source` });
    return { volume: undefined, disk: { ...common, format: spec.format, sourceKind: "none" } };
  }
  const mount = spec.datastore === undefined ? firstMount(host) : activeMountOf(host, spec.datastore);
  const name = spec.volume ?? volumeNameOf(vmName, target, spec.format);
  checkNewVolume(mount, name, spec.format, spec.size);
  return {
    volume: { mount, name, format: spec.format, capacity: spec.size },
    disk: { ...common, format: spec.format, source: mount.store.pathOf(name), sourceKind: "file" },
  };
}

export const volumeNameOf = (vmName: string, target: string, format: string): string => `${vmName}-${target}.${format === "raw" ? "img" : format}`;

/** The path of a volume written `datastore/volume` or as a path on the host. */
export function pathOf(host: SimHost, source: string): string {
  const slash = source.indexOf("/");
  const path = slash === 0 ? source : slash > 0 ? activeMountOf(host, source.slice(0, slash)).store.pathOf(source.slice(slash + 1)) : source;
  if (!host.volumeAt(path)) throw new PolyvisorError("notFound", { detail: `${host.name} has no volume ${source}` });
  return path;
}

function firstMount(host: SimHost): Mount {
  const mount = [...host.mounts.values()].find((each) => each.active);
  if (!mount) throw new PolyvisorError("notFound", { detail: `${host.name} has no active datastore`, remedy: "Create or start one." });
  return mount;
}

function freeTarget(prefix: string, taken: ReadonlySet<string>): string {
  for (let i = 0; i < 26 * 27; i++) {
    const name = prefix + (i < 26 ? "" : String.fromCharCode(96 + Math.floor(i / 26))) + String.fromCharCode(97 + (i % 26));
    if (!taken.has(name)) return name;
  }
  throw new PolyvisorError("badRequest", { detail: `no name is left for a disk at ${prefix}` });
}

/** Bytes that a new volume takes at once: raw ones all, others their first tables. */
export const firstAllocation = (format: string, capacity: number): number => (format === "raw" ? capacity : Math.min(capacity, 196_608));

/** Whether a volume can be made there: `nameTaken`, `noSpace`. */
export function checkNewVolume(mount: Mount, name: string, format: string, capacity: number): void {
  const { store } = mount;
  if (store.volumes.has(name)) throw new PolyvisorError("nameTaken", { detail: `datastore ${store.name} has a volume ${name} already` });
  const needed = firstAllocation(format, capacity);
  if (needed > store.available)
    throw new PolyvisorError("noSpace", { detail: `datastore ${store.name} has ${formatBytes(store.available)} free; ${name} needs ${formatBytes(needed)}` });
}

export function makeVolume(volume: NonNullable<MadeDisk["volume"]>): void {
  volume.mount.store.put({ name: volume.name, format: volume.format, capacity: volume.capacity, allocation: firstAllocation(volume.format, volume.capacity) });
}

/** A NIC of its specification. `key` makes the MAC where none is given. */
export function nicOf(host: SimHost, spec: NicSpec, key: string): Nic {
  const source = spec.source ?? (spec.kind === "network" ? "default" : undefined);
  if (spec.kind === "network" && !host.networks.has(source!)) throw new PolyvisorError("notFound", { detail: `${host.name} has no network ${source}` });
  if (spec.kind === "bridge" && source === undefined)
    throw new PolyvisorError("badRequest", { detail: "a NIC on a bridge needs the bridge's name as its source" });
  let mac = spec.mac;
  for (let n = 0; mac === undefined; n++) {
    const candidate = macOf(`${key}/${n}`);
    if (!macTaken(host, candidate)) mac = candidate;
  }
  return { mac, model: spec.model ?? "virtio", kind: spec.kind, ...(source === undefined ? {} : { source }), linkUp: true, addresses: [] };
}

const macTaken = (host: SimHost, mac: string): boolean => [...host.vms.values()].some((vm) => vm.config.nics.some((nic) => nic.mac === mac));

/** VMs that have a volume as a disk; `activeOnly` counts those that run. */
export function usersOf(host: SimHost, path: string, activeOnly: boolean): string[] {
  const store = [...host.mounts.values()].find((mount) => path.startsWith(`${mount.store.path}/`))?.store;
  const out: string[] = [];
  for (const each of store?.shared ? store.hosts : [host]) {
    for (const vm of each.vms.values()) {
      const disks = activeOnly ? (isActive(vm) ? vm.live!.disks : []) : [...vm.config.disks, ...(vm.live?.disks ?? [])];
      if (disks.some((disk) => disk.source === path)) out.push(vm.name);
    }
  }
  return out;
}
