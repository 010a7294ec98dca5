import { PolyvisorError } from "@polyvisor/model";
import type { SimHost } from "../simHost.ts";
import { isActive, type SimSnapshot, type SimVm } from "../simVm.ts";
import type { VolumeContent } from "../volumeContent.ts";
import type { Handlers } from "./handler.ts";
import { checkRoom, powerOff, powerOn, setState, vmOf } from "./power.ts";

function snapshotOf(vm: SimVm, name: string): SimSnapshot {
  const found = vm.snapshots.find((snapshot) => snapshot.facts.name === name);
  if (!found) throw new PolyvisorError("notFound", { detail: `${vm.name} has no snapshot ${name}` });
  return found;
}

function makeCurrent(vm: SimVm, name: string | undefined): void {
  vm.snapshots = vm.snapshots.map((snapshot) =>
    snapshot.facts.current === (snapshot.facts.name === name) ? snapshot : { ...snapshot, facts: { ...snapshot.facts, current: snapshot.facts.name === name } },
  );
}

function contentsOf(host: SimHost, vm: SimVm): Map<string, VolumeContent> {
  const out = new Map<string, VolumeContent>();
  for (const disk of (vm.live ?? vm.config).disks) {
    const content = disk.source === undefined || disk.readOnly ? undefined : host.volumeAt(disk.source)?.content;
    if (content) out.set(disk.source!, content.copy());
  }
  return out;
}

/** The state that a revert leads to: the snapshot's own, unless the operator says otherwise. */
function goal(snapshot: SimSnapshot, running: boolean | undefined): "running" | "paused" | "off" {
  if (running !== undefined) return running ? "running" : "off";
  if (!snapshot.facts.withMemory) return "off";
  return snapshot.facts.state === "paused" ? "paused" : "running";
}

/** A snapshot and all that were made after it. */
function family(vm: SimVm, name: string): Set<string> {
  const names = new Set([name]);
  for (let grew = true; grew;) {
    grew = false;
    for (const { facts } of vm.snapshots)
      if (facts.parent !== undefined && names.has(facts.parent) && !names.has(facts.name)) grew = names.add(facts.name) && true;
  }
  return names;
}

export const snapshotHandlers: Pick<Handlers, "vm.snapshot" | "vm.revert" | "vm.deleteSnapshot"> = {
  "vm.snapshot": {
    apply: (host, action) => {
      const vm = vmOf(host, action.vm);
      const withMemory = action.memory && isActive(vm);
      const parent = vm.snapshots.find((snapshot) => snapshot.facts.current)?.facts.name;
      const facts = {
        name: action.name,
        ...(action.description ? { description: action.description } : {}),
        ...(parent === undefined ? {} : { parent }),
        createdAt: new Date(host.world.schedule.now()).toISOString(),
        state: withMemory ? vm.state : ("off" as const),
        withMemory,
        current: true,
      };
      vm.snapshots = [...vm.snapshots, { facts, hardware: vm.live ?? vm.config, contents: contentsOf(host, vm) }];
      makeCurrent(vm, action.name);
      host.touch(vm, "snapshot taken");
      return `snapshot ${action.name} of ${vm.name} was taken${withMemory ? " with its memory" : ""}`;
    },
  },
  "vm.revert": {
    check: (host, action) => {
      const vm = vmOf(host, action.vm);
      const snapshot = snapshotOf(vm, action.snapshot);
      if (goal(snapshot, action.running) !== "off" && !isActive(vm)) checkRoom(host, vm, snapshot.hardware);
    },
    apply: (host, action) => {
      const vm = vmOf(host, action.vm);
      const snapshot = snapshotOf(vm, action.snapshot);
      const state = goal(snapshot, action.running);
      for (const [path, content] of snapshot.contents) {
        const volume = host.volumeAt(path);
        if (volume) volume.content = content.copy();
      }
      vm.config = { ...snapshot.hardware, nics: snapshot.hardware.nics.map(({ hostInterface: _gone, ...nic }) => nic) };
      makeCurrent(vm, action.snapshot);
      const wasActive = isActive(vm);
      if (state === "off") {
        if (wasActive) powerOff(host, vm, "off", "fromSnapshot", "stopped: fromSnapshot");
        else setState(host, vm, "off", "fromSnapshot", "reverted to a snapshot");
      } else if (wasActive) {
        vm.live = { ...snapshot.hardware, nics: host.interfacesFor(vm.config).nics };
        setState(host, vm, state, "fromSnapshot", "started: fromSnapshot");
      } else powerOn(host, vm, "fromSnapshot", "started: fromSnapshot", state, vm.config);
      return `${vm.name} is as it was at snapshot ${action.snapshot}`;
    },
  },
  "vm.deleteSnapshot": {
    apply: (host, action) => {
      const vm = vmOf(host, action.vm);
      const { facts } = snapshotOf(vm, action.snapshot);
      const gone = action.children ? family(vm, facts.name) : new Set([facts.name]);
      const wasCurrent = vm.snapshots.some((snapshot) => snapshot.facts.current && gone.has(snapshot.facts.name));
      vm.snapshots = vm.snapshots
        .filter((snapshot) => !gone.has(snapshot.facts.name))
        .map((snapshot) => {
          if (snapshot.facts.parent !== facts.name) return snapshot;
          const { parent: _parent, ...rest } = snapshot.facts;
          return { ...snapshot, facts: facts.parent === undefined ? rest : { ...rest, parent: facts.parent } };
        });
      if (wasCurrent) makeCurrent(vm, facts.parent);
      host.touch(vm, "snapshot deleted");
      return `snapshot ${facts.name} of ${vm.name} was deleted${gone.size > 1 ? ` with ${gone.size - 1} made after it` : ""}`;
    },
  },
};
