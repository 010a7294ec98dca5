import type { Plan, Task } from "@polyvisor/model";
import { exitCodeOf, exitCodes } from "./exitCode.ts";
import { escapeText } from "./output/escape.ts";
import { colourOfState, type Paint } from "./output/paint.ts";
import { durationText } from "./output/quantity.ts";

const verbWords = (verb: string): string => verb.replace(/^vm\./, "").replace(/([a-z])([A-Z])/g, "$1 $2").replace(".", " ").toLowerCase();
const stepWords = (step: Plan["steps"][number]): string => `${verbWords(step.action.verb)} ${step.target.kind === "vm" ? "" : `${step.target.kind} `}${step.target.name}`;

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

/** What came of a task: `out` for standard output, `err` for what failed, each with its remedy below. */
export function resultLines(task: Task, paint: Paint): { out: string[]; err: string[] } {
  const out: string[] = [];
  const err: string[] = [];
  const last = new Map<string, number>();
  for (const step of task.plan.steps) last.set(`${step.target.kind} ${step.target.name}`, step.n);
  for (const planned of task.plan.steps) {
    const step = task.steps.find((each) => each.n === planned.n);
    if (!step) continue;
    const name = escapeText(planned.target.name);
    if (step.state === "succeeded") {
      // The last step of each object tells how it is now; those before were the way there.
      if (last.get(`${planned.target.kind} ${planned.target.name}`) === planned.n) out.push(`${name}: ${escapeText(step.message ?? `${verbWords(planned.action.verb)} done`)}`);
    } else if (step.failure) {
      err.push(`${name}: ${paint("red", "failed")}: ${escapeText(step.failure.detail)}`, `  ${escapeText(step.failure.remedy)}`);
    } else {
      err.push(`${name}: ${paint(colourOfState(step.state), `${verbWords(planned.action.verb)} ${step.state}`)}${step.message ? `: ${escapeText(step.message)}` : ""}`);
    }
  }
  if (task.failure && !task.steps.some((step) => step.failure)) err.push(`${escapeText(task.title)}: ${paint("red", "failed")}: ${escapeText(task.failure.detail)}`, `  ${escapeText(task.failure.remedy)}`);
  if (task.plan.steps.length === 0 && task.state === "succeeded") out.push(`${escapeText(task.title)}: nothing needed to be done`);
  if (task.state === "cancelled") err.push(`The task was cancelled.`);
  return { out, err };
}

/** 0 when all succeeded; the one failure's own code when all that failed failed alike; else 1. */
export function taskExitCode(task: Task): number {
  if (task.state === "succeeded") return exitCodes.ok;
  if (task.state === "partial") return exitCodes.failed;
  const codes = new Set([...task.steps.flatMap((step) => (step.failure ? [step.failure.code] : [])), ...(task.failure ? [task.failure.code] : [])].map(exitCodeOf));
  return codes.size === 1 ? [...codes][0]! : exitCodes.failed;
}
