import type { Permission, Verb } from "@polyvisor/model";

type VmVerb = Exclude<Extract<Verb, `vm.${string}`>, "vm.create" | "vm.define">;

/** The permission that each verb needs on the VM. One that is missing does not compile. */
export const vmVerbNeeds = {
  "vm.start": "vm.power",
  "vm.shutdown": "vm.power",
  "vm.reboot": "vm.power",
  "vm.reset": "vm.power",
  "vm.pause": "vm.power",
  "vm.unpause": "vm.power",
  "vm.wake": "vm.power",
  "vm.save": "vm.power",
  "vm.restore": "vm.power",
  "vm.destroy": "vm.power",
  "vm.delete": "vm.delete",
  "vm.setAutostart": "vm.edit",
  "vm.rename": "vm.edit",
  "vm.describe": "vm.edit",
  "vm.setMemory": "vm.edit",
  "vm.setVcpus": "vm.edit",
  "vm.attachDisk": "vm.edit",
  "vm.detachDisk": "vm.edit",
  "vm.changeMedia": "vm.edit",
  "vm.attachNic": "vm.edit",
  "vm.detachNic": "vm.edit",
  "vm.snapshot": "vm.snapshot",
  "vm.revert": "vm.snapshot",
  "vm.deleteSnapshot": "vm.snapshot",
  "vm.clone": "vm.edit",
  "vm.migrate": "vm.migrate",
  "vm.sendKeys": "vm.console",
} as const satisfies Record<VmVerb, Permission>;
