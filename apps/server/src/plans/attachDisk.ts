import type { Request } from "@polyvisor/api";
import { stateTable } from "@polyvisor/model";
import { answering, needFeature, targetsOf } from "./checks.ts";
import { makeVolume } from "./createVm.ts";
import { chooseDatastore } from "./placement.ts";
import { makeUuid, type PlanInput } from "./planInput.ts";
import type { Work } from "./work.ts";
import { blocked, WorkBuilder } from "./workBuilder.ts";

const prefixes: Record<string, string> = { virtio: "vd", scsi: "sd", sata: "sd", usb: "sd", ide: "hd", xen: "xvd", fdc: "fd", other: "vd" };

/** Attaches a disk to one or many VMs; a new one is made for each. */
export function planAttachDisk(input: PlanInput & { request: Extract<Request, { do: "vm.attachDisk" }> }): Work {
  const { request, estate } = input;
  const { disk, apply } = request;
  const vms = targetsOf(estate, request);
  const work = new WorkBuilder(input);
  if (vms.length > 1 && disk.source !== undefined && disk.device === "disk" && !disk.shareable && !disk.readOnly)
    blocked("badRequest", `${disk.source} would be written by ${vms.length} VMs at once`, "Say that it is shareable or read-only, or attach it to one VM.");
  if (disk.source !== undefined && disk.size !== undefined) blocked("badRequest", "a size and a source exclude each other");
  const taken = new Set<string>();
  for (const vm of vms) {
    const used = new Set(vm.disks.map((each) => each.target));
    let target = disk.target;
    for (let i = 0; target === undefined && i < 26; i++)
      if (!used.has(prefixes[disk.bus]! + String.fromCharCode(97 + i))) target = prefixes[disk.bus]! + String.fromCharCode(97 + i);
    const stand = {
      hostId: vm.hostId,
      target: { kind: "vm" as const, id: vm.id, name: vm.name },
      action: { verb: "vm.attachDisk" as const, vm: vm.nativeId, disk: { ...disk, target }, apply },
    };
    work.item(stand, () => {
      const host = answering(estate, vm.hostId);
      needFeature(host, "vm.edit");
      const { active } = stateTable[vm.state];
      if (apply !== "nextStart" && active) needFeature(host, "vm.disk.hotplug");
      if (apply === "now" && !active)
        blocked("wrongState", `${vm.name} is ${vm.state}, so nothing can be changed on the running VM`, "Ask for it at the next start.");
      if (target === undefined) blocked("badRequest", `no name is left at bus ${disk.bus} of ${vm.name}`);
      if (used.has(target!)) blocked("nameTaken", `${vm.name} has a disk ${target} already`);
      if (disk.size === undefined) {
        if (disk.source === undefined && disk.device === "disk") blocked("badRequest", "the disk has neither size nor source");
        work.step({ ...stand, reasons: [`${target} is the next free name`], after: [] });
        return;
      }
      const store = chooseDatastore(input, work, host, disk.datastore);
      const made = makeVolume(input, work, host, store, {
        uuid: makeUuid(input.random(16)),
        vmName: vm.name,
        target: target!,
        format: disk.format,
        size: disk.size,
        volume: vms.length === 1 ? disk.volume : undefined,
        taken,
      });
      const { size: _size, datastore: _datastore, volume: _volume, ...rest } = disk;
      work.step({
        ...stand,
        action: { ...stand.action, disk: { ...rest, target, source: made.source } },
        reasons: [store.reason, `${target} is the next free name`],
        after: [made.n],
      });
    });
  }
  const which = vms.length === 1 ? vms[0]!.name : `${vms.length} VMs`;
  work.expect.push(`${which} ${vms.length === 1 ? "has" : "have"} one disk more`);
  return work.done(`attach a disk: ${which}`, input.reason);
}
