import { PolyvisorError, formatBytes } from "@polyvisor/model";
import { deepFreeze } from "../deepFreeze.ts";
import { SimDatastore } from "../simDatastore.ts";
import type { SimHost } from "../simHost.ts";
import { isActive } from "../simVm.ts";
import { checkNewVolume, firstAllocation, pathOf, usersOf } from "./disks.ts";
import { activeMountOf, mountOf, type Handlers } from "./handler.ts";

type Storage =
  | "datastore.create"
  | "datastore.start"
  | "datastore.stop"
  | "datastore.delete"
  | "datastore.refresh"
  | "volume.create"
  | "volume.resize"
  | "volume.delete"
  | "network.start"
  | "network.stop";

/** Where a copy comes from: a volume of the same datastore, `datastore/volume`, or a path. */
const sourceOf = (host: SimHost, datastore: string, from: string): string => pathOf(host, from.includes("/") ? from : `${datastore}/${from}`);

function tellStore(host: SimHost, name: string, cause: string): void {
  const mount = mountOf(host, name);
  host.tell({ type: "upsert", kind: "datastore", facts: mount.store.facts(mount), cause });
}

/** The network by name or native id. */
function networkOf(host: SimHost, ref: string) {
  const network = host.networks.get(ref) ?? [...host.networks.values()].find((each) => each.nativeId === ref);
  if (!network) throw new PolyvisorError("notFound", { detail: `${host.name} has no network ${ref}` });
  return network;
}

function setNetwork(host: SimHost, ref: string, active: boolean): string {
  const facts = deepFreeze({ ...networkOf(host, ref), active });
  host.networks.set(facts.name, facts);
  host.tell({ type: "upsert", kind: "network", facts, cause: active ? "started" : "stopped" });
  return `network ${facts.name} was ${active ? "started" : "stopped"}`;
}

export const storageHandlers: Pick<Handlers, Storage> = {
  "datastore.create": {
    check: (host, action) => {
      if (host.mounts.has(action.name)) throw new PolyvisorError("nameTaken", { detail: `${host.name} has a datastore ${action.name} already` });
      for (const { store } of host.mounts.values())
        if (store.path === action.path) throw new PolyvisorError("inUse", { detail: `${action.path} is datastore ${store.name} already` });
    },
    apply: (host, action) => {
      const left = host.leftData.get(action.path); // a definition that went left its data
      const store = new SimDatastore({ name: action.name, type: action.type, path: action.path, capacity: 1024 ** 4, shared: false });
      for (const volume of left?.volumes.values() ?? []) store.put(volume.facts, volume.content);
      host.leftData.delete(action.path);
      host.mount(store).autostart = action.autostart;
      tellStore(host, action.name, "created");
      return `datastore ${action.name} was created at ${action.path}`;
    },
  },
  "datastore.start": {
    apply: (host, action) => {
      const mount = mountOf(host, action.datastore);
      mount.active = true;
      host.touchMount(mount, "started");
      return `datastore ${mount.store.name} was started`;
    },
  },
  "datastore.stop": {
    check: (host, action) => {
      const { store } = mountOf(host, action.datastore);
      for (const vm of host.vms.values())
        if (isActive(vm) && vm.live!.disks.some((disk) => disk.source?.startsWith(`${store.path}/`)))
          throw new PolyvisorError("inUse", { detail: `${vm.name} is on and has a disk on ${store.name}` });
    },
    apply: (host, action) => {
      const mount = mountOf(host, action.datastore);
      mount.active = false;
      host.touchMount(mount, "stopped");
      return `datastore ${mount.store.name} was stopped`;
    },
  },
  "datastore.delete": {
    check: (host, action) => {
      const { store, active } = mountOf(host, action.datastore);
      if (active) throw new PolyvisorError("inUse", { detail: `datastore ${store.name} is active`, remedy: "Stop it first." });
    },
    apply: (host, action) => {
      const mount = mountOf(host, action.datastore);
      host.mounts.delete(mount.store.name);
      mount.store.hosts.delete(host);
      host.leftData.set(mount.store.path, mount.store);
      host.tell({ type: "remove", kind: "datastore", nativeId: mount.nativeId, cause: "deleted" });
      return `the definition of datastore ${mount.store.name} was deleted; its data stays`;
    },
  },
  "datastore.refresh": {
    apply: (host, action) => {
      const { store } = activeMountOf(host, action.datastore);
      tellStore(host, store.name, "refreshed");
      return `datastore ${store.name} was read anew`;
    },
  },
  "volume.create": {
    check: (host, action) => {
      const mount = activeMountOf(host, action.datastore);
      checkNewVolume(mount, action.volume, action.format, action.capacity);
      if (action.from === undefined) return;
      const source = host.volumeAt(sourceOf(host, mount.store.name, action.from))!.facts;
      if (source.capacity > action.capacity)
        throw new PolyvisorError("badRequest", {
          detail: `${action.from} has ${formatBytes(source.capacity)}, more than the copy's ${formatBytes(action.capacity)}`,
          where: "/capacity",
        });
    },
    apply: (host, action) => {
      const { store } = activeMountOf(host, action.datastore);
      const source = action.from === undefined ? undefined : host.volumeAt(sourceOf(host, store.name, action.from));
      const allocation = Math.max(firstAllocation(action.format, action.capacity), action.format === "raw" ? 0 : (source?.facts.allocation ?? 0));
      store.put({ name: action.volume, format: action.format, capacity: action.capacity, allocation }, source?.content?.copy());
      host.touchStore(store, "volume created");
      return `volume ${action.volume} was created in ${store.name}`;
    },
  },
  "volume.resize": {
    check: (host, action) => {
      const { store } = activeMountOf(host, action.datastore);
      const volume = store.volumes.get(action.volume);
      if (!volume) throw new PolyvisorError("notFound", { detail: `datastore ${store.name} has no volume ${action.volume}` });
      const more = action.capacity - volume.facts.capacity;
      if (more < 0)
        throw new PolyvisorError("badRequest", {
          detail: `${action.volume} has ${formatBytes(volume.facts.capacity)}; making it smaller would cut data off`,
          where: "/capacity",
        });
      if (volume.facts.format === "raw" && more > store.available)
        throw new PolyvisorError("noSpace", { detail: `datastore ${store.name} has ${formatBytes(store.available)} free` });
    },
    apply: (host, action) => {
      const { store } = activeMountOf(host, action.datastore);
      const { path: _path, ...facts } = store.volumes.get(action.volume)!.facts;
      store.put({ ...facts, capacity: action.capacity, allocation: facts.format === "raw" ? action.capacity : facts.allocation });
      host.touchStore(store, "volume resized");
      return `volume ${action.volume} now has ${formatBytes(action.capacity)}`;
    },
  },
  "volume.delete": {
    check: (host, action) => {
      const { store } = activeMountOf(host, action.datastore);
      const users = usersOf(host, store.pathOf(action.volume), true);
      if (users.length > 0) throw new PolyvisorError("inUse", { detail: `${action.volume} is a disk of ${users[0]}, which is on` });
    },
    apply: (host, action) => {
      const { store } = activeMountOf(host, action.datastore);
      store.remove(action.volume);
      host.touchStore(store, "volume deleted");
      return `volume ${action.volume} was deleted from ${store.name}`;
    },
  },
  "network.start": { apply: (host, action) => setNetwork(host, action.network, true) },
  "network.stop": { apply: (host, action) => setNetwork(host, action.network, false) },
};
