import type { Request } from "@polyvisor/api";
import { formatBytes, stateTable, type Host, type Vm } from "@polyvisor/model";
import { answering, needFeature, needState, targetsOf } from "./checks.ts";
import { datastoresOf, freeMemory, networksOf } from "./placement.ts";
import type { PlanEstate, PlanInput } from "./planInput.ts";
import { nameFree } from "./simpleVm.ts";
import { volumeBehind } from "./volumeUsers.ts";
import type { Work } from "./work.ts";
import { blocked, WorkBuilder } from "./workBuilder.ts";

/** Moves VMs to another host, with a pre-check that names what would make it fail. */
export function planMigrateVm(input: PlanInput & { request: Extract<Request, { do: "vm.migrate" }> }): Work {
  const { request, estate } = input;
  const vms = targetsOf(estate, request);
  const to = answering(estate, estate.find("host", request.to).id);
  const work = new WorkBuilder(input);
  let free = freeMemory(estate, to);
  for (const vm of vms) {
    const live = request.live ?? stateTable[vm.state].active;
    const stand = {
      hostId: vm.hostId,
      target: { kind: "vm" as const, id: vm.id, name: vm.name },
      action: { verb: "vm.migrate" as const, vm: vm.nativeId, to: to.uri, live, copyStorage: request.copyStorage },
    };
    work.item(stand, () => {
      if (vm.hostId === to.id) blocked("conflict", `${vm.name} is on ${to.name} already`);
      const from = answering(estate, vm.hostId);
      for (const host of [from, to]) needFeature(host, live ? "vm.migrate.live" : "vm.migrate.offline");
      needState(estate, vm, "migrate");
      if (live !== stateTable[vm.state].active)
        blocked(
          "wrongState",
          live ? `${vm.name} is ${vm.state}; only a running VM moves live` : `${vm.name} is ${vm.state}; it moves offline only when it is off`,
        );
      const reasons = check(estate, vm, from, to, request.copyStorage);
      if (live) {
        if (vm.memory.current > free)
          blocked("notEnoughMemory", `${to.name} has ${formatBytes(Math.max(0, free))} free; ${vm.name} needs ${formatBytes(vm.memory.current)}`);
        free -= vm.memory.current;
      }
      work.step({ ...stand, reasons: [live ? "live: it runs on while its memory moves" : "offline: only its definition moves", ...reasons], after: [] });
    });
  }
  const which = vms.length === 1 ? vms[0]!.name : `${vms.length} VMs`;
  work.expect.push(`${which} ${vms.length === 1 ? "is" : "are"} on ${to.name}`);
  return work.done(`migrate ${which} to ${to.name}`, input.reason);
}

function check(estate: PlanEstate, vm: Vm, from: Host, to: Host, copyStorage: boolean): string[] {
  const types = [from, to].map((host) => host.facts?.hypervisor.type);
  if (types[0] !== types[1]) blocked("notSupported", `${from.name} is ${types[0]} and ${to.name} is ${types[1]}: a VM moves between hosts of one kind only`);
  const arches = [from, to].map((host) => host.facts?.cpu.arch);
  if (arches[0] !== arches[1]) blocked("notSupported", `${from.name} is ${arches[0]} and ${to.name} is ${arches[1]}`);
  nameFree(estate, to, vm.name);
  if (estate.byNative("vm", to.id, vm.nativeId)) blocked("conflict", `${to.name} has a VM with the UUID of ${vm.name} already`);
  const there = networksOf(estate, to.id);
  for (const nic of vm.nics)
    if (nic.kind === "network" && nic.source !== undefined && there.find((each) => each.name === nic.source)?.active !== true)
      blocked("preCheckFailed", `${vm.name} is plugged into the network ${nic.source}, which is not active on ${to.name}`);
  const stores = datastoresOf(estate, to.id);
  const here = datastoresOf(estate, from.id);
  const missing: string[] = [];
  for (const disk of vm.disks) {
    if (disk.source === undefined) continue;
    const source = volumeBehind(here, disk.source);
    const shared =
      source &&
      stores.some(
        (store) =>
          store.active &&
          store.path === source.store.path &&
          store.type === source.store.type &&
          store.volumes.some((volume) => volume.path === source.volume.path),
      );
    if (!shared) missing.push(`${disk.target} (${disk.source})`);
  }
  if (missing.length > 0 && !copyStorage)
    blocked(
      "preCheckFailed",
      `${to.name} does not have ${missing.join(", ")} of ${vm.name}`,
      "Put the disks on a datastore that both hosts share, or ask for the storage to be copied.",
    );
  return [missing.length > 0 ? `copied with it: ${missing.join(", ")}` : "all its disks are on datastores that both hosts have"];
}
