import type { Request } from "@polyvisor/api";
import type { Plan, PlanStep } from "@polyvisor/model";

/** What was asked for, as a task keeps it so that it can be done again. Nothing secret is in it. */
export interface Asked {
  /** Without the field that is withheld. */
  request: Record<string, unknown> & { do: string };
  /** The field that is not kept, because a secret is in it or may be. */
  withheld?: string | undefined;
}

/** Names of fields that hold secrets: none does today, and the first that does is withheld without another line. */
const secretName = /pass(word|wd|phrase)|secret|token|user-?data/i;
/** Places of a domain's XML where secrets are written. */
const secretInDefinition = /passw|secret|fwcfg|oemStrings|qemu:(?:arg|env)\b/i;

/** The request without what nobody but the host may know: keys that are typed, a definition with pass phrases. */
export function askedOf(request: Request): Asked {
  const plain = request as Asked["request"];
  const withheld = Object.keys(plain).find((name) => isSecret(plain.do, name, plain[name]));
  if (withheld === undefined) return { request: plain };
  const { [withheld]: _, ...rest } = plain;
  return { request: rest as Asked["request"], withheld };
}

function isSecret(verb: string, name: string, value: unknown): boolean {
  if (verb === "vm.sendKeys" && name === "keys") return true;
  if (verb === "vm.define" && name === "definition") return secretInDefinition.test(String(value));
  return secretName.test(name) || holdsSecret(value);
}

function holdsSecret(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  return Object.entries(value).some(([name, inside]) => secretName.test(name) || holdsSecret(inside));
}

const notShown = "(not shown)";
const masked = new WeakMap<Plan, Plan>();

/** A plan as it is shown and told: the same, without keys that are typed and definitions with secrets. */
export function shownPlan(plan: Plan): Plan {
  let shown = masked.get(plan);
  if (!shown) {
    const steps = plan.steps.map(shownStep);
    shown = steps.every((step, i) => step === plan.steps[i]) ? plan : { ...plan, steps };
    masked.set(plan, shown);
  }
  return shown;
}

function shownStep(step: PlanStep): PlanStep {
  const { action } = step;
  if (action.verb === "vm.sendKeys") return { ...step, action: { ...action, keys: [notShown] } };
  if (action.verb === "vm.define" && secretInDefinition.test(action.definition)) return { ...step, action: { ...action, definition: notShown } };
  return step;
}
