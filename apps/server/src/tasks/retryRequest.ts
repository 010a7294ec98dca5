import { requestSchema, type Request } from "@polyvisor/api";
import { PolyvisorError, type Task, type Vm } from "@polyvisor/model";
import type { PlanEstate } from "../plans/planInput.ts";
import type { Asked } from "./asked.ts";
import { itemsOf } from "./outcome.ts";

/** What is to be asked for to do a task again. */
export interface Retry {
  request: Request;
  /** What whoever asks should know of it. */
  warnings: string[];
}

/**
 * The request that does again what a task did not: of many objects those that it failed for, of a VM that it made but
 * could not start the start, else all of it.
 * @param asked undefined where the task is of a version that kept nothing
 * @param estate as who asks sees it
 * @throws PolyvisorError `conflict` where there is nothing to do again or it is not known any more what, `notFound` where everything is gone
 */
export function retryRequest(task: Task, asked: Asked | undefined, estate: PlanEstate): Retry {
  if (task.state === "queued" || task.state === "running")
    throw new PolyvisorError("conflict", {
      detail: `the task ${task.id} is not over`,
      remedy: `Wait for it (polyvisor task wait ${task.id}), or cancel it first (polyvisor task cancel ${task.id}).`,
    });
  if (task.state === "succeeded")
    throw new PolyvisorError("conflict", {
      detail: `the task ${task.id} did all of it: nothing is left to do again`,
      remedy: "Ask for it anew where you want it once more.",
    });
  const request = readAsked(task, asked);
  const warnings = task.steps
    .filter(({ state }) => state === "interrupted")
    .map(({ n }) => `nobody knows whether step ${n} of ${task.id} was done (${task.plan.steps.find((step) => step.n === n)?.target.name}): it is done again`);
  if ("vms" in request || "select" in request) return failedOnly(task, request, estate, warnings);
  const made = madeBefore(task, request, estate);
  if (!made) return { request, warnings };
  warnings.push(`${task.id} made ${made.name}: it is only started`);
  return { request: requestSchema.parse({ do: "vm.start", vms: [made.id] }), warnings };
}

function readAsked(task: Task, asked: Asked | undefined): Request {
  if (!asked)
    throw new PolyvisorError("conflict", {
      detail: `what was asked for with ${task.id} was not kept: it is of a version before retries`,
      remedy: "Ask for it anew.",
    });
  if (asked.withheld !== undefined)
    throw new PolyvisorError("conflict", {
      detail: `the ${asked.withheld} of ${asked.request.do} may hold a secret, so that ${task.id} did not keep it`,
      remedy: "Ask for it anew, with all that belongs to it.",
    });
  const read = requestSchema.safeParse(asked.request);
  if (read.success) return read.data;
  throw new PolyvisorError("conflict", { detail: `what was asked for with ${task.id} is not understood by this version any more`, remedy: "Ask for it anew." });
}

/** The same for the VMs that it failed for and that are there. What was chosen by a filter then is not chosen anew. */
function failedOnly(task: Task, request: Request, estate: PlanEstate, warnings: string[]): Retry {
  const items = itemsOf(task.plan);
  const failed = new Set(items.filter((_, i) => task.steps[i]!.state !== "succeeded"));
  const ids = [...new Set(task.plan.steps.flatMap(({ target: { kind, id } }, i) => (failed.has(items[i]!) && kind === "vm" && id !== undefined ? [id] : [])))];
  const left = ids.filter((id) => sees(estate, id));
  if (left.length === 0)
    throw new PolyvisorError("notFound", {
      detail: `${ids.length === 1 ? "the VM" : `none of the ${ids.length} VMs`} that ${task.id} failed for is there${ids.length === 1 ? " any more" : ""}`,
    });
  if (left.length < ids.length)
    warnings.push(`${ids.length - left.length} of the ${ids.length} VMs that ${task.id} failed for are not there any more and are left out`);
  const { select: _, ...rest } = request as Request & { select?: string };
  return { request: { ...rest, vms: left } as Request, warnings };
}

/** The VM that the task made, where all that is left of it is its start. */
function madeBefore({ plan, steps }: Task, request: Request, estate: PlanEstate): Vm | undefined {
  const at = plan.steps.findIndex(({ action }) => action.verb === request.do);
  const { action, hostId } = plan.steps[at] ?? {};
  if (hostId === undefined || steps[at]!.state !== "succeeded") return undefined;
  const uuid = action?.verb === "vm.create" || action?.verb === "vm.define" ? action.vm : action?.verb === "vm.clone" ? action.to : undefined;
  if (uuid === undefined || plan.steps.some((step, i) => steps[i]!.state !== "succeeded" && step.action.verb !== "vm.start")) return undefined;
  const vm = estate.byNative("vm", hostId, uuid);
  return vm && sees(estate, vm.id) ? vm : undefined;
}

/** Of what is hidden from who asks nothing is found. */
function sees(estate: PlanEstate, id: string): boolean {
  try {
    return estate.find("vm", id).id === id;
  } catch (error) {
    if (error instanceof PolyvisorError) return false;
    throw error;
  }
}
