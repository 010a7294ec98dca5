import { PolyvisorError, verbs, type Action, type FeatureName, type Verb } from "@polyvisor/model";
import type { RunResult } from "../../hypervisor.ts";
import type { SimHost } from "../simHost.ts";
import { isActive } from "../simVm.ts";
import { done } from "./done.ts";
import { cancelled, type Doing, type Handler, type Handlers } from "./handler.ts";
import { hardwareHandlers, where } from "./hardwareChange.ts";
import { lifecycleHandlers } from "./lifecycle.ts";
import { makingHandlers } from "./making.ts";
import { migrateHandler } from "./migrate.ts";
import { paceOf } from "./pace.ts";
import { nextState, vmOf } from "./power.ts";
import { snapshotHandlers } from "./snapshots.ts";
import { storageHandlers } from "./storage.ts";

const handlers: Handlers = {
  ...lifecycleHandlers,
  ...hardwareHandlers,
  ...makingHandlers,
  ...snapshotHandlers,
  ...storageHandlers,
  "vm.migrate": migrateHandler,
};

/** Features that an action needs beyond its verb's own, by what it asks for and the VM's state. */
const liveFeatures: Partial<Record<Verb, FeatureName>> = {
  "vm.setMemory": "vm.memory.live",
  "vm.setVcpus": "vm.vcpus.live",
  "vm.attachDisk": "vm.disk.hotplug",
  "vm.detachDisk": "vm.disk.hotplug",
  "vm.changeMedia": "vm.disk.hotplug",
  "vm.attachNic": "vm.nic.hotplug",
  "vm.detachNic": "vm.nic.hotplug",
};

function needed(host: SimHost, action: Action): FeatureName[] {
  if (action.verb === "vm.migrate") return [action.live ? "vm.migrate.live" : "vm.migrate.offline"];
  const out: FeatureName[] = [verbs[action.verb].feature];
  const vm = "vm" in action ? host.vms.get(action.vm) : undefined;
  if (!vm) return out;
  const live = liveFeatures[action.verb];
  if (live && "apply" in action && where(vm, action.apply).live) out.push(live);
  if (action.verb === "vm.snapshot" && action.memory && isActive(vm)) out.push("vm.snapshot.memory");
  return out;
}

/** Refuses with the declared reason what the host cannot do. */
export function requireFeatures(host: SimHost, ...names: FeatureName[]): void {
  for (const name of names) {
    const feature = host.features[name];
    if (!feature.supported) throw new PolyvisorError("notSupported", { detail: feature.reason });
  }
}

/** Everything that can be said before the action begins: it is done already, or why it cannot be done. */
function check(host: SimHost, action: Action): RunResult | undefined {
  const { lifecycle, words } = verbs[action.verb];
  const makesVm = action.verb === "vm.create" || action.verb === "vm.define";
  if (done(host, action) === true) return { message: `${words}: it was so already`, already: true };
  if ("vm" in action && !makesVm) {
    const vm = vmOf(host, action.vm);
    if (lifecycle) nextState(vm, lifecycle);
  }
  (handlers[action.verb] as Handler<Verb>).check?.(host, action as never);
  return undefined;
}

/** Carries an action out on a host, with its features, rules and delays. */
export async function perform(host: SimHost, action: Action, doing: Doing): Promise<RunResult> {
  requireFeatures(host, ...needed(host, action));
  const early = check(host, action);
  if (early) return early;
  const rule = host.strikes("fail", action.verb);
  if (rule && rule.kind === "fail") throw new PolyvisorError(rule.code, { detail: `${verbs[action.verb].words}: a rule of the simulator made it fail` });
  if (doing.signal.aborted) throw cancelled("nothing was done");
  // The time that a guest takes to power off is its own, not the call's.
  const ms = action.verb === "vm.shutdown" ? 0 : host.delayOf(action.verb) + paceOf(host, action);
  if (ms > 0) {
    const { powerCycles } = host;
    await doing.wait(ms);
    if (host.powerCycles !== powerCycles) throw new PolyvisorError("hostUnreachable", { detail: `${host.name} lost its power` });
    const meanwhile = check(host, action);
    if (meanwhile) return meanwhile;
  }
  return { message: await (handlers[action.verb] as Handler<Verb>).apply(host, action as never, doing) };
}

/** The same as another tool would do it: nothing of the simulator's rules applies. */
export async function performOutside(host: SimHost, action: Action): Promise<RunResult> {
  const doing: Doing = { signal: new AbortController().signal, progress: () => {}, wait: async () => {} };
  return check(host, action) ?? { message: await (handlers[action.verb] as Handler<Verb>).apply(host, action as never, doing) };
}
