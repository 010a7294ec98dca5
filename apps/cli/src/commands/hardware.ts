import type { RequestInput } from "@polyvisor/api/client";
import { carryOut, change, tellOutcome } from "../change.ts";
import type { Context, Run } from "../command.ts";
import type { Revisions } from "../conflict.ts";
import { parseDisk, sizeOf } from "../diskWords.ts";
import { CliFailure, usageFailure } from "../failure.ts";
import { exitCodes } from "../exitCode.ts";
import { parseNic } from "../nicWords.ts";
import { targetsOf } from "../targets.ts";
import { wholeNumber } from "./lifecycle.ts";

type Apply = "now" | "nextStart" | "both";

/** When it takes effect: now and from the next start on, unless an option names one of the two. */
function applyOf(options: Record<string, unknown>): Apply {
  const now = Boolean(options["now"] || options["live"]);
  const next = Boolean(options["nextStart"] || options["config"]);
  return now === next ? "both" : now ? "now" : "nextStart";
}

const oneVm = (context: Context): { vms: string[] } => ({ vms: [context.words[0]!] });
const settingNames = ["memory", "max-memory", "vcpus", "max-vcpus", "title", "description", "autostart"] as const;

/** Settings of `set` as requests, one for each kind of change. */
export function settingRequests(words: readonly string[], apply: Apply): { vms: string[]; requests: Record<string, unknown>[] } {
  const vms: string[] = [];
  const found = new Map<string, string>();
  for (const word of words) {
    const [, key, value] = /^([a-z-]+)=(.*)$/s.exec(word) ?? [];
    if (key !== undefined && (settingNames as readonly string[]).includes(key)) found.set(key, value!);
    else if (key === "mem" || key === "maxmem" || key === "maxvcpus") found.set({ mem: "memory", maxmem: "max-memory", maxvcpus: "max-vcpus" }[key]!, value!);
    else vms.push(word);
  }
  if (found.size === 0) throw usageFailure("Nothing is to be set.", `Settings are ${settingNames.join(", ")}: polyvisor set VM memory=2G vcpus=4`);
  const size = (key: string): number | undefined => (found.has(key) ? sizeOf(found.get(key)!, key, "M") : undefined);
  const count = (key: string): number | undefined => (found.has(key) ? wholeNumber(found.get(key), key) : undefined);
  const some = (verb: string, values: Record<string, unknown>, more: Record<string, unknown> = {}): Record<string, unknown>[] => {
    const given = Object.entries(values).filter(([, value]) => value !== undefined);
    return given.length > 0 ? [{ do: verb, ...Object.fromEntries(given), ...more }] : [];
  };
  const autostart = found.get("autostart");
  if (autostart !== undefined && !/^(on|off|yes|no)$/.test(autostart)) throw usageFailure(`autostart is on or off, not ${autostart}.`);
  return {
    vms,
    requests: [
      ...some("vm.setMemory", { max: size("max-memory"), current: size("memory") }, { apply }),
      ...some("vm.setVcpus", { max: count("max-vcpus"), current: count("vcpus") }, { apply }),
      ...some("vm.describe", { title: found.get("title"), description: found.get("description") }),
      ...some("vm.setAutostart", { on: autostart === undefined ? undefined : /^(on|yes)$/.test(autostart) }),
    ],
  };
}

/** `set VM... SETTING=VALUE...`: one task for each kind of setting, in order; the first that fails ends it. */
export const set: Run = async (context) => {
  const { vms, requests } = settingRequests(context.words, applyOf(context.options));
  const targets = targetsOf(vms);
  for (const request of requests) {
    const outcome = await carryOut(context, { ...request, ...targets } as RequestInput);
    const code = typeof outcome === "number" ? outcome : await tellOutcome(context, outcome);
    if (code !== exitCodes.ok) return code;
  }
  return exitCodes.ok;
};

export const setMemory: Run = (context) =>
  change(context, { do: "vm.setMemory", ...oneVm(context), current: sizeOf(context.words[1]!, "memory", "M"), apply: applyOf(context.options) });
export const setMaxMemory: Run = (context) =>
  change(context, { do: "vm.setMemory", ...oneVm(context), max: sizeOf(context.words[1]!, "memory", "M"), apply: applyOf(context.options) });
export const setVcpus: Run = (context) =>
  change(context, { do: "vm.setVcpus", ...oneVm(context), current: wholeNumber(context.words[1], "vcpus"), apply: applyOf(context.options) });

export const attachDisk: Run = (context) =>
  change(context, { do: "vm.attachDisk", ...oneVm(context), disk: parseDisk(diskText(context.words.slice(1))), apply: applyOf(context.options) });
export const detachDisk: Run = (context) =>
  change(context, { do: "vm.detachDisk", ...oneVm(context), target: context.words[1]!, apply: applyOf(context.options) });
export const attachNic: Run = (context) =>
  change(context, { do: "vm.attachNic", ...oneVm(context), nic: parseNic(context.words.slice(1).join(",")), apply: applyOf(context.options) });
export const detachNic: Run = (context) =>
  change(context, { do: "vm.detachNic", ...oneVm(context), mac: context.words[1]!.toLowerCase(), apply: applyOf(context.options) });

/** Words of a disk given apart (virsh: `attach-disk VM SOURCE TARGET`) are one disk. */
const diskText = (words: readonly string[]): string => words.join(",");

/** The VM's drive for media: the one named, or the only one, with the revision of the VM that was looked at for it. */
async function driveOf(context: Context, named: string | undefined): Promise<{ target: string; seen?: Revisions }> {
  if (named) return { target: named };
  const client = await context.client();
  const vm = await client.call("vmGet", { params: { id: context.words[0]! } });
  const drives = vm.disks.filter((disk) => disk.device === "cdrom" || disk.device === "floppy");
  if (drives.length === 1) return { target: drives[0]!.target, seen: { [vm.id]: vm.revision } };
  throw new CliFailure(
    exitCodes.refused,
    drives.length === 0 ? `${vm.name} has no drive for media.` : `${vm.name} has ${drives.length} drives: ${drives.map((drive) => drive.target).join(", ")}.`,
    drives.length === 0 ? `Give it one: polyvisor disk attach ${vm.name} cdrom,target=sda,bus=sata` : "Name one with --drive.",
  );
}

/** `media insert VM [DRIVE] FILE`, also in xl's order. */
export const insert: Run = async (context) => {
  const [, ...rest] = context.words;
  if (rest.length > 2) throw usageFailure("media insert takes a VM, a drive and a file.", "For example: polyvisor media insert web1 hdc /srv/iso/debian.iso");
  const { target, seen } = await driveOf(context, (context.options["drive"] as string | undefined) ?? (rest.length === 2 ? rest[0] : undefined));
  return change(context, { do: "vm.changeMedia", ...oneVm(context), target, source: rest.at(-1)!, apply: applyOf(context.options) }, "never", seen);
};

/** `media eject VM [DRIVE]`. */
export const eject: Run = async (context) => {
  const { target, seen } = await driveOf(context, (context.options["drive"] as string | undefined) ?? context.words[1]);
  return change(context, { do: "vm.changeMedia", ...oneVm(context), target, apply: applyOf(context.options) }, "never", seen);
};
