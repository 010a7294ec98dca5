import { diskBuses, diskFormats, macSchema } from "@polyvisor/model";
import type { Disk, Nic, VmFacts } from "@polyvisor/model";
import { memoryUnits } from "../../memoryUnits.ts";
import { at, attribute, child, children, textOf } from "../xml/xmlNode.ts";
import type { XmlElement } from "../xml/xmlNode.ts";
import { consolesOf } from "./consolesOf.ts";

/** The part of a VM's facts that its domain XML tells; state, snapshots and addresses come from elsewhere. */
export type DescribedVm = Pick<
  VmFacts,
  "nativeId" | "name" | "title" | "description" | "virtType" | "arch" | "machine" | "firmware" | "os" | "vcpus" | "memory" | "disks" | "nics" | "consoles"
> & {
  /** Whether an agent in the guest holds its channel open now. */
  agentConnected: boolean;
};

/** Bytes of an element like `<memory unit='KiB'>1024</memory>`. */
export function bytesOf(node: XmlElement | undefined, bareUnit = 1024): number | undefined {
  const value = Number(textOf(node)?.trim() || Number.NaN);
  if (!Number.isFinite(value) || value < 0) return undefined;
  const unit = attribute(node, "unit");
  const bytes = Math.round(value * (unit === undefined ? bareUnit : (memoryUnits[unit] ?? bareUnit)));
  return Math.min(bytes, Number.MAX_SAFE_INTEGER);
}

const whole = (text: string | undefined): number | undefined => {
  const value = Number(text?.trim() || Number.NaN);
  return Number.isSafeInteger(value) ? value : undefined;
};

/** Reads the facts out of a domain's XML. What it does not know it leaves alone; missing parts become libvirt's defaults. */
export function describedVm(root: XmlElement): DescribedVm {
  const os = child(root, "os");
  const type = child(os, "type");
  const devices = child(root, "devices");
  const virtType = attribute(root, "type") ?? "unknown";
  const max = Math.max(0, whole(textOf(child(root, "vcpu"))) ?? 1);
  const memory = bytesOf(child(root, "memory")) ?? 0;
  return {
    nativeId: textOf(child(root, "uuid"))?.trim().toLowerCase() ?? "",
    name: textOf(child(root, "name")) ?? "",
    title: textOf(child(root, "title")),
    description: textOf(child(root, "description")),
    virtType,
    arch: attribute(type, "arch") ?? "unknown",
    machine: attribute(type, "machine"),
    firmware: firmwareOf(os, virtType),
    os: libosinfoOf(root),
    vcpus: { current: Math.min(max, Math.max(0, whole(attribute(child(root, "vcpu"), "current")) ?? max)), max },
    memory: { current: bytesOf(child(root, "currentMemory")) ?? memory, max: memory },
    disks: [...children(devices, "disk").map(diskOf), ...children(devices, "filesystem").flatMap(imageOf)],
    nics: children(devices, "interface").map(nicOf),
    consoles: consolesOf(devices),
    agentConnected: children(devices, "channel").some((channel) => {
      const target = child(channel, "target");
      return attribute(target, "name") === "org.qemu.guest_agent.0" && attribute(target, "state") === "connected";
    }),
  };
}

function firmwareOf(os: XmlElement | undefined, virtType: string): VmFacts["firmware"] {
  const type = textOf(child(os, "type"));
  if (type === "exe" || type === "xen" || type === "linux" || type === "xenpvh") return "none";
  if (attribute(os, "firmware") === "efi" || attribute(child(os, "loader"), "type") === "pflash") return "efi";
  if (attribute(os, "firmware") === "bios") return "bios";
  const loader = textOf(child(os, "loader"));
  if (loader && /ovmf|aavmf|edk2|\.fd$/i.test(loader)) return "efi";
  if (loader && !/hvmloader|seabios|bios/i.test(loader)) return "other";
  return virtType === "lxc" ? "none" : "bios";
}

/** The guest's system as libosinfo calls it, where whoever made the VM noted it. */
function libosinfoOf(root: XmlElement): string | undefined {
  for (const entry of children(child(root, "metadata"))) {
    if (!/(^|:)libosinfo$/.test(entry.name)) continue;
    const os = entry.children.find((node) => node.kind === "element" && /(^|:)os$/.test(node.name));
    if (os?.kind === "element") return os.attributes.get("id");
  }
  return undefined;
}

