/** Everything an endpoint may or may not be able to do. API, CLI and console refuse or grey out by these names. */
export const features = {
  "vm.create": "create a VM from a specification",
  "vm.define": "define a VM from the hypervisor's own description",
  "vm.start": "start a VM",
  "vm.shutdown": "ask the guest to power off",
  "vm.reboot": "ask the guest to reboot",
  "vm.reset": "press the reset button",
  "vm.pause": "pause and unpause a VM",
  "vm.wake": "wake a guest that put itself to sleep",
  "vm.save": "save a VM's memory to a file and resume from it",
  "vm.destroy": "cut a VM's power",
  "vm.delete": "delete a VM",
  "vm.autostart": "start a VM with its host",
  "vm.rename": "rename a VM",
  "vm.memory.live": "change memory while the VM runs",
  "vm.vcpus.live": "change the number of vCPUs while the VM runs",
  "vm.edit": "change a VM's hardware at rest",
  "vm.disk.hotplug": "attach and detach disks while the VM runs",
  "vm.nic.hotplug": "attach and detach NICs while the VM runs",
  "vm.snapshot": "take, revert to and delete snapshots",
  "vm.snapshot.memory": "take snapshots with memory",
  "vm.clone": "clone a VM with its disks",
  "vm.migrate.live": "move a running VM to another host",
  "vm.migrate.offline": "move a VM's definition to another host",
  "vm.console.serial": "attach to the text console",
  "vm.console.graphical": "attach to the graphical console",
  "vm.screenshot": "take a picture of the screen",
  "vm.sendKeys": "send keys to the guest",
  "vm.samples": "measure VMs",
  "vm.guestAgent": "ask the guest's agent for its addresses",
  "host.samples": "measure the host",
  "host.devices": "list the host's devices",
  "host.numa": "show the host's NUMA cells",
  "datastore.list": "list datastores and volumes",
  "datastore.manage": "create, start, stop and delete datastores",
  "volume.manage": "create, resize and delete volumes",
  "volume.transfer": "upload and download volumes",
  "network.list": "list networks",
  "network.manage": "create, start, stop and delete networks",
  events: "push changes as they happen",
} as const;

export type FeatureName = keyof typeof features;
export const featureNames = Object.keys(features) as FeatureName[];

/** What an endpoint said about one feature. `reason` says why not, for an operator. */
export type Feature = { supported: true } | { supported: false; reason: string };
export type FeatureTable = Record<FeatureName, Feature>;

/** A table in which everything is supported but what `except` names with its reason. */
export function featureTable(except: Partial<Record<FeatureName, string>>): FeatureTable {
  return Object.fromEntries(
    featureNames.map((name) => [name, except[name] === undefined ? { supported: true } : { supported: false, reason: except[name] }]),
  ) as FeatureTable;
}
