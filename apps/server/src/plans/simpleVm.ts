import type { SimpleVmRequest } from "@polyvisor/api";
import {
  actionSchema,
  formatBytes,
  PolyvisorError,
  stateTable,
  verbs,
  type Action,
  type ActionOf,
  type FeatureName,
  type Host,
  type Vm,
} from "@polyvisor/model";
import { answering, needFeature, needState, targetsOf } from "./checks.ts";
import { makeMac, type PlanEstate, type PlanInput } from "./planInput.ts";
import type { Work } from "./work.ts";
import { blocked, WorkBuilder } from "./workBuilder.ts";

const warningOf: Partial<Record<Action["verb"], string>> = {
  "vm.destroy": "cutting the power loses what the guest has not written to its disks",
  "vm.reset": "a reset loses what the guest has not written to its disks",
  "vm.revert": "reverting loses everything since the snapshot",
};

/** One action on one or many VMs, each an item of its own. */
export function planSimpleVm(input: PlanInput & { request: SimpleVmRequest }): Work {
  const { estate, request } = input;
  const { do: verb, vms: _vms, select: _select, ...options } = request;
  const vms = targetsOf(estate, request);
  const work = new WorkBuilder(input);
  for (const vm of vms) {
    const action = decided(input, vm, readAction({ verb, vm: vm.nativeId, ...options }));
    const stand = { hostId: vm.hostId, target: { kind: "vm" as const, id: vm.id, name: vm.name }, action };
    work.item(stand, () => {
      const host = answering(estate, vm.hostId);
      needFeature(host, verbs[verb].feature);
      const { lifecycle } = verbs[verb];
      if (lifecycle) needState(estate, vm, lifecycle);
      const reasons = check(estate, host, vm, action, vms.length);
      work.step({ ...stand, reasons: [`${vm.name} is ${vm.state} on ${host.name}`, ...reasons], after: [] });
    });
  }
  const warning = warningOf[verb];
  if (warning) work.warn(warning);
  const which = vms.length === 1 ? vms[0]!.name : `${vms.length} VMs`;
  const next = verbs[verb].lifecycle && stateTable[vms[0]!.state].actions[verbs[verb].lifecycle!];
  work.expect.push(next && next !== vms[0]!.state && vms.length === 1 ? `${which} is ${next}` : `${verbs[verb].words}: done for ${which}`);
  return work.done(`${verbs[verb].words}: ${which}`, input.reason);
}

/** Chooses what the request left open and a repeat could choose otherwise. */
function decided(input: PlanInput, vm: Vm, action: Action): Action {
  if (action.verb !== "vm.attachNic" || action.nic.mac !== undefined) return action;
  return { ...action, nic: { ...action.nic, mac: makeMac(input.random(3), vm.virtType) } };
}

function readAction(candidate: unknown): Action {
  const read = actionSchema.safeParse(candidate);
  if (read.success) return read.data;
  const issue = read.error.issues[0]!;
  throw new PolyvisorError("badRequest", { detail: issue.message, where: `/request/${issue.path.join("/")}` });
}

/** What the state table does not know of single actions. @returns reasons worth telling */
function check(estate: PlanEstate, host: Host, vm: Vm, action: Action, count: number): string[] {
  const { active } = stateTable[vm.state];
  const live = (feature: FeatureName): void => {
    if ("apply" in action && action.apply !== "nextStart") {
      if (active) needFeature(host, feature);
      else if (action.apply === "now")
        blocked("wrongState", `${vm.name} is ${vm.state}, so nothing can be changed on the running VM`, "Ask for it at the next start.");
    }
  };
  switch (action.verb) {
    case "vm.restore":
      if (action.path === undefined) needState(estate, vm, "restore");
      return [];
    case "vm.rename":
      if (count > 1) blocked("badRequest", "only one VM can get a name");
      nameFree(estate, host, action.name, vm.id);
      return [];
    case "vm.setMemory":
      live("vm.memory.live");
      if (action.current === undefined && action.max === undefined) blocked("badRequest", "say `current` or `max`");
      if ((action.current ?? 0) > (action.max ?? vm.memory.max))
        blocked(
          "badRequest",
          `${formatBytes(action.current!)} is more than the VM's maximum of ${formatBytes(action.max ?? vm.memory.max)}`,
          "Raise the maximum too; that needs the next start.",
        );
      return [`it has ${formatBytes(vm.memory.current)} of at most ${formatBytes(vm.memory.max)}`];
    case "vm.setVcpus":
      live("vm.vcpus.live");
      if (action.current === undefined && action.max === undefined) blocked("badRequest", "say `current` or `max`");
      if ((action.current ?? 0) > (action.max ?? vm.vcpus.max))
        blocked(
          "badRequest",
          `${action.current} is more than the VM's maximum of ${action.max ?? vm.vcpus.max} vCPUs`,
          "Raise the maximum too; that needs the next start.",
        );
      return [`it has ${vm.vcpus.current} of at most ${vm.vcpus.max} vCPUs`];
    case "vm.detachDisk":
      live("vm.disk.hotplug");
      needDisk(vm, action);
      return [];
    case "vm.changeMedia":
      if (!["cdrom", "floppy"].includes(needDisk(vm, action).device)) blocked("badRequest", `${action.target} of ${vm.name} is not a drive with media`);
      return [];
    case "vm.attachNic":
      live("vm.nic.hotplug");
      if (vm.nics.some((nic) => nic.mac === action.nic.mac)) blocked("conflict", `${vm.name} has a NIC ${action.nic.mac} already`);
      return [`its address will be ${action.nic.mac}`];
    case "vm.detachNic":
      live("vm.nic.hotplug");
      if (!vm.nics.some((nic) => nic.mac === action.mac))
        blocked("notFound", `${vm.name} has no NIC ${action.mac}; it has ${vm.nics.map((nic) => nic.mac).join(", ") || "none"}`);
      return [];
    case "vm.snapshot":
      if (vm.snapshots.some((snapshot) => snapshot.name === action.name)) blocked("nameTaken", `${vm.name} has a snapshot "${action.name}" already`);
      if (active && action.memory) needFeature(host, "vm.snapshot.memory");
      return [active && !action.memory ? "without memory: a revert boots the guest as after a power cut" : "what it is now can be had back"];
    case "vm.revert":
    case "vm.deleteSnapshot":
      if (!vm.snapshots.some((snapshot) => snapshot.name === action.snapshot)) blocked("notFound", `${vm.name} has no snapshot "${action.snapshot}"`);
      return [];
    default:
      return [];
  }
}

function needDisk(vm: Vm, action: ActionOf<"vm.detachDisk" | "vm.changeMedia">): Vm["disks"][number] {
  return (
    vm.disks.find((disk) => disk.target === action.target) ??
    blocked("notFound", `${vm.name} has no disk ${action.target}; it has ${vm.disks.map((disk) => disk.target).join(", ") || "none"}`)
  );
}

/** Names of VMs are unique on a host. */
export function nameFree(estate: PlanEstate, host: Host, name: string, except?: string): void {
  for (const id of estate.tables.vm.indexes.name.get(name)) {
    if (id !== except && estate.get("vm", id)?.hostId === host.id) blocked("nameTaken", `${host.name} has a VM called "${name}" already`);
  }
}
