import { stepActionSchema, verbs, type FeatureName, type PlanStep } from "@polyvisor/model";
import type { PlanEstate } from "./planInput.ts";
import type { Work } from "./work.ts";

/**
 * Looks at a plan without knowing how it was made: whether it can be carried out as it stands. Steps that are known
 * to fail are left out.
 * @returns what is wrong; empty when nothing is
 */
export function checkPlan({ plan, failures }: Work, estate: PlanEstate): string[] {
  const faults: string[] = [];
  const byNumber = new Map<number, PlanStep>();
  const writers = new Map<string, number>();
  const made = new Map<string, number>();
  const awaited = new Set(plan.steps.flatMap((step) => step.after));
  for (const step of plan.steps) {
    const say = (text: string): number => faults.push(`step ${step.n}: ${text}`);
    if (byNumber.has(step.n)) say("its number is used twice");
    for (const n of step.after) if (!byNumber.has(n)) say(`it waits for step ${n}, which does not stand before it`);
    byNumber.set(step.n, step);
    if (failures.has(step.n)) {
      if (awaited.has(step.n)) say("others wait for it, and it cannot be done");
      continue;
    }
    const { action } = step;
    const read = stepActionSchema.safeParse(action);
    if (!read.success) say(`its action is not valid: ${read.error.issues[0]?.message ?? ""}`);
    if (action.verb === "template.build") continue;
    const host = step.hostId === undefined ? undefined : estate.get("host", step.hostId);
    if (!host) {
      say("its host is not in the estate");
      continue;
    }
    const feature: FeatureName =
      action.verb === "image.place" ? "volume.transfer" : action.verb === "vm.migrate" && action.live ? "vm.migrate.live" : verbs[action.verb].feature;
    if (!host.features[feature]?.supported) say(`${host.name} does not have ${feature}`);
    const precedes = (n: number | undefined): boolean => n !== undefined && reaches(byNumber, step, n);
    if ("vm" in action) {
      const makes = action.verb === "vm.create" || action.verb === "vm.define";
      const known = estate.byNative("vm", host.id, action.vm);
      const key = `vm ${host.id} ${action.vm}`;
      if (action.verb === "vm.create" && (known || made.has(key))) say("the VM that it makes is there already");
      if (!makes && !known && !precedes(made.get(key))) say(`${host.name} has no VM ${action.vm}, and no step before makes it`);
      if (makes) made.set(key, step.n);
      if (action.verb === "vm.clone") made.set(`vm ${host.id} ${action.to}`, step.n);
    }
    if (step.target.id !== undefined && step.target.kind !== "template" && !estate.get(step.target.kind, step.target.id))
      say("its target is not in the estate");
    for (const volume of written(action)) {
      const key = `volume ${host.id} ${volume}`;
      const other = writers.get(key);
      if (other !== undefined) say(`it writes ${volume}, as step ${other} does`);
      writers.set(key, step.n);
    }
    const sources = action.verb === "vm.create" ? action.spec.disks : action.verb === "vm.attachDisk" ? [action.disk] : [];
    for (const { source } of sources) {
      const writer = source === undefined ? undefined : writers.get(`volume ${host.id} ${source}`);
      if (writer !== undefined && !precedes(writer)) say(`it uses ${source} and does not wait for step ${writer}, which makes it`);
    }
  }
  return faults;
}

/** Volumes that an action writes, as DATASTORE/VOLUME or a path. */
function written(action: PlanStep["action"]): string[] {
  switch (action.verb) {
    case "volume.create":
    case "volume.resize":
    case "volume.delete":
    case "image.place":
      return [`${action.datastore}/${action.volume}`];
    case "vm.clone":
      return action.disks.map((disk) => `${disk.datastore}/${disk.volume}`);
    case "vm.delete":
      return action.volumes;
    default:
      return [];
  }
}

/** Whether a step comes after another by what they wait for. Steps only wait for earlier ones, so this ends. */
function reaches(steps: ReadonlyMap<number, PlanStep>, from: PlanStep, n: number): boolean {
  const queue = [...from.after];
  const seen = new Set<number>();
  for (let at = queue.pop(); at !== undefined; at = queue.pop()) {
    if (at === n) return true;
    if (seen.has(at)) continue;
    seen.add(at);
    queue.push(...(steps.get(at)?.after ?? []));
  }
  return false;
}
