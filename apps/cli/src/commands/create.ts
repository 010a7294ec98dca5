import { readFileSync, statSync } from "node:fs";
import { buffer } from "node:stream/consumers";
import type { VmSpecWish } from "@polyvisor/model";
import { carryOut, tellOutcome } from "../change.ts";
import type { Context, Run } from "../command.ts";
import { parseDisk, sizeOf } from "../diskWords.ts";
import { exitCodes } from "../exitCode.ts";
import { CliFailure, usageFailure } from "../failure.ts";
import { listAll } from "../listing.ts";
import { parseNic } from "../nicWords.ts";
import { vmOfStep, wholeNumber } from "./lifecycle.ts";

const mostBytes = 4 * 1024 ** 2;

async function readDefinition(context: Context, file: string): Promise<string> {
  let text: string;
  try {
    if (file !== "-" && statSync(file).size > mostBytes) throw usageFailure(`${file} is larger than 4 MiB: it is not a description of a VM.`);
    const bytes = file === "-" ? await buffer(context.io.stdin) : readFileSync(file);
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (error) {
    if (error instanceof CliFailure) throw error;
    throw usageFailure(
      error instanceof TypeError
        ? `${file} is not UTF-8 text.`
        : `${file} cannot be read: ${(error as NodeJS.ErrnoException).code ?? (error as Error).message}.`,
      "Name a libvirt domain XML file, or a new VM with its options.",
    );
  }
  if (!text.trimStart().startsWith("<")) throw usageFailure(`${file} is not XML.`, "Give a libvirt domain XML file, as polyvisor dump prints it.");
  return text;
}

/** The host named, or the only one there is. */
export async function hostOf(context: Context): Promise<string> {
  const named = context.options["host"];
  if (typeof named === "string") return named;
  const hosts = await listAll(await context.client(), "hostList", { fields: "id,name" });
  if (hosts.length === 1) return hosts[0]!.id;
  throw usageFailure(
    hosts.length === 0 ? "There is no host yet." : `There are ${hosts.length} hosts; say which.`,
    hosts.length === 0 ? "Add one: polyvisor host add --local" : "--host NAME; polyvisor host list shows them.",
  );
}

/** What a new VM shall be, of the command's options: only what was said. */
export function specOf(name: string, options: Record<string, unknown>): VmSpecWish {
  const text = (key: string): string | undefined => options[key] as string | undefined;
  const size = (key: string, place: string): number | undefined => (options[key] === undefined ? undefined : sizeOf(text(key)!, place, "M"));
  const number = (key: string, place: string): number | undefined => (options[key] === undefined ? undefined : wholeNumber(options[key], place));
  const one = <T extends string>(key: string, place: string, known: readonly T[]): T | undefined => {
    const value = text(key);
    if (value === undefined) return undefined;
    return (
      known.find((each) => each === value) ??
      ((): never => {
        throw usageFailure(`${place} is ${known.join(" or ")}, not ${value}.`);
      })()
    );
  };
  if ((options["initramfs"] ?? options["cmdline"]) !== undefined && options["kernel"] === undefined)
    throw usageFailure("--initramfs and --cmdline need --kernel.");
  const spec: Record<string, unknown> = {
    name,
    title: text("title"),
    description: text("description"),
    memory: size("memory", "--memory"),
    maxMemory: size("maxMemory", "--max-memory"),
    vcpus: number("vcpus", "--vcpus"),
    maxVcpus: number("maxVcpus", "--max-vcpus"),
    firmware: one("firmware", "--firmware", ["bios", "efi"]),
    acceleration: one("acceleration", "--acceleration", ["auto", "hardware", "emulated"]),
    machine: text("machine"),
    arch: text("arch"),
    graphics: one("graphics", "--graphics", ["none", "vnc"]),
    boot: options["kernel"] === undefined ? undefined : { kernel: text("kernel"), initramfs: text("initramfs"), cmdline: text("cmdline") },
    container: options["containerRoot"] === undefined ? undefined : { root: text("containerRoot"), init: text("init") },
    bootOrder: options["bootOrder"] as string[] | undefined,
    autostart: options["autostart"] === true ? true : undefined,
    disks: (options["disk"] as string[] | undefined)?.map((disk) => parseDisk(disk, "--disk")),
    nics: nicsOf(options["nic"] as string[] | undefined),
  };
  return JSON.parse(JSON.stringify(spec)) as VmSpecWish;
}

/** `--nic none` asks for a VM without a network; nothing said leaves it to the plan. */
function nicsOf(words: string[] | undefined): ReturnType<typeof parseNic>[] | undefined {
  if (!words?.includes("none")) return words?.map((nic) => parseNic(nic, "--nic"));
  return words.length === 1
    ? []
    : ((): never => {
        throw usageFailure("--nic none stands alone: it means that there is no NIC.");
      })();
}

/** `--folder` of what makes a VM. */
export const folderOf = (options: Record<string, unknown>): { folder?: string } => (typeof options["folder"] === "string" ? { folder: options["folder"] } : {});

const namesFile = (word: string): boolean => word === "-" || word.includes("/") || /\.(xml|cfg|sxp)$/i.test(word);

/** `create NAME` with options, or `create FILE.xml`; starts it. */
export const create: Run = async (context) => {
  const word = context.words[0]!;
  const { options } = context;
  const start = options["start"] !== false;
  const outcome = namesFile(word)
    ? await carryOut(context, {
        do: "vm.define",
        host: await definedOn(context, word),
        definition: await readDefinition(context, word),
        start,
        ...folderOf(options),
      })
    : await carryOut(context, {
        do: "vm.create",
        spec: specOf(word, options),
        start,
        ...(typeof options["template"] === "string" ? { template: options["template"] } : {}),
        ...(typeof options["host"] === "string" ? { host: options["host"] } : {}),
        ...folderOf(options),
      });
  if (typeof outcome === "number") return outcome;
  const code = await tellOutcome(context, outcome);
  if (code !== exitCodes.ok || options["console"] !== true) return code;
  const vm = outcome.plan.steps.find((step) => step.target.kind === "vm");
  const { attach } = await import("./console.ts");
  return attach(context, vmOfStep(vm) ?? word);
};

async function definedOn(context: Context, file: string): Promise<string> {
  const own = ["template", "memory", "vcpus", "disk", "nic", "kernel"].filter((key) => context.options[key] !== undefined);
  if (own.length > 0)
    throw usageFailure(
      `--${own[0]} does not go with a file: ${file} says what the VM is.`,
      "A new VM without a file has a name without a slash and without .xml.",
    );
  return hostOf(context);
}

/** `define FILE`. */
export const define: Run = async (context) => {
  const definition = await readDefinition(context, context.words[0]!);
  const outcome = await carryOut(context, { do: "vm.define", host: await hostOf(context), definition, start: false, ...folderOf(context.options) });
  return typeof outcome === "number" ? outcome : tellOutcome(context, outcome);
};
