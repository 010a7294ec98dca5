import type { Verb } from "./action.ts";
import type { FeatureName } from "./feature.ts";
import type { LifecycleAction } from "./state.ts";

/** Verbs that only change the state of a VM and need to be told nothing but the VM. */
export const powerVerbs = [
  "vm.start",
  "vm.shutdown",
  "vm.reboot",
  "vm.reset",
  "vm.pause",
  "vm.unpause",
  "vm.wake",
  "vm.save",
  "vm.restore",
  "vm.destroy",
] as const satisfies Verb[];

export interface VerbRow {
  /** The feature that an endpoint needs for it. */
  readonly feature: FeatureName;
  /** The lifecycle action whose row of the state table decides, where one does. */
  readonly lifecycle?: LifecycleAction;
  /** How a step is told: verb and object. */
  readonly words: string;
  /** Whether its effect can be seen in the world afterwards; where not, an interrupted step is never repeated. */
  readonly observable: boolean;
}

/** What is known of each verb. A test keeps it complete. */
export const verbs: Readonly<Record<Verb, VerbRow>> = {
  "vm.create": { feature: "vm.create", words: "create the VM", observable: true },
  "vm.define": { feature: "vm.define", words: "define the VM", observable: true },
  "vm.start": { feature: "vm.start", lifecycle: "start", words: "start", observable: true },
  "vm.shutdown": { feature: "vm.shutdown", lifecycle: "shutdown", words: "ask the guest to power off", observable: true },
  "vm.reboot": { feature: "vm.reboot", lifecycle: "reboot", words: "ask the guest to reboot", observable: false },
  "vm.reset": { feature: "vm.reset", lifecycle: "reset", words: "reset", observable: false },
  "vm.pause": { feature: "vm.pause", lifecycle: "pause", words: "pause", observable: true },
  "vm.unpause": { feature: "vm.pause", lifecycle: "unpause", words: "unpause", observable: true },
  "vm.wake": { feature: "vm.wake", lifecycle: "wake", words: "wake", observable: true },
  "vm.save": { feature: "vm.save", lifecycle: "save", words: "save the memory and power off", observable: true },
  "vm.restore": { feature: "vm.save", words: "resume from the saved memory", observable: true },
  "vm.destroy": { feature: "vm.destroy", lifecycle: "destroy", words: "cut the power", observable: true },
  "vm.delete": { feature: "vm.delete", lifecycle: "delete", words: "delete the VM", observable: true },
  "vm.setAutostart": { feature: "vm.autostart", words: "set whether it starts with its host", observable: true },
  "vm.rename": { feature: "vm.rename", lifecycle: "rename", words: "rename", observable: true },
  "vm.describe": { feature: "vm.edit", words: "change title and description", observable: true },
  "vm.setMemory": { feature: "vm.edit", words: "change the memory", observable: true },
  "vm.setVcpus": { feature: "vm.edit", words: "change the number of vCPUs", observable: true },
  "vm.attachDisk": { feature: "vm.edit", words: "attach a disk", observable: true },
  "vm.detachDisk": { feature: "vm.edit", words: "detach a disk", observable: true },
  "vm.changeMedia": { feature: "vm.edit", words: "change the medium in a drive", observable: true },
  "vm.attachNic": { feature: "vm.edit", words: "attach a NIC", observable: true },
  "vm.detachNic": { feature: "vm.edit", words: "detach a NIC", observable: true },
  "vm.snapshot": { feature: "vm.snapshot", lifecycle: "snapshot", words: "take a snapshot", observable: true },
  "vm.revert": { feature: "vm.snapshot", lifecycle: "revert", words: "revert to a snapshot", observable: false },
  "vm.deleteSnapshot": { feature: "vm.snapshot", words: "delete a snapshot", observable: true },
  "vm.clone": { feature: "vm.clone", lifecycle: "clone", words: "clone", observable: true },
  "vm.migrate": { feature: "vm.migrate.offline", lifecycle: "migrate", words: "migrate", observable: true },
  "vm.sendKeys": { feature: "vm.sendKeys", lifecycle: "sendKeys", words: "send keys", observable: false },
  "datastore.create": { feature: "datastore.manage", words: "create the datastore", observable: true },
  "datastore.start": { feature: "datastore.manage", words: "start the datastore", observable: true },
  "datastore.stop": { feature: "datastore.manage", words: "stop the datastore", observable: true },
  "datastore.delete": { feature: "datastore.manage", words: "delete the datastore's definition", observable: true },
  "datastore.refresh": { feature: "datastore.manage", words: "read the datastore anew", observable: false },
  "volume.create": { feature: "volume.manage", words: "create the volume", observable: true },
  "volume.resize": { feature: "volume.manage", words: "resize the volume", observable: true },
  "volume.delete": { feature: "volume.manage", words: "delete the volume", observable: true },
  "network.start": { feature: "network.manage", words: "start the network", observable: true },
  "network.stop": { feature: "network.manage", words: "stop the network", observable: true },
};