function diskOf(disk: XmlElement): Disk {
  const target = child(disk, "target");
  const source = child(disk, "source");
  const device = attribute(disk, "device");
  const bus = attribute(target, "bus") ?? "";
  const format = (attribute(child(disk, "driver"), "type") ?? "raw").replace(/^vpc$/, "vhd");
  const { kind, text } = sourceOf(attribute(disk, "type") ?? "file", source);
  return {
    target: (attribute(target, "dev") ?? "").slice(0, 64),
    device: device === "cdrom" || device === "floppy" || device === "lun" ? device : "disk",
    bus: (diskBuses as readonly string[]).includes(bus) ? (bus as Disk["bus"]) : "other",
    format: (diskFormats as readonly string[]).includes(format) ? (format as Disk["format"]) : "other",
    source: text,
    sourceKind: kind,
    readOnly: child(disk, "readonly") !== undefined || device === "cdrom",
    shareable: child(disk, "shareable") !== undefined,
    bootOrder: whole(attribute(child(disk, "boot"), "order")),
  };
}

/** A container's file system that lies in an image: a disk at the place where it is mounted. Folders of the host are none. */
function imageOf(fileSystem: XmlElement): Disk[] {
  const type = attribute(fileSystem, "type");
  if (type !== "file" && type !== "block") return [];
  const { kind, text } = sourceOf(type, child(fileSystem, "source"));
  const format = attribute(child(fileSystem, "driver"), "format") ?? "raw";
  return [
    {
      target: (attribute(child(fileSystem, "target"), "dir") ?? "").slice(0, 64),
      device: "disk",
      bus: "other",
      format: (diskFormats as readonly string[]).includes(format) ? (format as Disk["format"]) : "other",
      source: text,
      sourceKind: kind,
      readOnly: child(fileSystem, "readonly") !== undefined,
      shareable: false,
    },
  ];
}

function sourceOf(type: string, source: XmlElement | undefined): { kind: Disk["sourceKind"]; text: string | undefined } {
  if (!source) return { kind: "none", text: undefined };
  const named = (kind: Disk["sourceKind"], text: string | undefined): ReturnType<typeof sourceOf> =>
    text ? { kind, text } : { kind: "none", text: undefined };
  switch (type) {
    case "block":
      return named("block", attribute(source, "dev"));
    case "dir":
      return named("directory", attribute(source, "dir"));
    case "volume":
      return named("volume", source.attributes.has("pool") ? `${attribute(source, "pool")}/${attribute(source, "volume")}` : undefined);
    case "network": {
      const host = child(source, "host");
      const address = host
        ? `${attribute(host, "name") ?? attribute(host, "socket") ?? ""}${host.attributes.has("port") ? `:${attribute(host, "port")}` : ""}`
        : "";
      return named("network", `${attribute(source, "protocol") ?? "network"}://${address}/${attribute(source, "name") ?? ""}`);
    }
    default:
      return named("file", attribute(source, "file"));
  }
}

function nicOf(nic: XmlElement): Nic {
  const type = attribute(nic, "type") ?? "other";
  const source = child(nic, "source");
  const kinds: Record<string, Nic["kind"]> = { network: "network", bridge: "bridge", direct: "direct", user: "user", ethernet: "ethernet", hostdev: "hostdev" };
  return {
    mac: macSchema.safeParse(attribute(child(nic, "mac"), "address")?.toLowerCase()).data ?? "00:00:00:00:00:00",
    model: attribute(child(nic, "model"), "type")?.slice(0, 64),
    kind: kinds[type] ?? "other",
    source: attribute(source, "network") ?? attribute(source, "bridge") ?? attribute(source, "dev"),
    hostInterface: attribute(child(nic, "target"), "dev"),
    linkUp: attribute(child(nic, "link"), "state") !== "down",
    bootOrder: whole(attribute(child(nic, "boot"), "order")),
    addresses: children(nic, "ip")
      .map((ip) => attribute(ip, "address") ?? "")
      .filter((address) => address !== ""),
  };
}

/** Where a graphical console listens on its host; from the XML of the running VM only. */
export function graphicsListen(
  root: XmlElement,
  index: number,
): { type: string; socket?: string; address?: string; port?: number; password?: string } | undefined {
  const graphics = children(at(root, "devices"), "graphics")[index];
  if (!graphics) return undefined;
  const listen = child(graphics, "listen");
  const port = whole(attribute(graphics, "port"));
  return {
    type: attribute(graphics, "type") ?? "",
    socket: attribute(listen, "socket") ?? attribute(graphics, "socket"),
    address: attribute(listen, "address") ?? attribute(graphics, "listen"),
    port: port !== undefined && port > 0 ? port : undefined,
    password: attribute(graphics, "passwd"),
  };
}
