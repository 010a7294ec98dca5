import type { RequestInput } from "@polyvisor/api/client";
import type { PlanStep } from "@polyvisor/model";
import { carryOut, tellOutcome, type Asks } from "../change.ts";
import type { Run } from "../command.ts";
import { usageFailure } from "../failure.ts";
import { targetsOf } from "../targets.ts";

const asks: Record<string, Asks> = {
  "vm.destroy": "always",
  "vm.delete": "always",
  "vm.shutdown": "several",
  "vm.reboot": "several",
  "vm.reset": "several",
  "vm.pause": "several",
  "vm.save": "several",
};

/** What a verb takes beside its targets, from the command's options. */
function extras(verb: string, options: Record<string, unknown>): Record<string, unknown> {
  switch (verb) {
    case "vm.start":
      return options["paused"] ? { paused: true } : {};
    case "vm.shutdown":
      return options["timeout"] === undefined ? {} : { timeoutSeconds: wholeNumber(options["timeout"], "--timeout") };
    case "vm.save":
    case "vm.restore":
      return options["file"] === undefined ? {} : { path: options["file"] };
    case "vm.delete":
      return { disks: options["disks"] ? "delete" : "keep", force: options["force"] === true };
    case "vm.setAutostart":
      return { on: options["disable"] !== true };
    default:
      return {};
  }
}

/** A whole number of an option, or a failure that names it. */
export function wholeNumber(value: unknown, place: string): number {
  if (typeof value === "string" && /^\d{1,15}$/.test(value)) return Number(value);
  throw usageFailure(`${place} takes a whole number, not ${String(value)}.`);
}

/** The VM that a step was about: its id, or the hypervisor's own where the step made it. */
export function vmOfStep(step: PlanStep | undefined): string | undefined {
  return step?.target.id ?? (step && "vm" in step.action ? step.action.vm : undefined);
}

/** A verb that takes VMs and little else. */
export const lifecycle =
  (verb: string): Run =>
  async (context) => {
    const targets = targetsOf(context.words);
    const request = { do: verb, ...targets, ...extras(verb, context.options) } as RequestInput;
    const outcome = await carryOut(context, request, asks[verb] ?? "never");
    if (typeof outcome === "number") return outcome;
    const code = await tellOutcome(context, outcome);
    if (code === 0 && context.options["console"] === true) {
      const first = outcome.plan.steps.find((step) => step.target.kind === "vm");
      const { attach } = await import("./console.ts");
      return attach(context, vmOfStep(first) ?? context.words[0]!);
    }
    return code;
  };
