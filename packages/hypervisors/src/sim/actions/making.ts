import { PolyvisorError, type Disk, type VmSpec } from "@polyvisor/model";
import { parseDefinition, type Definition } from "../definition.ts";
import { LoadMeter } from "../load.ts";
import { macOf } from "../seeded.ts";
import type { SimHost } from "../simHost.ts";
import type { Hardware, SimVm } from "../simVm.ts";
import { checkNewVolume, diskOf, makeVolume, nicOf, pathOf, usersOf, type MadeDisk } from "./disks.ts";
import { activeMountOf, type Handlers } from "./handler.ts";
import { powerOff, vmOf } from "./power.ts";

type Making = "vm.create" | "vm.define" | "vm.clone" | "vm.delete";

/** A name that is free here and a UUID that is free in the whole estate. */
function checkIdentity(host: SimHost, uuid: string, name: string): void {
  for (const other of host.vms.values())
    if (other.name === name && other.uuid !== uuid) throw new PolyvisorError("nameTaken", { detail: `${host.name} has a VM called ${name} already` });
  const owner = host.world.hostOf(uuid);
  if (owner)
    throw new PolyvisorError("conflict", {
      detail: `${owner.name} has a VM with the UUID ${uuid}: ${owner.vms.get(uuid)!.name}`,
      remedy: "Choose another UUID.",
    });
}

function plan(host: SimHost, uuid: string, spec: VmSpec): { hardware: Hardware; made: MadeDisk[] } {
  if (spec.container)
    throw new PolyvisorError("notSupported", { detail: "simulated hosts run no containers", remedy: "Leave `container` out of the specification." });
  if (spec.acceleration === "emulated")
    throw new PolyvisorError("notSupported", { detail: "simulated hosts emulate no processors", remedy: "Leave the acceleration at auto." });
  const max = spec.maxMemory ?? spec.memory;
  const maxVcpus = spec.maxVcpus ?? spec.vcpus;
  if (max < spec.memory) throw new PolyvisorError("badRequest", { detail: "maxMemory is less than memory", where: "/spec/maxMemory" });
  if (maxVcpus < spec.vcpus) throw new PolyvisorError("badRequest", { detail: "maxVcpus is less than vcpus", where: "/spec/maxVcpus" });
  const taken = new Set<string>();
  const volumes = new Set<string>();
  const made = spec.disks.map((disk, i) => {
    const one = diskOf(host, spec.name, disk, taken);
    taken.add(one.disk.target);
    const path = one.volume ? one.disk.source! : undefined;
    if (path !== undefined && volumes.has(path))
      throw new PolyvisorError("nameTaken", { detail: `two disks would be made as ${path}`, where: `/spec/disks/${i}` });
    if (path !== undefined) volumes.add(path);
    const order = spec.bootOrder.indexOf(disk.device);
    const first = spec.disks.findIndex((other) => other.device === disk.device) === i;
    return order >= 0 && first ? { ...one, disk: { ...one.disk, bootOrder: order + 1 } } : one;
  });
  const nics = spec.nics.map((nic, i) => nicOf(host, nic, `${uuid}/nic/${i}`));
  if (new Set(nics.map((nic) => nic.mac)).size < nics.length)
    throw new PolyvisorError("conflict", { detail: "two NICs have the same MAC address", where: "/spec/nics" });
  return { made, hardware: { memory: { current: spec.memory, max }, vcpus: { current: spec.vcpus, max: maxVcpus }, disks: made.map((one) => one.disk), nics } };
}

function add(host: SimHost, vm: SimVm, cause: string): void {
  host.vms.set(vm.uuid, vm);
  host.world.place(vm.uuid, host);
  host.touch(vm, cause);
}

const blank = (uuid: string): Omit<SimVm, "name" | "config" | "graphics" | "firmware" | "boot" | "machine" | "arch"> => ({
  uuid,
  title: undefined,
  description: undefined,
  state: "off",
  reason: "unknown",
  autostart: false,
  os: undefined,
  live: undefined,
  snapshots: [],
  image: undefined,
  meter: new LoadMeter(uuid),
  stubborn: false,
  facts: undefined,
});

/** Definitions are parsed once per question; the last one is remembered, since an action asks several times. */
let last: { text: string; definition: Definition } | undefined;
export function definitionOf(uuid: string, text: string): Definition {
  if (last?.text !== text) last = { text, definition: parseDefinition(text) };
  if (last.definition.uuid !== undefined && last.definition.uuid !== uuid)
    throw new PolyvisorError("badRequest", { detail: `the definition is of ${last.definition.uuid}, not of ${uuid}`, where: "/domain/uuid" });
  return last.definition;
}

function fromDefinition(uuid: string, d: Definition): SimVm {
  return {
    ...blank(uuid),
    name: d.name,
    title: d.title,
    description: d.description,
    arch: d.arch,
    machine: d.machine,
    firmware: d.firmware,
    graphics: d.graphics,
    boot: d.boot,
    config: d.hardware,
  };
}

