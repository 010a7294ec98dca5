import type { Request } from "@polyvisor/api";
import { formatBytes, stateTable } from "@polyvisor/model";
import { answering, needFeature, needState, targetsOf } from "./checks.ts";
import type { PlanInput } from "./planInput.ts";
import { volumesOf, type Sharers } from "./volumeUsers.ts";
import type { Work } from "./work.ts";
import { blocked, WorkBuilder } from "./workBuilder.ts";

/** Deletes VMs, and of their disks exactly those that are listed. */
export function planDeleteVm(input: PlanInput & { request: Extract<Request, { do: "vm.delete" }> }): Work {
  const { request, estate } = input;
  const vms = targetsOf(estate, request);
  const work = new WorkBuilder(input);
  const promised = new Set<string>();
  const known: Sharers = new Map();
  for (const vm of vms) {
    const stand = {
      hostId: vm.hostId,
      target: { kind: "vm" as const, id: vm.id, name: vm.name },
      action: { verb: "vm.delete" as const, vm: vm.nativeId, volumes: [] as string[] },
    };
    work.item(stand, () => {
      const host = answering(estate, vm.hostId);
      needFeature(host, "vm.delete");
      const after: number[] = [];
      if (stateTable[vm.state].actions.delete === undefined) {
        if (!request.force) blocked("wrongState", `${estate.pathOf(vm)} is ${vm.state}`, "Shut it down first, or cut its power with force.");
        needFeature(host, "vm.destroy");
        needState(estate, vm, "destroy");
        after.push(work.step({ ...stand, action: { verb: "vm.destroy", vm: vm.nativeId }, reasons: [`it is ${vm.state} and force was asked for`], after: [] }));
        work.warn("cutting the power loses what the guest has not written to its disks");
      }
      const reasons: string[] = [];
      const volumes: string[] = [];
      if (request.disks === "delete") {
        const { own, kept } = volumesOf(estate, vm, known);
        for (const { volume, store, target } of own) {
          if (promised.has(`${store.hostId} ${volume.path}`)) continue;
          promised.add(`${store.hostId} ${volume.path}`);
          volumes.push(volume.path);
          reasons.push(`${target}: ${volume.name} of datastore ${store.name} goes (${formatBytes(volume.allocation)})`);
          work.warn(`the data of ${volume.path} on ${host.name} is gone for good`);
        }
        for (const text of kept) reasons.push(`stays: ${text}`);
      } else reasons.push("its disks stay");
      if (volumes.length > 256) blocked("tooLarge", `${vm.name} has ${volumes.length} volumes; 256 can go at a time`);
      work.step({ ...stand, action: { ...stand.action, volumes }, reasons, after });
    });
  }
  const which = vms.length === 1 ? vms[0]!.name : `${vms.length} VMs`;
  if (vms.some((vm) => vm.snapshots.length > 0)) work.warn("their snapshots go with them");
  work.expect.push(`${which} ${vms.length === 1 ? "is" : "are"} not there any more`);
  return work.done(`delete ${which}`, input.reason);
}
