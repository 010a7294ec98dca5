import type { Plan, Task } from "@polyvisor/model";
import { exitCodeOf, exitCodes } from "./exitCode.ts";
import { escapeText } from "./output/escape.ts";
import { colourOfState, type Paint } from "./output/paint.ts";
import { durationText } from "./output/quantity.ts";

const verbWords = (verb: string): string =>
  verb
    .replace(/^vm\./, "")
    .replace(/([a-z])([A-Z])/g, "$1 $2")
    .replace(".", " ")
    .toLowerCase();
const stepWords = (step: Plan["steps"][number]): string =>
  `${verbWords(step.action.verb)} ${step.target.kind === "vm" ? "" : `${step.target.kind} `}${step.target.name}`;

/** A plan as someone reads it before saying yes. */
export function planLines(plan: Plan, paint: Paint): string[] {
  const lines = [paint("bold", escapeText(plan.title))];
  for (const step of plan.steps) {
    lines.push(`  ${step.n}. ${escapeText(stepWords(step))}${step.after.length > 0 ? paint("grey", ` (after ${step.after.join(", ")})`) : ""}`);
    for (const reason of step.reasons) lines.push(`     ${paint("grey", `because ${escapeText(reason)}`)}`);
  }
  if (plan.steps.length === 0) lines.push("  Nothing needs to be done.");
  for (const expected of plan.expect) lines.push(`  ${paint("green", "then")} ${escapeText(expected)}`);
  for (const warning of plan.warnings) lines.push(`  ${paint("yellow", "warning")} ${escapeText(warning)}`);
  return lines;
}

/** The names of the objects that a plan changes, each once. */
export const targetNames = (plan: Plan): string[] => [...new Set(plan.steps.filter((step) => step.target.kind !== "template").map((step) => step.target.name))];

/** One line while a task runs: how far, what just now. */
export function progressLine(task: Task, seconds: number): string {
  const width = 20;
  const done = Math.round(task.progress * width);
  const ended = task.steps.filter((step) => step.state !== "waiting" && step.state !== "running").length;
  const running = task.steps.find((step) => step.state === "running");
  const step = running && task.plan.steps.find((each) => each.n === running.n);
  const now = step ? `${stepWords(step)}${running.message ? `: ${running.message}` : ""}` : task.title;
  const count = task.steps.length > 1 ? `  ${ended}/${task.steps.length}` : "";
  return `[${"█".repeat(done)}${"░".repeat(width - done)}] ${String(Math.round(task.progress * 100)).padStart(3)} %${count}  ${escapeText(now)}  ${durationText(seconds)}`;
}

type Step = Plan["steps"][number];
const objectOf = (step: Step): string => `${step.target.kind} ${step.hostId ?? ""} ${step.target.id ?? step.target.name}`;

/** How each object is called in a result: its name, with its id where another of the same name is meant too. */
function namesIn(steps: readonly Step[]): (step: Step) => string {
  const objects = new Map<string, Set<string>>();
  for (const step of steps) objects.set(step.target.name, (objects.get(step.target.name) ?? new Set()).add(objectOf(step)));
  return ({ target }) => escapeText((objects.get(target.name)?.size ?? 0) > 1 && target.id ? `${target.name} (${target.id})` : target.name);
}

/** What came of a task: `out` for standard output, `err` for what failed; what to do stands below, once for all that need the same. */
export function resultLines(task: Task, paint: Paint): { out: string[]; err: string[] } {
  const out: string[] = [];
  const failures: { line: string; remedy?: string }[] = [];
  const steps = new Map(task.steps.map((step) => [step.n, step]));
  const last = new Map(task.plan.steps.map((step) => [objectOf(step), step.n]));
  const nameOf = namesIn(task.plan.steps);
  for (const planned of task.plan.steps) {
    const step = steps.get(planned.n);
    if (!step) continue;
    const name = nameOf(planned);
    const message = escapeText(step.message ?? "");
    if (step.state === "succeeded") {
      // The last step of each object tells how it is now; those before were the way there.
      if (last.get(objectOf(planned)) === planned.n)
        out.push(message.startsWith(name) ? message : `${name}: ${message || `${verbWords(planned.action.verb)} done`}`);
    } else if (step.failure) {
      const detail = escapeText(step.failure.detail);
      failures.push({
        line: `${name}: ${paint("red", "failed")}: ${detail.startsWith(`${name}: `) ? detail.slice(name.length + 2) : detail}`,
        remedy: escapeText(step.failure.remedy),
      });
    } else {
      failures.push({
        line: `${name}: ${paint(colourOfState(step.state), `${verbWords(planned.action.verb)} ${step.state}`)}${message ? `: ${message}` : ""}`,
      });
    }
  }
  if (task.failure && !task.steps.some((step) => step.failure))
    failures.push({
      line: `${escapeText(task.title)}: ${paint("red", "failed")}: ${escapeText(task.failure.detail)}`,
      remedy: escapeText(task.failure.remedy),
    });
  if (task.plan.steps.length === 0 && task.state === "succeeded") out.push(`${escapeText(task.title)}: nothing needed to be done`);
  const err = failures.flatMap(({ line, remedy }, i) => (remedy && failures[i + 1]?.remedy !== remedy ? [line, `  ${remedy}`] : [line]));
  if (task.state === "cancelled") err.push("The task was cancelled.");
  return { out, err };
}

/** 0 when all succeeded; the one failure's own code when all that failed failed alike; else 1. */
export function taskExitCode(task: Task): number {
  if (task.state === "succeeded") return exitCodes.ok;
  if (task.state === "partial") return exitCodes.failed;
  const codes = new Set(
    [...task.steps.flatMap((step) => (step.failure ? [step.failure.code] : [])), ...(task.failure ? [task.failure.code] : [])].map(exitCodeOf),
  );
  return codes.size === 1 ? [...codes][0]! : exitCodes.failed;
}
