import type { Action, Verb, ActionOf } from "@polyvisor/model";
import type { SimHost } from "../simHost.ts";
import { volumeNameOf } from "./disks.ts";
import { findMount } from "./handler.ts";
import { touched, where } from "./hardwareChange.ts";
import { definitionOf } from "./making.ts";
import { targetOf } from "./migrate.ts";

type Question<V extends Verb> = (host: SimHost, action: ActionOf<V>) => boolean | undefined;

const stateIs = (host: SimHost, id: string, ...states: string[]): boolean => states.includes(host.vms.get(id)?.state ?? "");
const leaveNoTrace = (): undefined => undefined;
const mountIs = (host: SimHost, ref: string, active: boolean): boolean => findMount(host, ref)?.active === active;
const networkIs = (host: SimHost, ref: string, active: boolean): boolean =>
  [...host.networks.values()].some((network) => (network.name === ref || network.nativeId === ref) && network.active === active);
const volume = (host: SimHost, datastore: string, name: string) => findMount(host, datastore)?.store.volumes.get(name);

/** An amount is as asked for wherever the action applies. */
function amountIs(host: SimHost, action: ActionOf<"vm.setMemory"> | ActionOf<"vm.setVcpus">, what: "memory" | "vcpus"): boolean {
  const vm = host.vms.get(action.vm);
  if (!vm || (action.apply === "now" && !where(vm, "now").live)) return false;
  return touched(vm, action.apply).every(
    (hardware) =>
      (action.current === undefined || hardware[what].current === action.current) && (action.max === undefined || hardware[what].max === action.max),
  );
}

function everywhere(host: SimHost, id: string, apply: "now" | "nextStart" | "both", is: (hardware: ReturnType<typeof touched>[number]) => boolean): boolean {
  const vm = host.vms.get(id);
  if (!vm || (apply === "now" && !where(vm, "now").live)) return false;
  return touched(vm, apply).every(is);
}

const pathOf = (host: SimHost, source: string): string => {
  if (source.startsWith("/")) return source;
  const slash = source.indexOf("/");
  return findMount(host, source.slice(0, slash))?.store.pathOf(source.slice(slash + 1)) ?? source;
};

