import type { RequestInput } from "@polyvisor/api/client";

type Loose = Record<string, unknown>;
interface DiskWords {
  device?: string;
  bus?: string;
  format?: string;
  size?: number;
  source?: string;
  datastore?: string;
  volume?: string;
  target?: string;
  readOnly?: boolean;
  shareable?: boolean;
}
interface NicWords {
  kind?: string;
  source?: string;
  model?: string;
  mac?: string;
}

/** A word as a shell reads it: plain words stay as they are, all else stands in single quotes. */
export const shellWord = (text: string): string => (/^[A-Za-z0-9_./:@%+,=-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);

/** Bytes as the command line takes them, exactly. */
export function sizeWord(bytes: number): string {
  for (const [size, unit] of [
    [1024 ** 4, "T"],
    [1024 ** 3, "G"],
    [1024 ** 2, "M"],
    [1024, "K"],
  ] as const)
    if (bytes > 0 && bytes % size === 0) return `${bytes / size}${unit}`;
  return `${bytes}B`;
}

/** Thrown where the command line has no words for a value, as for a path with a comma. */
class NoWords extends Error {}

function listWord(parts: readonly (string | undefined)[]): string {
  const words = parts.filter((part) => part !== undefined);
  if (words.some((word) => word.includes(","))) throw new NoWords();
  return words.join(",");
}
const pair = (key: string, value: string | undefined): string | undefined => (value === undefined ? undefined : `${key}=${value}`);

const diskWord = (disk: DiskWords): string =>
  listWord([
    disk.device === "cdrom" ? "cdrom" : undefined,
    disk.size === undefined ? undefined : `size=${sizeWord(disk.size)}`,
    pair("source", disk.source),
    pair("datastore", disk.datastore),
    pair("volume", disk.volume),
    pair("format", disk.format),
    pair("bus", disk.bus),
    pair("target", disk.target),
    disk.readOnly ? "ro" : undefined,
    disk.shareable ? "shareable" : undefined,
  ]);

const nicWord = (nic: NicWords): string =>
  listWord([
    nic.kind === "user" ? "user" : nic.source === undefined ? undefined : pair(nic.kind ?? "network", nic.source),
    pair("model", nic.model),
    pair("mac", nic.mac),
  ]);

const option = (name: string, value: unknown): string[] => (value === undefined || value === "" ? [] : [`--${name}`, String(value)]);
const flag = (name: string, on: unknown): string[] => (on === true ? [`--${name}`] : []);
const applyOf = ({ apply }: Loose): string[] => (apply === "now" ? ["--now"] : apply === "nextStart" ? ["--next-start"] : []);

function createWords({ spec, template, host, start, folder }: Loose): string[] {
  const wish = spec as Loose & { name: string; disks?: DiskWords[]; nics?: NicWords[]; bootOrder?: string[] };
  const memory = (value: unknown): string | undefined => (value === undefined ? undefined : sizeWord(value as number));
  return [
    "create",
    wish.name,
    ...option("template", template),
    ...option("host", host),
    ...option("memory", memory(wish["memory"])),
    ...option("max-memory", memory(wish["maxMemory"])),
    ...option("vcpus", wish["vcpus"]),
    ...option("max-vcpus", wish["maxVcpus"]),
    ...option("firmware", wish["firmware"]),
    ...option("graphics", wish["graphics"]),
    ...(wish.disks ?? []).flatMap((disk) => ["--disk", diskWord(disk)]),
    ...(wish.nics?.length === 0 ? ["--nic", "none"] : (wish.nics ?? []).flatMap((nic) => ["--nic", nicWord(nic)])),
    ...(wish.bootOrder ?? []).flatMap((each) => ["--boot-order", each]),
    ...option("title", wish["title"]),
    ...option("description", wish["description"]),
    ...flag("autostart", wish["autostart"]),
    ...option("folder", folder),
    ...flag("no-start", start === false),
  ];
}

const powerWords = new Set(["start", "shutdown", "reboot", "reset", "pause", "unpause", "wake", "save", "restore", "destroy"]);

function words(order: Loose, nameOf: (ref: string) => string): string[] {
  const vms = order["select"] === undefined ? ((order["vms"] ?? [order["vm"]]) as string[]).map(nameOf) : [order["select"] as string];
  const [one] = vms as [string];
  const verb = (order["do"] as string).replace(/^vm\./, "");
  if (powerWords.has(verb)) return [verb, ...vms];
  switch (order["do"]) {
    case "vm.create":
      return createWords(order);
    case "vm.setAutostart":
      return ["autostart", ...vms, ...flag("disable", order["on"] === false)];
    case "vm.rename":
      return ["rename", one, order["name"] as string];
    case "vm.describe":
      return ["set", ...vms, ...["title", "description"].flatMap((key) => (order[key] === undefined ? [] : [`${key}=${order[key] as string}`]))];
    case "vm.setMemory":
    case "vm.setVcpus": {
      const [key, word] = order["do"] === "vm.setMemory" ? (["memory", sizeWord] as const) : (["vcpus", String] as const);
      const setting = (name: string, value: unknown): string[] => (value === undefined ? [] : [`${name}=${word(value as number)}`]);
      return ["set", ...vms, ...setting(`max-${key}`, order["max"]), ...setting(key, order["current"]), ...applyOf(order)];
    }
    case "vm.attachDisk":
      return ["disk", "attach", one, diskWord(order["disk"] as DiskWords), ...applyOf(order)];
    case "vm.detachDisk":
      return ["disk", "detach", one, order["target"] as string, ...applyOf(order)];
    case "vm.attachNic":
      return ["nic", "attach", one, nicWord(order["nic"] as NicWords), ...applyOf(order)];
    case "vm.detachNic":
      return ["nic", "detach", one, order["mac"] as string, ...applyOf(order)];
    case "vm.changeMedia":
      return order["source"] === undefined
        ? ["media", "eject", one, order["target"] as string, ...applyOf(order)]
        : ["media", "insert", one, order["target"] as string, order["source"] as string, ...applyOf(order)];
    case "vm.snapshot":
      return [
        "snapshot",
        "create",
        one,
        order["name"] as string,
        ...flag("no-memory", order["memory"] === false),
        ...option("description", order["description"]),
      ];
    case "vm.revert":
      return ["snapshot", "revert", one, order["snapshot"] as string, ...flag("running", order["running"]), ...flag("stopped", order["running"] === false)];
    case "vm.deleteSnapshot":
      return ["snapshot", "delete", one, order["snapshot"] as string, ...flag("children", order["children"])];
    case "vm.clone":
      return ["clone", one, order["name"] as string, ...flag("start", order["start"]), ...option("folder", order["folder"])];
    case "vm.migrate":
      return [
        "migrate",
        ...vms,
        nameOf(order["to"] as string),
        ...flag("live", order["live"]),
        ...flag("offline", order["live"] === false),
        ...flag("copy-storage", order["copyStorage"]),
      ];
    case "vm.delete":
      return ["delete", ...vms, ...flag("disks", order["disks"] === "delete"), ...flag("force", order["force"])];
    case "vm.sendKeys":
      return ["send-keys", one, ...(order["keys"] as string[])];
    default:
      throw new NoWords();
  }
}

/**
 * The command that orders the same, as it is typed into a shell.
 * @param nameOf how an id is written there; the id itself always works. Snapshots of many VMs are one command for each
 * @returns undefined where the command line has no words for it
 */
export function cliCommand(request: RequestInput, nameOf: (ref: string) => string = (ref) => ref): string | undefined {
  const order = request as Loose;
  const single = /^vm\.(snapshot|attachDisk|rename|sendKeys|detachDisk|attachNic|detachNic|changeMedia|revert|deleteSnapshot)$/.test(order["do"] as string);
  const vms = order["vms"] as string[] | undefined;
  try {
    const each = single && vms && vms.length > 1 ? vms.map((vm) => ({ ...order, vms: [vm] })) : [order];
    return each.map((one) => ["polyvisor", ...words(one, nameOf).map(shellWord)].join(" ")).join("\n");
  } catch (error) {
    if (error instanceof NoWords) return undefined;
    throw error;
  }
}
