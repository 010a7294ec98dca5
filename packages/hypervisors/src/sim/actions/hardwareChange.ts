import { PolyvisorError, formatBytes, type Apply, type Disk, type VmSpec } from "@polyvisor/model";
import type { SimHost } from "../simHost.ts";
import { isActive, type Hardware, type SimVm } from "../simVm.ts";
import { diskOf, makeVolume, nicOf, pathOf, usersOf } from "./disks.ts";
import type { Handlers } from "./handler.ts";
import { vmOf } from "./power.ts";

type Changes = "vm.setMemory" | "vm.setVcpus" | "vm.attachDisk" | "vm.detachDisk" | "vm.changeMedia" | "vm.attachNic" | "vm.detachNic";

/** Whether an edit touches the running VM, its configuration, or both. At rest there is only the configuration. */
export function where(vm: SimVm, apply: Apply): { live: boolean; config: boolean } {
  return { live: apply !== "nextStart" && isActive(vm), config: apply !== "now" };
}

/** `now` needs a VM that is on. */
function needActive(vm: SimVm, apply: Apply): void {
  if (apply === "now" && !isActive(vm))
    throw new PolyvisorError("wrongState", { detail: `${vm.name} is not on, so there is nothing to change now`, remedy: "Change it for the next start." });
}

/** The hardware that an edit touches. */
export function touched(vm: SimVm, apply: Apply): Hardware[] {
  const { live, config } = where(vm, apply);
  return [...(live ? [vm.live!] : []), ...(config ? [vm.config] : [])];
}

function change(host: SimHost, vm: SimVm, apply: Apply, edit: (hardware: Hardware, live: boolean) => Hardware): void {
  const { live, config } = where(vm, apply);
  if (live) {
    vm.live = edit(vm.live!, true);
    if (vm.state === "running" || vm.state === "blocked") vm.meter.go(host.world.schedule.now(), vm.live.vcpus.current);
  }
  if (config) vm.config = edit(vm.config, false);
  host.touch(vm, "defined: updated");
}

function checkAmount(
  vm: SimVm,
  apply: Apply,
  what: "memory" | "vcpus",
  amount: { current?: number | undefined; max?: number | undefined },
  words: (n: number) => string,
): void {
  needActive(vm, apply);
  if (amount.current === undefined && amount.max === undefined) throw new PolyvisorError("badRequest", { detail: "neither current nor max is given" });
  if (where(vm, apply).live && amount.max !== undefined && amount.max !== vm.live![what].max)
    throw new PolyvisorError("notSupported", { detail: `the maximum of ${vm.name} cannot change while it is on`, remedy: "Apply it at the next start." });
  for (const hardware of touched(vm, apply)) {
    const max = amount.max ?? hardware[what].max;
    const current = amount.current ?? hardware[what].current;
    if (current > max)
      throw new PolyvisorError("badRequest", {
        detail: `${words(current)} is more than the maximum of ${vm.name}, ${words(max)}`,
        remedy: "Raise the maximum for the next start first.",
      });
    if (current < 1) throw new PolyvisorError("badRequest", { detail: `${vm.name} cannot have ${words(current)}` });
  }
}

function amounts(before: { current: number; max: number }, wish: { current?: number | undefined; max?: number | undefined }): { current: number; max: number } {
  return { current: wish.current ?? before.current, max: wish.max ?? before.max };
}

const targetsOf = (vm: SimVm, apply: Apply): Set<string> => new Set(touched(vm, apply).flatMap((hardware) => hardware.disks.map((disk) => disk.target)));

function checkFree(host: SimHost, vm: SimVm, disk: Disk): void {
  if (disk.source === undefined || disk.shareable || disk.readOnly) return;
  const users = usersOf(host, disk.source, true).filter((name) => name !== vm.name);
  if (users.length > 0) throw new PolyvisorError("inUse", { detail: `${disk.source} is a disk of ${users[0]}, which is on` });
}

const describe = (spec: VmSpec["disks"][number], disk: Disk): string => `disk ${disk.target}${spec.size === undefined ? "" : `, ${formatBytes(spec.size)}`}`;

