import type { PlanStep, TaskStep } from "@polyvisor/model";
import type { StormHost } from "./stormHost.ts";

/** Whether a step had its effect: `maybe` where the server itself says that it cannot know. */
export type Verdict = "done" | "not" | "maybe";

/** A step that was ordered, as its task told of it at the end. */
export interface Entry {
  task: string;
  verb: string;
  vm: string;
  verdict: Verdict;
  /** Life of the host's world when it was ordered, and when its task had ended. */
  from: number;
  to: number;
  message: string;
}

/** Failures after which the server does not know whether the host did it. */
const unknowable = new Set(["interrupted", "hostUnreachable", "hostTimeout", "hostProtocol", "hostRefused", "cancelled"]);

/** What a step says of its effect. */
export function verdictOf(step: TaskStep): Verdict {
  // What is so already when an interrupted step is taken up again is the first attempt's work, as a rule.
  if (step.state === "succeeded") return /\balready\b/.test(step.message ?? "") ? (/interrupted/.test(step.message!) ? "maybe" : "not") : "done";
  if (step.state === "interrupted" || (step.failure && unknowable.has(step.failure.code))) return "maybe";
  return "not";
}

export function entryOf(task: string, plan: PlanStep, step: TaskStep, vm: string, from: number, to: number): Entry {
  return { task, verb: plan.action.verb, vm, verdict: verdictOf(step), from, to, message: step.message ?? step.failure?.detail ?? step.state };
}

/** What the witness writes down of each verb; QEMU's driver lets a guest go on once it is up. */
const effects: Readonly<Record<string, readonly string[]>> = {
  "vm.create": ["Defined Added"],
  "vm.start": ["Started Booted"],
  "vm.destroy": ["Stopped Destroyed"],
  "vm.shutdown": ["Stopped Shutdown"],
  "vm.pause": ["Suspended Paused"],
  "vm.unpause": ["Resumed Unpaused"],
  "vm.delete": ["Undefined Removed"],
};
const ofQemu: typeof effects = { ...effects, "vm.start": ["Resumed Unpaused", "Started Booted"] };

/** Differences between what was ordered of the VMs that only the API touches and what the host's witness saw of them. */
export function judge(host: StormHost, entries: readonly Entry[]): string[] {
  const faults: string[] = [];
  const table = host.driver === "test" ? effects : ofQemu;
  const counted = new Set(Object.values(table).flat());
  for (const vm of new Set(entries.map((entry) => entry.vm))) {
    for (let epoch = 0; epoch <= host.epoch; epoch++) {
      if (host.diedBySelf.has(epoch)) continue;
      const seen = host.witnessed.filter((each) => each.vm === vm && each.epoch === epoch && counted.has(each.event)).map((each) => each.event);
      // What was under way when a daemon died may have been done before or after, or have been begun and not told of.
      const ordered = entries
        .filter((entry) => entry.vm === vm && entry.from <= epoch && entry.to >= epoch && table[entry.verb] !== undefined)
        .map((entry) => ({ ...entry, verdict: entry.from === entry.to ? entry.verdict : ("maybe" as const) }));
      if (!explains(ordered, seen, table)) {
        const told = ordered.map((entry) => `${entry.verb} ${entry.verdict} (${entry.task}: ${entry.message})`).join(", ");
        faults.push(`${host.name}/${vm}, daemon ${epoch}: the tasks say [${told}], the witness saw [${seen.join(", ")}]`);
      }
    }
  }
  return faults;
}

/** Whether each thing seen is one entry's, in order: every `done` once, every `maybe` at most once, and of it perhaps only the beginning. */
function explains(ordered: readonly Pick<Entry, "verb" | "verdict">[], seen: readonly string[], table: typeof effects): boolean {
  let reach = new Set([0]);
  for (const { verb, verdict } of ordered) {
    const next = new Set<number>();
    for (const at of reach) {
      if (verdict !== "done") next.add(at);
      if (verdict === "not") continue;
      const parts = table[verb]!;
      for (let n = 1; n <= parts.length && seen[at + n - 1] === parts[n - 1]; n++) if (n === parts.length || verdict === "maybe") next.add(at + n);
    }
    reach = next;
  }
  return reach.has(seen.length);
}
