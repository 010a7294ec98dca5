import { diskBuses, diskFormats, parseBytes, type DiskSpec } from "@polyvisor/model";
import { usageFailure } from "./failure.ts";

/** A disk as asked for; what is left out is the server's choice. */
export type DiskWish = Partial<DiskSpec>;

const guestName = /^(vd|sd|hd|xvd|fd)[a-z]{1,2}$/;
const formatNames: Record<string, DiskSpec["format"]> = { vpc: "vhd", vhd: "vhd" };
/** Names that xl, virt-install and virsh users write for the same thing. */
const keyNames: Record<string, string> = {
  vdev: "target",
  dev: "target",
  path: "source",
  file: "source",
  src: "source",
  driver: "format",
  type: "format",
  devtype: "device",
  pool: "datastore",
  vol: "volume",
  name: "volume",
  readonly: "access",
  ro: "access",
  mode: "access",
  shared: "shareable",
};

/** A size of an option: MiB without a unit only where `bareUnit` says so. */
export function sizeOf(text: string, place: string, bareUnit: "B" | "M" = "B"): number {
  const bytes = parseBytes(text, bareUnit);
  if (bytes === undefined) throw usageFailure(`${place}: "${text}" is not a size.`, "Write it like 512M, 10G or 1.5T.");
  return bytes;
}

/**
 * A disk of the command line: `size=10G,bus=scsi`, `/srv/a.qcow2,ro`, `default/a.qcow2,target=vdb`, and xl's
 * positional `/srv/a.raw,raw,xvdb,w` and `phy:/dev/sdb,xvdb,r`.
 */
export function parseDisk(text: string, place = "disk"): DiskWish {
  const disk: DiskWish = {};
  let position = 0;
  const fail = (word: string, why: string): never => {
    throw usageFailure(`${place}: "${word}" in "${text}": ${why}.`, "For example size=10G,format=qcow2 or /path/to.raw,target=vdb,ro or default/volume,cdrom.");
  };
  for (const raw of text.split(",")) {
    const word = raw.trim();
    if (!word) continue;
    const [, key, value] = /^([A-Za-z-]+)=(.*)$/s.exec(word) ?? [];
    if (key !== undefined) set(disk, keyNames[key.toLowerCase()] ?? key.toLowerCase(), value!, word, fail);
    else bare(disk, word, position, fail);
    position++;
  }
  if (disk.device === "cdrom") disk.readOnly ??= true;
  if (disk.size === undefined && disk.source === undefined && disk.device !== "cdrom")
    throw usageFailure(`${place}: "${text}" names neither a size for a new disk nor a source.`, "For example size=10G, /path/to.qcow2 or default/volume.");
  if (disk.size !== undefined && disk.source !== undefined)
    throw usageFailure(`${place}: "${text}" names both a size and a source.`, "A new disk has a size; one that exists has a source.");
  // A file that exists says by its name what it is; a block device is raw.
  if (disk.source !== undefined && disk.format === undefined) disk.format = formatOfName(disk.source);
  return disk;
}

type Fail = (word: string, why: string) => never;

function set(disk: DiskWish, key: string, value: string, word: string, fail: Fail): void {
  switch (key) {
    case "size":
      disk.size = sizeOf(value, word);
      return;
    case "source":
      disk.source = value || fail(word, "the source is empty");
      return;
    case "target":
      // xl calls the data `target` and the guest's name `vdev`.
      if (value.includes("/")) disk.source = value;
      else disk.target = guestName.test(value) ? value : fail(word, "a guest's disk is called like vda, sdb, hdc or xvda");
      return;
    case "format":
      disk.format = (diskFormats as readonly string[]).includes(value)
        ? (value as DiskSpec["format"])
        : (formatNames[value] ?? fail(word, `known formats are ${diskFormats.join(", ")}`));
      return;
    case "bus":
      disk.bus = (diskBuses as readonly string[]).includes(value) ? (value as DiskSpec["bus"]) : fail(word, `known buses are ${diskBuses.join(", ")}`);
      return;
    case "device":
      disk.device = value === "disk" || value === "cdrom" ? value : fail(word, "a device is disk or cdrom");
      return;
    case "datastore":
      disk.datastore = value;
      return;
    case "volume":
      disk.volume = value;
      return;
    case "access":
      disk.readOnly = /^(r|ro|on|yes|true|readonly)$/.test(value) ? true : /^(w|rw|off|no|false)$/.test(value) ? false : fail(word, "access is ro or rw");
      return;
    case "shareable":
      disk.shareable = /^(on|yes|true)$/.test(value);
      return;
    default:
      fail(word, "known are size, source, datastore, volume, format, bus, target, device, access and shareable");
  }
}

function bare(disk: DiskWish, word: string, position: number, fail: Fail): void {
  const lower = word.toLowerCase();
  if (lower === "ro" || lower === "r") disk.readOnly = true;
  else if (lower === "rw" || lower === "w" || lower === "w!") disk.readOnly = false;
  else if (lower === "cdrom" || lower === "devtype=cdrom") disk.device = "cdrom";
  else if (lower === "shareable") disk.shareable = true;
  else if (guestName.test(word)) disk.target = word;
  else if (/^(xvd|sd|hd|vd)[a-z]{1,2}:cdrom$/.test(word)) Object.assign(disk, { target: word.slice(0, word.indexOf(":")), device: "cdrom" });
  else if (/^(phy|file):/.test(lower)) disk.source = word.slice(word.indexOf(":") + 1);
  else if (word.includes("/")) disk.source = word;
  else if (position === 1 && ((diskFormats as readonly string[]).includes(lower) || formatNames[lower])) set(disk, "format", lower, word, fail);
  else if (position === 0 && parseBytes(word) !== undefined && /[KMGTP]/i.test(word)) disk.size = sizeOf(word, word);
  else fail(word, "it is neither a path nor KEY=VALUE");
}

function formatOfName(source: string): DiskSpec["format"] {
  const extension = /\.([A-Za-z0-9]+)$/.exec(source)?.[1]?.toLowerCase() ?? "";
  return ({ qcow2: "qcow2", vmdk: "vmdk", vhd: "vhd", vhdx: "vhdx", vdi: "vdi" } as Record<string, DiskSpec["format"]>)[extension] ?? "raw";
}
