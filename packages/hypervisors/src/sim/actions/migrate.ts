import { PolyvisorError, formatBytes } from "@polyvisor/model";
import type { SimDatastore } from "../simDatastore.ts";
import type { SimHost } from "../simHost.ts";
import { isActive, type SimVm } from "../simVm.ts";
import { hostNumber, parseSimUri } from "../simUri.ts";
import type { Handler } from "./handler.ts";
import { vmOf } from "./power.ts";

/** The host that `to` names: a URI of the same estate, or the name of one of its hosts. */
export function targetOf(host: SimHost, to: string): SimHost {
  if (hostNumber(to) !== undefined) return host.world.hostFor(host.options, to);
  let uri: URL;
  try {
    uri = new URL(to);
  } catch {
    throw new PolyvisorError("badRequest", { detail: `"${to.slice(0, 200)}" is neither a host of the estate nor its URI`, where: "/to" });
  }
  if (uri.protocol !== "sim:")
    throw new PolyvisorError("notSupported", { detail: "a simulated VM can only move to a simulated host", remedy: "Choose a host of the same estate." });
  const options = parseSimUri(uri);
  if (options.estate !== host.world.estate)
    throw new PolyvisorError("notSupported", {
      detail: `estate ${options.estate} is another world than ${host.world.estate}`,
      remedy: "Choose a host of the same estate.",
    });
  return host.world.hostFor(options, options.host ?? "host-0001");
}

/** Volumes that the target must be given, with the store there that takes each; blockers are errors. */
function copies(host: SimHost, target: SimHost, vm: SimVm, copyStorage: boolean): { path: string; store: SimDatastore }[] {
  const out: { path: string; store: SimDatastore }[] = [];
  for (const disk of (vm.live ?? vm.config).disks) {
    if (disk.source === undefined) continue;
    const volume = host.volumeAt(disk.source);
    const there = target.volumeAt(disk.source);
    if (volume && there === volume) continue; // on a datastore that both have mounted
    if (!copyStorage)
      throw new PolyvisorError("hypervisorFailed", {
        detail: `disk ${disk.target} of ${vm.name} lies on ${disk.source}, which ${target.name} does not share`,
        remedy: "Ask for its storage to be copied.",
      });
    if (!volume) throw new PolyvisorError("hypervisorFailed", { detail: `disk ${disk.target} of ${vm.name} has no volume to copy` });
    const store = [...target.mounts.values()].find((mount) => mount.active && disk.source!.startsWith(`${mount.store.path}/`))?.store;
    if (!store) throw new PolyvisorError("hypervisorFailed", { detail: `${target.name} has no datastore at the place of ${disk.source}` });
    if (there) throw new PolyvisorError("nameTaken", { detail: `datastore ${store.name} of ${target.name} has a volume ${volume.facts.name} already` });
    if (volume.facts.allocation > store.available)
      throw new PolyvisorError("noSpace", { detail: `datastore ${store.name} of ${target.name} has ${formatBytes(store.available)} free` });
    out.push({ path: disk.source, store });
  }
  return out;
}

export const migrateHandler: Handler<"vm.migrate"> = {
  check: (host, action) => {
    const vm = vmOf(host, action.vm);
    const target = targetOf(host, action.to);
    if (target === host) throw new PolyvisorError("badRequest", { detail: `${vm.name} is on ${host.name} already`, where: "/to" });
    if (isActive(vm) && !action.live)
      throw new PolyvisorError("wrongState", {
        detail: `${vm.name} is on; only a live migration can move it`,
        remedy: "Ask for a live migration, or power it off first.",
      });
    if (!isActive(vm) && action.live)
      throw new PolyvisorError("wrongState", { detail: `${vm.name} is off; there is nothing live to move`, remedy: "Ask for an offline migration." });
    if (target.unreachable || target.hung)
      throw new PolyvisorError("hypervisorFailed", { detail: `${host.name} cannot reach ${target.name}`, remedy: "Check the host that the VM shall move to." });
    for (const other of target.vms.values())
      if (other.name === vm.name) throw new PolyvisorError("nameTaken", { detail: `${target.name} has a VM called ${vm.name} already` });
    for (const nic of (vm.live ?? vm.config).nics)
      if (nic.kind === "network" && nic.source !== undefined && !target.networks.has(nic.source))
        throw new PolyvisorError("hypervisorFailed", { detail: `${target.name} has no network ${nic.source}` });
    if (vm.live && vm.live.memory.current > target.freeMemory())
      throw new PolyvisorError("notEnoughMemory", {
        detail: `${vm.name} needs ${formatBytes(vm.live.memory.current)}; ${target.name} has ${formatBytes(Math.max(0, Math.floor(target.freeMemory())))} free`,
      });
    copies(host, target, vm, action.copyStorage);
  },
  apply: (host, action) => {
    const vm = vmOf(host, action.vm);
    const target = targetOf(host, action.to);
    for (const { path, store } of copies(host, target, vm, action.copyStorage)) {
      const { facts, content } = host.volumeAt(path)!;
      store.put(facts, content?.copy());
      target.touchStore(store, "volume created");
    }
    const now = host.world.schedule.now();
    if (vm.live) {
      host.retire(vm);
      vm.live = target.interfacesFor(vm.live);
      vm.meter.start(now, vm.live.vcpus.current);
      if (vm.state === "paused") vm.meter.hold(now);
      else vm.reason = "migrated";
    }
    vm.autostart = false; // the target's own policy decides, as with libvirt
    host.hangUp(vm);
    host.vms.delete(vm.uuid);
    target.vms.set(vm.uuid, vm);
    host.world.place(vm.uuid, target);
    host.tell({ type: "remove", kind: "vm", nativeId: vm.uuid, cause: `stopped: migrated to ${target.name}` });
    target.touch(vm, `${vm.live ? "started" : "defined"}: migrated from ${host.name}`);
    return `${vm.name} was moved to ${target.name}`;
  },
};
