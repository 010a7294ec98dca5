import type { Action } from "@polyvisor/model";
import type { SimHost } from "../simHost.ts";

/** Milliseconds at pace 1, about what they take in life; what depends on size is added by `paceOf`. */
const base: Partial<Record<Action["verb"], number>> = {
  "vm.create": 400,
  "vm.define": 100,
  "vm.start": 700,
  "vm.shutdown": 4_000,
  "vm.reboot": 300,
  "vm.reset": 50,
  "vm.pause": 30,
  "vm.unpause": 30,
  "vm.save": 500,
  "vm.restore": 500,
  "vm.destroy": 150,
  "vm.delete": 150,
  "vm.snapshot": 400,
  "vm.revert": 600,
  "vm.deleteSnapshot": 300,
  "vm.clone": 500,
  "vm.migrate": 1_000,
  "volume.create": 150,
  "datastore.refresh": 200,
  "vm.attachDisk": 150,
  "vm.attachNic": 150,
};
/** Bytes per millisecond: memory to a file, memory over a network, disk to disk. */
const speed = { save: 1.5e6, migrate: 1.1e6, copy: 0.5e6 };

/** Milliseconds that an action takes on this host by its URI's `pace`. */
export function paceOf(host: SimHost, action: Action): number {
  const { pace } = host.options;
  if (pace === 0) return 0;
  let ms = base[action.verb] ?? 50;
  const vm = "vm" in action ? host.vms.get(action.vm) : undefined;
  if (vm) {
    const memory = vm.live?.memory.current ?? 0;
    const disks = (): number =>
      vm.config.disks.reduce((sum, disk) => sum + (disk.source === undefined ? 0 : (host.volumeAt(disk.source)?.facts.allocation ?? 0)), 0);
    if (action.verb === "vm.save" || (action.verb === "vm.snapshot" && action.memory)) ms += memory / speed.save;
    if (action.verb === "vm.migrate")
      ms += memory / Math.min(speed.migrate, (action.bandwidth || Infinity) / 1000) + (action.copyStorage ? disks() / speed.copy : 0);
    if (action.verb === "vm.clone") ms += disks() / speed.copy;
  }
  return ms * pace;
}
