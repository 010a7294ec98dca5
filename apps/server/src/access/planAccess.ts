import type { Request } from "@polyvisor/api";
import { PolyvisorError, type Datastore, type Host, type Network, type PlanStep, type Vm } from "@polyvisor/model";
import type { EstateKind, EstateObject, ObjectOf } from "../controlPlane.ts";
import type { Estate } from "../estate/estate.ts";
import type { PlanEstate } from "../plans/planInput.ts";
import { volumeBehind, usersOf } from "../plans/volumeUsers.ts";
import { inFolder, type Viewer } from "./viewer.ts";
import { vmVerbNeeds } from "./verbNeeds.ts";

type Stand = Pick<PlanStep, "hostId" | "target" | "action" | "place">;

/** A plan in the name of a caller: what it may see, choose and do. */
export interface PlanAccess {
  /** References and selectors find what the caller sees; checks look at everything, and name nothing that is hidden. */
  readonly estate: PlanEstate;
  /** Whether the plan may choose it by itself. */
  mayUse(object: Host | Datastore | Network): boolean;
  /** @param before steps of the same plan that come first @throws PolyvisorError `forbidden` */
  permit(request: Request, step: Stand, before: readonly Stand[]): void;
}

const useOf = { host: "host.use", datastore: "datastore.use", network: "network.use" } as const;
const hidden: Readonly<Record<EstateKind, string>> = {
  vm: "a VM that you may not see",
  host: "a host that you may not see",
  datastore: "a datastore that you may not see",
  network: "a network that you may not see",
};
/** A file of a template on a datastore, as `plans/images.ts` calls it. */
const templateFile = /^polyvisor-.+-[0-9a-f]{12}-/;

export function planAccess(viewer: Viewer, all: Estate): PlanAccess {
  const seen = viewer.estate;
  const shown = <T extends EstateObject>(object: T | undefined): T | undefined =>
    object === undefined || seen.get(object.kind, object.id) ? object : ({ ...object, name: hidden[object.kind] } as T);
  const estate: PlanEstate = {
    find: (kind, ref) => seen.find(kind, ref),
    select: (kind, filter, most) => seen.select(kind, filter, most),
    get: <K extends EstateKind>(kind: K, id: string) => shown(all.get(kind, id)) as ObjectOf[K] | undefined,
    byNative: <K extends Exclude<EstateKind, "host">>(kind: K, hostId: string, nativeId: string) =>
      shown(all.byNative(kind, hostId, nativeId)) as ObjectOf[K] | undefined,
    ofHost: (kind, hostId) => all.ofHost(kind, hostId),
    pathOf: (object) => all.pathOf(object),
    memoryInUse: (hostId) => all.memoryInUse(hostId),
    tables: all.tables,
  };
  return { estate, mayUse: (object) => viewer.may(useOf[object.kind], all.get(object.kind, object.id)), permit: (...args) => permit(viewer, all, ...args) };
}

