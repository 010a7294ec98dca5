import type { Request, SimpleVmRequest } from "@polyvisor/api";
import { simpleVmVerbs } from "@polyvisor/api";
import { PolyvisorError } from "@polyvisor/model";
import { checkPlan } from "./checkPlan.ts";
import { planCreateVm } from "./createVm.ts";
import { planDefineVm } from "./defineVm.ts";
import { planDeleteVm } from "./deleteVm.ts";
import { planCloneVm } from "./cloneVm.ts";
import { planMigrateVm } from "./migrateVm.ts";
import { planAttachDisk } from "./attachDisk.ts";
import { planStorage } from "./storage.ts";
import { planTemplateBuild } from "./templateBuild.ts";
import type { PlanInput } from "./planInput.ts";
import { planSimpleVm } from "./simpleVm.ts";
import type { Work } from "./work.ts";

type Planner = (input: PlanInput & { request: never }) => Work;

const planners: { [K in Exclude<Request["do"], SimpleVmRequest["do"]>]: Planner } = {
  "vm.create": planCreateVm,
  "vm.define": planDefineVm,
  "vm.delete": planDeleteVm,
  "vm.clone": planCloneVm,
  "vm.migrate": planMigrateVm,
  "vm.attachDisk": planAttachDisk,
  "datastore.create": planStorage,
  "datastore.start": planStorage,
  "datastore.stop": planStorage,
  "datastore.delete": planStorage,
  "datastore.refresh": planStorage,
  "volume.create": planStorage,
  "volume.resize": planStorage,
  "volume.delete": planStorage,
  "network.start": planStorage,
  "network.stop": planStorage,
  "template.build": planTemplateBuild,
};

/**
 * The plan of a request, and what of it is impossible. Nothing is changed.
 * @throws PolyvisorError with the blocker when nothing of it can be done
 */
export function makeWork(input: PlanInput): Work {
  const { do: verb } = input.request;
  const simple = (simpleVmVerbs as readonly string[]).includes(verb);
  if (!simple && !Object.hasOwn(planners, verb))
    throw new PolyvisorError("badRequest", { detail: `there is no request "${String(verb).slice(0, 64)}"`, where: "/request/do" });
  const work = simple ? planSimpleVm(input as PlanInput & { request: SimpleVmRequest }) : planners[verb as keyof typeof planners](input as never);
  const { access, request } = input;
  if (access) for (const [i, step] of work.plan.steps.entries()) if (!work.failures.has(step.n)) access.permit(request, step, work.plan.steps.slice(0, i));
  const faults = checkPlan(work, input.estate);
  if (faults.length > 0) throw new Error(`the plan for ${verb} is faulty: ${faults.slice(0, 5).join("; ")}`);
  return work;
}
