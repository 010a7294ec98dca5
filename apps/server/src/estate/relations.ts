import { basename, dirname } from "node:path/posix";
import type { Datastore, Network, Vm } from "@polyvisor/model";
import type { Bits } from "./bits.ts";
import type { Follower } from "./fieldIndex.ts";
import type { ObjectTable } from "./objectTable.ts";
import { ValueIndex } from "./valueIndex.ts";

/** The datastore that a disk names, or the folder it lies in. */
const placeOfDisk = ({ source, sourceKind }: Vm["disks"][number]): string | undefined =>
  source === undefined ? undefined : sourceKind === "volume" ? `volume ${source.slice(0, source.indexOf("/"))}` : `folder ${dirname(source)}`;

const placesOf = (vm: Vm | undefined): Set<string> =>
  new Set(vm?.disks.flatMap((disk) => (disk.source === undefined ? [] : `${vm.hostId} ${placeOfDisk(disk)}`)));
const networksOf = (vm: Vm | undefined): Set<string> =>
  new Set(vm?.nics.flatMap((nic) => (nic.kind === "network" && nic.source !== undefined ? `${vm.hostId} ${nic.source}` : [])));

/** Whether a disk of the VM is on a datastore of its host. */
export function usesDatastore(vm: Vm, store: Datastore): boolean {
  if (vm.hostId !== store.hostId) return false;
  return vm.disks.some((disk) => {
    if (disk.source === undefined) return false;
    const place = placeOfDisk(disk);
    if (place === `volume ${store.name}` || (store.path !== undefined && place === `folder ${store.path}`)) return true;
    return disk.sourceKind !== "volume" && isVolume(disk.source, store);
  });
}

const isVolume = (source: string, store: Datastore): boolean => store.volumes.some((volume) => volume.path === source && volume.name === basename(source));

/** Whether a NIC of the VM is plugged into a network of its host. */
export const usesNetwork = (vm: Vm, network: Network): boolean =>
  vm.hostId === network.hostId && vm.nics.some((nic) => nic.kind === "network" && nic.source === network.name);

/** Which VMs have a disk in a folder or datastore of a host, and a NIC on a network of it. */
export class VmRelations implements Follower {
  covered = Infinity;
  readonly #vms: ObjectTable<"vm">;
  readonly #places = new ValueIndex(() => "");
  readonly #networks = new ValueIndex(() => "");

  constructor(vms: ObjectTable<"vm">) {
    this.#vms = vms;
    vms.alsoFollows(this);
  }

  add(slot: number): void {
    this.#change(slot, undefined, this.#vms.at(slot));
  }

  change(slot: number, before: Vm | undefined, after: Vm | undefined): void {
    if (slot < this.covered) this.#change(slot, before, after);
  }

  #change(slot: number, before: Vm | undefined, after: Vm | undefined): void {
    const moved = before?.hostId !== after?.hostId;
    if (moved || before?.disks !== after?.disks) changeKeys(this.#places, placesOf(before), placesOf(after), slot);
    if (moved || before?.nics !== after?.nics) changeKeys(this.#networks, networksOf(before), networksOf(after), slot);
  }

  /** Adds the slots of the VMs on a datastore. @returns how many VMs had to be looked at */
  ofDatastore(store: Datastore, bits: Bits): number {
    this.#vms.whole(this);
    this.#places.into(`${store.hostId} volume ${store.name}`, bits);
    if (store.path !== undefined) this.#places.into(`${store.hostId} folder ${store.path}`, bits);
    let looked = 0;
    // Volumes elsewhere than in its folder, as of LVM.
    for (const { path } of store.volumes) {
      if (store.path !== undefined && dirname(path) === store.path) continue;
      for (const slot of this.#vms.indexes["disk.source"]!.slots(path)) {
        looked++;
        if (usesDatastore(this.#vms.at(slot), store)) bits.add(slot);
      }
    }
    return looked;
  }

  ofNetwork(network: Network, bits: Bits): void {
    this.#vms.whole(this);
    this.#networks.into(`${network.hostId} ${network.name}`, bits);
  }
}

function changeKeys(index: ValueIndex, old: ReadonlySet<string>, now: ReadonlySet<string>, slot: number): void {
  for (const key of old) if (!now.has(key)) index.delete(key, slot);
  for (const key of now) if (!old.has(key)) index.add(key, slot);
}