export const hardwareHandlers: Pick<Handlers, Changes> = {
  "vm.setMemory": {
    check: (host, action) => {
      const vm = vmOf(host, action.vm);
      checkAmount(vm, action.apply, "memory", action, formatBytes);
      const more = where(vm, action.apply).live && action.current !== undefined ? action.current - vm.live!.memory.current : 0;
      if (more > 0 && more > host.freeMemory())
        throw new PolyvisorError("notEnoughMemory", {
          detail: `${host.name} has ${formatBytes(Math.max(0, Math.floor(host.freeMemory())))} free; ${vm.name} wants ${formatBytes(more)} more`,
        });
    },
    apply: (host, action) => {
      const vm = vmOf(host, action.vm);
      change(host, vm, action.apply, (hardware) => ({ ...hardware, memory: amounts(hardware.memory, action) }));
      return `the memory of ${vm.name} was changed`;
    },
  },
  "vm.setVcpus": {
    check: (host, action) => checkAmount(vmOf(host, action.vm), action.apply, "vcpus", action, (n) => `${n} vCPUs`),
    apply: (host, action) => {
      const vm = vmOf(host, action.vm);
      change(host, vm, action.apply, (hardware) => ({ ...hardware, vcpus: amounts(hardware.vcpus, action) }));
      return `the vCPUs of ${vm.name} were changed`;
    },
  },
  "vm.attachDisk": {
    check: (host, action) => {
      const vm = vmOf(host, action.vm);
      needActive(vm, action.apply);
      checkFree(host, vm, diskOf(host, vm.name, action.disk, targetsOf(vm, action.apply)).disk);
    },
    apply: (host, action) => {
      const vm = vmOf(host, action.vm);
      const { disk, volume } = diskOf(host, vm.name, action.disk, targetsOf(vm, action.apply));
      if (volume) {
        makeVolume(volume);
        host.touchStore(volume.mount.store, "volume created");
      }
      change(host, vm, action.apply, (hardware) => ({ ...hardware, disks: [...hardware.disks, disk] }));
      return `${describe(action.disk, disk)} was attached to ${vm.name}`;
    },
  },
  "vm.detachDisk": {
    check: (host, action) => needActive(vmOf(host, action.vm), action.apply),
    apply: (host, action) => {
      const vm = vmOf(host, action.vm);
      change(host, vm, action.apply, (hardware) => ({ ...hardware, disks: hardware.disks.filter((disk) => disk.target !== action.target) }));
      return `disk ${action.target} was detached from ${vm.name}; its volume stays`;
    },
  },
  "vm.changeMedia": {
    check: (host, action) => {
      const vm = vmOf(host, action.vm);
      needActive(vm, action.apply);
      for (const hardware of touched(vm, action.apply)) {
        const drive = hardware.disks.find((disk) => disk.target === action.target);
        if (!drive) throw new PolyvisorError("notFound", { detail: `${vm.name} has no drive ${action.target}` });
        if (drive.device !== "cdrom" && drive.device !== "floppy")
          throw new PolyvisorError("badRequest", { detail: `${action.target} of ${vm.name} is a disk, not a drive for media` });
      }
      if (action.source !== undefined) pathOf(host, action.source);
    },
    apply: (host, action) => {
      const vm = vmOf(host, action.vm);
      const path = action.source === undefined ? undefined : pathOf(host, action.source);
      change(host, vm, action.apply, (hardware) => ({
        ...hardware,
        disks: hardware.disks.map((disk) => (disk.target === action.target ? withMedium(disk, path) : disk)),
      }));
      return path === undefined ? `${action.target} of ${vm.name} was emptied` : `${path} was put into ${action.target} of ${vm.name}`;
    },
  },
  "vm.attachNic": {
    check: (host, action) => {
      const vm = vmOf(host, action.vm);
      needActive(vm, action.apply);
      nicOf(host, action.nic, vm.uuid);
      if (action.nic.mac !== undefined)
        for (const other of host.vms.values())
          if (other !== vm && other.config.nics.some((nic) => nic.mac === action.nic.mac))
            throw new PolyvisorError("conflict", {
              detail: `${action.nic.mac} is the MAC address of a NIC of ${other.name}`,
              remedy: "Choose another address.",
            });
    },
    apply: (host, action) => {
      const vm = vmOf(host, action.vm);
      const nic = nicOf(host, action.nic, vm.uuid);
      change(host, vm, action.apply, (hardware, live) => ({
        ...hardware,
        nics: [...hardware.nics, ...(live ? host.interfacesFor({ ...hardware, nics: [nic] }).nics : [nic])],
      }));
      return `NIC ${nic.mac} was attached to ${vm.name}`;
    },
  },
  "vm.detachNic": {
    check: (host, action) => needActive(vmOf(host, action.vm), action.apply),
    apply: (host, action) => {
      const vm = vmOf(host, action.vm);
      change(host, vm, action.apply, (hardware) => ({ ...hardware, nics: hardware.nics.filter((nic) => nic.mac !== action.mac.toLowerCase()) }));
      return `NIC ${action.mac} was detached from ${vm.name}`;
    },
  },
};

function withMedium(disk: Disk, path: string | undefined): Disk {
  const { source: _source, capacity: _capacity, allocation: _allocation, ...drive } = disk;
  return path === undefined ? { ...drive, sourceKind: "none" } : { ...drive, source: path, sourceKind: "file" };
}