function permit(viewer: Viewer, all: Estate, request: Request, { hostId, target, action, place }: Stand, before: readonly Stand[]): void {
  if (action.verb === "template.build") return viewer.must("template.build");
  const host = all.get("host", hostId!);
  if (!host) throw new PolyvisorError("notFound", { detail: "the host of a step is not there any more" });
  const makesVm = action.verb === "vm.create" || action.verb === "vm.define" || action.verb === "vm.clone";
  if (makesVm) {
    viewer.must("host.use", host);
    const facts = inFolder(viewer.rights, place?.folder);
    if (!viewer.mayOn("vm.create", facts) || !viewer.mayOn("vm.view", facts))
      throw viewer.lacks("vm.create", place?.folder === undefined ? "the top; name a folder" : `the folder ${viewer.rights.folders.path(place.folder)}`);
    const name = action.verb === "vm.create" ? action.spec.name : action.verb === "vm.clone" ? action.name : target.name;
    const fresh = { kind: "vm", id: "", nativeId: "", hostId: host.id, name: "", tags: [] as string[], folder: place?.folder } as unknown as Vm;
    viewer.mustNotWiden("vm.organise", fresh, { ...fresh, name, tags: place?.tags ?? [] });
  }
  switch (action.verb) {
    case "image.place":
      return mustOnStore(viewer, all, host, action.datastore, "datastore.use");
    case "datastore.create":
      return viewer.must("datastore.administer", host);
    case "datastore.start":
    case "datastore.stop":
    case "datastore.delete":
    case "datastore.refresh":
      return mustOnStore(viewer, all, host, action.datastore, "datastore.administer");
    case "volume.create":
      return mustOnStore(viewer, all, host, action.datastore, request.do.startsWith("volume.") ? "datastore.content" : "datastore.use");
    case "volume.resize":
    case "volume.delete":
      return mustOnStore(viewer, all, host, action.datastore, "datastore.content");
    case "network.start":
    case "network.stop": {
      const network = [...all.ofHost("network", host.id)].map((id) => all.get("network", id)!).find((each) => each.name === action.network);
      return viewer.must("network.administer", network ?? host);
    }
    case "vm.create":
      for (const disk of action.spec.disks) source(viewer, all, host, disk.source, disk.readOnly === true || disk.device === "cdrom", before);
      for (const path of [action.spec.boot?.kernel, action.spec.boot?.initramfs, action.spec.container?.root]) source(viewer, all, host, path, true, before);
      for (const nic of action.spec.nics) plug(viewer, all, host, nic);
      return;
    case "vm.define":
      viewer.must("vm.define", host);
      if (target.id !== undefined) onVm(viewer, all.get("vm", target.id), "vm.edit");
      return;
  }
  const vm = target.id === undefined ? all.byNative("vm", host.id, action.vm) : all.get("vm", target.id);
  // What the same plan makes it may also start.
  if (!vm && before.some((each) => "vm" in each.action && (each.action.vm === action.vm || ("to" in each.action && each.action.to === action.vm)))) return;
  onVm(viewer, vm, vmVerbNeeds[action.verb]);
  switch (action.verb) {
    case "vm.clone":
      for (const disk of action.disks) mustOnStore(viewer, all, host, disk.datastore, "datastore.use");
      return;
    case "vm.migrate": {
      const to = [...all.tables.host.byId.values()].find((each) => each.uri === action.to);
      return viewer.must("host.use", to ?? host);
    }
    case "vm.save":
    case "vm.restore":
      if (action.path !== undefined) viewer.must("vm.define", host);
      return;
    case "vm.rename":
      return viewer.mustNotWiden("vm.organise", vm!, { ...vm!, name: action.name });
    case "vm.attachDisk":
      return source(viewer, all, host, action.disk.source, action.disk.readOnly === true || action.disk.device === "cdrom", before);
    case "vm.changeMedia":
      return source(viewer, all, host, action.source, true, before);
    case "vm.attachNic":
      return plug(viewer, all, host, action.nic);
  }
}

function onVm(viewer: Viewer, vm: Vm | undefined, permission: (typeof vmVerbNeeds)[keyof typeof vmVerbNeeds]): void {
  if (!vm || !viewer.may("vm.view", vm)) throw new PolyvisorError("notFound", { detail: "a VM of the plan is not there" });
  viewer.must(permission, vm);
}

function mustOnStore(viewer: Viewer, all: Estate, host: Host, name: string, permission: "datastore.use" | "datastore.content" | "datastore.administer"): void {
  const store = [...all.ofHost("datastore", host.id)].map((id) => all.get("datastore", id)!).find((each) => each.name === name);
  viewer.must(permission, store ?? host); // one that the plan makes is the host's
}

/**
 * Content that is there already: who could plug in any file of a host would read and write everybody's disks. It
 * is his where VMs have it that he may all edit; else it takes the right to the datastore's content, or to the host's files.
 */
function source(viewer: Viewer, all: Estate, host: Host, text: string | undefined, readOnly: boolean, before: readonly Stand[]): void {
  if (text === undefined || text === "") return;
  const stores = [...all.ofHost("datastore", host.id)].map((id) => all.get("datastore", id)!);
  const isAt = (name: string, volume: string): boolean =>
    text === `${name}/${volume}` ||
    stores.some((store) => store.name === name && store.path !== undefined && text === `${store.path === "/" ? "" : store.path}/${volume}`);
  const made = before.some(
    ({ action }) =>
      (action.verb === "volume.create" || (action.verb === "image.place" && readOnly)) &&
      (isAt(action.datastore, action.volume) || text.endsWith(`/${action.volume}`)),
  );
  if (made) return;
  const found = volumeBehind(stores, text);
  if (!found) return viewer.must("vm.define", host);
  if (viewer.may("datastore.content", found.store)) return;
  if (readOnly && templateFile.test(found.volume.name) && viewer.may("datastore.use", found.store)) return;
  const users = usersOf(all, found);
  if (users.length > 0 && users.every((vm) => viewer.may("vm.edit", vm))) return;
  throw viewer.lacks("datastore.content", viewer.may("datastore.view", found.store) ? `"${found.store.name}"` : "the datastore of that disk");
}

/** A network is the site's to give; anything else that a NIC can be plugged into is the host's own. */
function plug(viewer: Viewer, all: Estate, host: Host, nic: { kind?: string | undefined; source?: string | undefined }): void {
  if (nic.kind === "user") return;
  const networks = [...all.ofHost("network", host.id)].map((id) => all.get("network", id)!);
  const network = nic.kind === "network" ? networks.find((each) => each.name === nic.source) : undefined;
  if (nic.kind !== "network") return viewer.must("vm.define", host);
  if (network) viewer.must("network.use", network);
  else if (!networks.some((each) => viewer.may("network.use", each))) throw viewer.lacks("network.use", undefined);
}
