import { PolyvisorError, allowed, formatBytes, type LifecycleAction, type VmState } from "@polyvisor/model";
import type { SimHost } from "../simHost.ts";
import { isActive, type Hardware, type SimVm } from "../simVm.ts";

/** The VM, or `notFound`. */
export function vmOf(host: SimHost, id: string): SimVm {
  const vm = host.vms.get(id);
  if (!vm) throw new PolyvisorError("notFound", { detail: `${host.name} has no VM ${id}` });
  return vm;
}

/** The state that follows, by the one state table, or `wrongState`. */
export function nextState(vm: SimVm, action: LifecycleAction): VmState {
  const answer = allowed(vm.state, action);
  if (!answer.ok) throw new PolyvisorError("wrongState", { detail: `${vm.name}: ${answer.reason}` });
  return answer.next;
}

/** Whether the host can run it now: memory, and networks that are up. */
export function checkRoom(host: SimHost, vm: SimVm, hardware: Hardware): void {
  const free = host.freeMemory();
  if (hardware.memory.current > free)
    throw new PolyvisorError("notEnoughMemory", {
      detail: `${vm.name} needs ${formatBytes(hardware.memory.current)}; ${host.name} has ${formatBytes(Math.max(0, Math.floor(free)))} free`,
    });
  for (const nic of hardware.nics)
    if (nic.kind === "network" && nic.source !== undefined && host.networks.get(nic.source)?.active !== true)
      throw new PolyvisorError("hypervisorFailed", {
        detail: `network ${nic.source} is not active on ${host.name}`,
        remedy: "Start the network, or plug the NIC into another.",
      });
  for (const disk of hardware.disks)
    if (disk.sourceKind === "file" && disk.source !== undefined && !host.volumeAt(disk.source))
      throw new PolyvisorError("hypervisorFailed", {
        detail: `${disk.source}, disk ${disk.target} of ${vm.name}, is not there`,
        remedy: "Bring the volume back, start its datastore, or detach the disk.",
      });
}

/** Switches it on from its configuration, or from a saved image. */
export function powerOn(host: SimHost, vm: SimVm, reason: string, cause: string, state: VmState = "running", from: Hardware = vm.config): void {
  checkRoom(host, vm, from);
  vm.live = host.interfacesFor(from);
  vm.image = undefined;
  vm.meter.start(host.world.schedule.now(), vm.live.vcpus.current);
  setState(host, vm, state, reason, cause);
}

/** It no longer holds memory: off, saved or crashed. */
export function powerOff(host: SimHost, vm: SimVm, state: VmState, reason: string, cause: string): void {
  if (isActive(vm)) host.retire(vm);
  vm.live = undefined;
  host.hangUp(vm);
  setState(host, vm, state, reason, cause);
}

/** Another state; the meter stands still where the processors do. */
export function setState(host: SimHost, vm: SimVm, state: VmState, reason: string, cause: string): void {
  const now = host.world.schedule.now();
  vm.state = state;
  vm.reason = reason;
  if (state === "running" || state === "blocked" || state === "shuttingDown") vm.meter.go(now, vm.live!.vcpus.current);
  else vm.meter.hold(now);
  host.touch(vm, cause);
}
