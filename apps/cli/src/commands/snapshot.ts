import type { Snapshot } from "@polyvisor/model";
import { change } from "../change.ts";
import type { Run } from "../command.ts";
import { usageFailure } from "../failure.ts";
import { escapeText } from "../output/escape.ts";
import type { Paint } from "../output/paint.ts";
import { timeText } from "../output/quantity.ts";
import { show } from "../show.ts";

/** Snapshots as a tree: each below the one it was taken after. A parent that is not there makes a root. */
export function snapshotTree(snapshots: readonly Snapshot[], paint: Paint): string[] {
  const names = new Set(snapshots.map((each) => each.name));
  const children = new Map<string | undefined, Snapshot[]>();
  for (const each of snapshots) {
    const parent = each.parent !== undefined && names.has(each.parent) && each.parent !== each.name ? each.parent : undefined;
    children.set(parent, [...(children.get(parent) ?? []), each]);
  }
  const lines: string[] = [];
  const shown = new Set<string>();
  const walk = (parent: string | undefined, indent: string): void => {
    const here = children.get(parent) ?? [];
    here.forEach((each, i) => {
      if (shown.has(each.name)) return;
      shown.add(each.name);
      const last = i === here.length - 1;
      const branch = parent === undefined ? "" : last ? "└─ " : "├─ ";
      const facts = [timeText(each.createdAt), each.state, each.withMemory ? "with memory" : "disks only", each.description?.split("\n")[0]]
        .filter(Boolean)
        .join(", ");
      lines.push(
        `${indent}${branch}${paint(each.current ? "bold" : undefined, escapeText(each.name))}${each.current ? paint("green", " (current)") : ""}  ${paint("grey", escapeText(facts))}`,
      );
      walk(each.name, parent === undefined ? "" : `${indent}${last ? "   " : "│  "}`);
    });
  };
  walk(undefined, "");
  // A ring of parents hangs on no root: shown flat rather than not at all.
  for (const each of snapshots) if (!shown.has(each.name)) lines.push(escapeText(each.name));
  return lines;
}

/** `snapshot list VM`. */
export const list: Run = async (context) => {
  const client = await context.client();
  const vm = await client.call("vmGet", { params: { id: context.words[0]! } });
  if (context.output === "name") for (const each of vm.snapshots) context.say(escapeText(each.name));
  else if (vm.snapshots.length === 0 && context.output !== "json" && context.output !== "yaml") context.note(`${escapeText(vm.name)} has no snapshots.`);
  else await show(context, vm.snapshots, (snapshots) => snapshotTree(snapshots, context.paint));
};

/** `snapshot create VM [NAME]`. */
export const create: Run = (context) => {
  const { options, io } = context;
  const name = context.words[1] ?? new Date(io.now()).toISOString().slice(0, 19).replaceAll(":", "-");
  return change(context, {
    do: "vm.snapshot",
    vms: [context.words[0]!],
    name,
    memory: options["memory"] !== false,
    ...(options["description"] === undefined ? {} : { description: options["description"] }),
  });
};

/** `snapshot revert VM NAME`. */
export const revert: Run = async (context) => {
  const { running, stopped } = context.options;
  if (running && stopped) throw usageFailure("--running and --stopped exclude each other.");
  return change(
    context,
    { do: "vm.revert", vms: [context.words[0]!], snapshot: context.words[1]!, ...(running ? { running: true } : stopped ? { running: false } : {}) },
    "always",
  );
};

/** `snapshot delete VM NAME`. */
export const remove: Run = (context) =>
  change(context, { do: "vm.deleteSnapshot", vms: [context.words[0]!], snapshot: context.words[1]!, children: context.options["children"] === true }, "always");
