import type { Datastore, Vm } from "@polyvisor/model";
import { datastoresOf } from "./placement.ts";
import type { PlanEstate } from "./planInput.ts";

/** Types of datastore whose contents are on one machine only. */
const local = new Set(["dir", "fs", "disk", "logical", "zfs"]);

/** Which hosts share a datastore, as found out so far: for one plan over many VMs. */
export type Sharers = Map<string, Set<string>>;

/** A volume of a datastore. */
export interface FoundVolume {
  store: Datastore;
  volume: Datastore["volumes"][number];
}

/** The volume behind a disk's source: a path, or DATASTORE/VOLUME. */
export function volumeBehind(stores: readonly Datastore[], source: string): FoundVolume | undefined {
  for (const store of stores) {
    const volume = store.volumes.find((each) => each.path === source || `${store.name}/${each.name}` === source);
    if (volume) return { store, volume };
  }
  return undefined;
}

/**
 * Which VMs have a volume as a disk, or boot from it. On a datastore that several hosts share, or two hypervisors of one machine, VMs of all of them.
 * `known` is filled. A disk is compared by its path and by datastore and volume, whichever way the hypervisor tells it.
 */
export function usersOf(estate: PlanEstate, { store, volume }: FoundVolume, known: Sharers = new Map()): Vm[] {
  const out: Vm[] = [];
  for (const hostId of sharers(estate, store, known)) {
    for (const id of estate.ofHost("vm", hostId)) {
      const vm = estate.get("vm", id)!;
      if (vm.disks.some((disk) => disk.source === volume.path || disk.source === `${store.name}/${volume.name}`)) out.push(vm);
    }
  }
  return out;
}

/** Hosts that see what is on a datastore, itself among them. */
function sharers(estate: PlanEstate, store: Datastore, known: Sharers): ReadonlySet<string> {
  const key = `${store.hostId} ${store.type} ${store.path ?? store.id}`;
  let hosts = known.get(key);
  if (!hosts) {
    known.set(key, (hosts = new Set([store.hostId])));
    const machine = estate.get("host", store.hostId)?.facts?.machineId;
    for (const { id, facts } of estate.tables.host.byId.values()) {
      // two kinds of hypervisor on one machine see the same folders
      if (local.has(store.type) && (machine === undefined || facts?.machineId !== machine)) continue;
      if (datastoresOf(estate, id).some((other) => other.path === store.path && (other.type === store.type || local.has(store.type)))) hosts.add(id);
    }
  }
  return hosts;
}

/** Volumes that are disks of a VM and can be written by it, with those that must stay. */
export function volumesOf(estate: PlanEstate, vm: Vm, known: Sharers = new Map()): { own: (FoundVolume & { target: string })[]; kept: string[] } {
  const stores = datastoresOf(estate, vm.hostId);
  const own: (FoundVolume & { target: string })[] = [];
  const kept: string[] = [];
  for (const disk of vm.disks) {
    if (disk.source === undefined || disk.device !== "disk") continue;
    const found = volumeBehind(stores, disk.source);
    if (!found) kept.push(`${disk.target} (${disk.source}): it is on no known datastore`);
    else {
      const others = usersOf(estate, found, known).filter((each) => each.id !== vm.id);
      if (others.length > 0)
        kept.push(
          `${disk.target} (${found.volume.name}): ${others
            .map((each) => each.name)
            .slice(0, 3)
            .join(", ")} has it too`,
        );
      else if (disk.readOnly) kept.push(`${disk.target} (${found.volume.name}): it is read-only, so it is likely shared`);
      else own.push({ ...found, target: disk.target });
    }
  }
  return { own, kept };
}