/** Of each verb, whether the world already is as it would leave it; undefined where nothing tells. */
const questions: { [V in Verb]: Question<V> } = {
  "vm.create": (host, { vm, spec }) => host.vms.get(vm)?.name === spec.name,
  "vm.define": (host, { vm, definition }) => {
    const known = host.vms.get(vm);
    if (!known) return false;
    const wish = definitionOf(vm, definition);
    const facts = (hardware: typeof wish.hardware): string =>
      JSON.stringify([
        hardware.memory,
        hardware.vcpus,
        hardware.disks.map((d) => [d.target, d.device, d.bus, d.format, d.source]),
        hardware.nics.map((n) => [n.mac, n.kind, n.source, n.model]),
      ]);
    return known.name === wish.name && known.title === wish.title && known.description === wish.description && facts(known.config) === facts(wish.hardware);
  },
  "vm.start": (host, { vm, paused }) => (paused ? stateIs(host, vm, "paused") : stateIs(host, vm, "running", "blocked")),
  "vm.shutdown": (host, { vm }) => stateIs(host, vm, "off"),
  "vm.reboot": leaveNoTrace,
  "vm.reset": leaveNoTrace,
  "vm.pause": (host, { vm }) => stateIs(host, vm, "paused"),
  "vm.unpause": (host, { vm }) => stateIs(host, vm, "running", "blocked"),
  "vm.wake": (host, { vm }) => stateIs(host, vm, "running", "blocked"),
  "vm.save": (host, { vm }) => stateIs(host, vm, "saved"),
  "vm.restore": (host, { vm }) => stateIs(host, vm, "running", "blocked"),
  "vm.destroy": (host, { vm }) => stateIs(host, vm, "off"),
  "vm.delete": (host, { vm }) => !host.vms.has(vm),
  "vm.setAutostart": (host, { vm, on }) => host.vms.get(vm)?.autostart === on,
  "vm.rename": (host, { vm, name }) => host.vms.get(vm)?.name === name,
  "vm.describe": (host, { vm, title, description }) => {
    const known = host.vms.get(vm);
    return (
      known !== undefined && (title === undefined || (known.title ?? "") === title) && (description === undefined || (known.description ?? "") === description)
    );
  },
  "vm.setMemory": (host, action) => amountIs(host, action, "memory"),
  "vm.setVcpus": (host, action) => amountIs(host, action, "vcpus"),
  "vm.attachDisk": (host, { vm, disk, apply }) => {
    const known = host.vms.get(vm);
    if (!known) return false;
    const name = disk.volume ?? (disk.target === undefined ? undefined : volumeNameOf(known.name, disk.target, disk.format));
    if (disk.source === undefined && name === undefined) return undefined;
    const path = disk.source === undefined ? undefined : pathOf(host, disk.source);
    return everywhere(host, vm, apply, ({ disks }) =>
      disks.some(
        (each) => (disk.target === undefined || each.target === disk.target) && (path === undefined ? each.source?.endsWith(`/${name}`) : each.source === path),
      ),
    );
  },
  "vm.detachDisk": (host, { vm, target, apply }) => everywhere(host, vm, apply, ({ disks }) => !disks.some((disk) => disk.target === target)),
  "vm.changeMedia": (host, { vm, target, source, apply }) =>
    everywhere(host, vm, apply, ({ disks }) =>
      disks.some((disk) => disk.target === target && disk.source === (source === undefined ? undefined : pathOf(host, source))),
    ),
  "vm.attachNic": (host, { vm, nic, apply }) =>
    nic.mac === undefined ? undefined : everywhere(host, vm, apply, ({ nics }) => nics.some((each) => each.mac === nic.mac)),
  "vm.detachNic": (host, { vm, mac, apply }) => everywhere(host, vm, apply, ({ nics }) => !nics.some((nic) => nic.mac === mac.toLowerCase())),
  "vm.snapshot": (host, { vm, name }) => host.vms.get(vm)?.snapshots.some((snapshot) => snapshot.facts.name === name) ?? false,
  "vm.revert": leaveNoTrace,
  "vm.deleteSnapshot": (host, { vm, snapshot }) => host.vms.get(vm)?.snapshots.every((each) => each.facts.name !== snapshot) ?? false,
  "vm.clone": (host, { to, name }) => host.vms.get(to)?.name === name,
  "vm.migrate": (host, { vm, to }) => {
    const owner = host.world.hostOf(vm);
    return owner !== undefined && owner !== host && owner === targetOf(host, to);
  },
  "vm.sendKeys": leaveNoTrace,
  "datastore.create": (host, { name, path }) => host.mounts.get(name)?.store.path === path,
  "datastore.start": (host, { datastore }) => mountIs(host, datastore, true),
  "datastore.stop": (host, { datastore }) => mountIs(host, datastore, false),
  "datastore.delete": (host, { datastore }) => findMount(host, datastore) === undefined,
  "datastore.refresh": leaveNoTrace,
  "volume.create": (host, { datastore, volume: name, capacity, format }) => {
    const facts = volume(host, datastore, name)?.facts;
    return facts !== undefined && facts.capacity === capacity && facts.format === format;
  },
  "volume.resize": (host, { datastore, volume: name, capacity }) => volume(host, datastore, name)?.facts.capacity === capacity,
  "volume.delete": (host, { datastore, volume: name }) => {
    const mount = findMount(host, datastore);
    return mount !== undefined && mount.active && !mount.store.volumes.has(name);
  },
  "network.start": (host, { network }) => networkIs(host, network, true),
  "network.stop": (host, { network }) => networkIs(host, network, false),
};

/** Whether the world already is as the action would leave it; undefined where nothing tells. */
export function done(host: SimHost, action: Action): boolean | undefined {
  return (questions[action.verb] as Question<Verb>)(host, action as never);
}