function cloneDisks(
  host: SimHost,
  vm: SimVm,
  places: readonly { target: string; datastore: string; volume: string }[],
): { disks: Disk[]; volumes: NonNullable<MadeDisk["volume"]>[] } {
  const volumes: NonNullable<MadeDisk["volume"]>[] = [];
  for (const place of places)
    if (!vm.config.disks.some((disk) => disk.target === place.target))
      throw new PolyvisorError("notFound", { detail: `${vm.name} has no disk ${place.target}` });
  const disks = vm.config.disks.map((disk) => {
    const place = places.find((one) => one.target === disk.target);
    if (!place) {
      if (disk.readOnly || disk.shareable || disk.source === undefined) return disk;
      throw new PolyvisorError("badRequest", { detail: `nothing says where the copy of disk ${disk.target} of ${vm.name} goes`, where: "/disks" });
    }
    const source = disk.source === undefined ? undefined : host.volumeAt(disk.source);
    if (!source) throw new PolyvisorError("hypervisorFailed", { detail: `disk ${disk.target} of ${vm.name} has no volume to copy` });
    const mount = activeMountOf(host, place.datastore);
    checkNewVolume(mount, place.volume, source.facts.format, source.facts.capacity);
    volumes.push({ mount, name: place.volume, format: source.facts.format, capacity: source.facts.capacity });
    return { ...disk, source: mount.store.pathOf(place.volume) };
  });
  return { disks, volumes };
}

export const makingHandlers: Pick<Handlers, Making> = {
  "vm.create": {
    check: (host, action) => {
      checkIdentity(host, action.vm, action.spec.name);
      plan(host, action.vm, action.spec);
    },
    apply: (host, { vm: uuid, spec }) => {
      const { hardware, made } = plan(host, uuid, spec);
      for (const { volume } of made) if (volume) makeVolume(volume);
      for (const store of new Set(made.flatMap(({ volume }) => (volume ? [volume.mount.store] : [])))) host.touchStore(store, "volume created");
      const boot = spec.boot && { kernel: spec.boot.kernel, initramfs: spec.boot.initramfs, cmdline: spec.boot.cmdline };
      add(
        host,
        {
          ...blank(uuid),
          name: spec.name,
          title: spec.title,
          description: spec.description,
          autostart: spec.autostart,
          arch: spec.arch ?? "x86_64",
          machine: spec.machine ?? "q35",
          firmware: spec.firmware,
          graphics: spec.graphics === "vnc",
          boot,
          config: hardware,
        },
        "defined: added",
      );
      return `${spec.name} was created on ${host.name}`;
    },
  },
  "vm.define": {
    check: (host, action) => {
      const definition = definitionOf(action.vm, action.definition);
      if (!host.vms.has(action.vm)) return checkIdentity(host, action.vm, definition.name);
      if (host.vms.get(action.vm)!.name !== definition.name)
        throw new PolyvisorError("conflict", {
          detail: `${host.vms.get(action.vm)!.name} has this UUID, and a definition does not rename`,
          remedy: "Rename the VM, or correct the definition's name.",
        });
    },
    apply: (host, action) => {
      const definition = definitionOf(action.vm, action.definition);
      const known = host.vms.get(action.vm);
      if (known) {
        Object.assign(known, { title: definition.title, description: definition.description, config: definition.hardware });
        host.touch(known, "defined: updated");
        return `${known.name} was defined anew${known.live ? "; it takes effect at the next start" : ""}`;
      }
      add(host, fromDefinition(action.vm, definition), "defined: added");
      return `${definition.name} was defined on ${host.name}`;
    },
  },
  "vm.clone": {
    check: (host, action) => {
      checkIdentity(host, action.to, action.name);
      cloneDisks(host, vmOf(host, action.vm), action.disks);
    },
    apply: (host, action) => {
      const vm = vmOf(host, action.vm);
      const { disks, volumes } = cloneDisks(host, vm, action.disks);
      for (const volume of volumes) {
        const source = host.volumeAt(vm.config.disks.find((_, i) => disks[i]!.source === volume.mount.store.pathOf(volume.name))!.source!)!;
        volume.mount.store.put(
          { name: volume.name, format: volume.format, capacity: volume.capacity, allocation: source.facts.allocation },
          source.content?.copy(),
        );
      }
      for (const store of new Set(volumes.map((volume) => volume.mount.store))) host.touchStore(store, "volume created");
      const nics = vm.config.nics.map((nic, i) => ({ ...nic, mac: macOf(`${action.to}/nic/${i}`) }));
      add(
        host,
        { ...vm, ...blank(action.to), name: action.name, title: vm.title, description: vm.description, os: vm.os, config: { ...vm.config, disks, nics } },
        "defined: added",
      );
      return `${vm.name} was cloned to ${action.name}`;
    },
  },
  "vm.delete": {
    check: (host, action) => {
      const vm = vmOf(host, action.vm);
      for (const volume of action.volumes) {
        const users = usersOf(host, pathOf(host, volume), false).filter((name) => name !== vm.name);
        if (users.length > 0)
          throw new PolyvisorError("inUse", {
            detail: `${volume} is also a disk of ${users[0]}`,
            remedy: "Leave it out of the volumes to delete, or detach it there.",
          });
      }
    },
    apply: (host, action) => {
      const vm = vmOf(host, action.vm);
      const paths = action.volumes.map((volume) => pathOf(host, volume));
      if (vm.state !== "off") powerOff(host, vm, "off", "destroyed", "undefined");
      host.vms.delete(vm.uuid);
      host.world.forget(vm.uuid);
      host.tell({ type: "remove", kind: "vm", nativeId: vm.uuid, cause: "undefined: removed" });
      for (const path of paths) {
        const store = [...host.mounts.values()].find((mount) => path.startsWith(`${mount.store.path}/`))!.store;
        store.remove(path.slice(store.path.length + 1));
        host.touchStore(store, "volume deleted");
      }
      return `${vm.name} was deleted${paths.length > 0 ? ` with ${paths.length} volume${paths.length === 1 ? "" : "s"}` : "; its disks stay"}`;
    },
  },
};
