import { PolyvisorError } from "@polyvisor/model";
import type { DiskSpec, NicSpec } from "@polyvisor/model";
import { attribute, child, children, element } from "../xml/xmlNode.ts";
import type { XmlElement } from "../xml/xmlNode.ts";

/** Where a disk's data lies, as a `<disk>` says it. */
export type DiskSource = { type: "file"; path: string } | { type: "block"; path: string } | { type: "volume"; pool: string; volume: string } | undefined;

const prefixes: Record<DiskSpec["bus"], string> = { virtio: "vd", scsi: "sd", sata: "sd", usb: "sd", ide: "hd", xen: "xvd", fdc: "fd", other: "vd" };
const letters = "abcdefghijklmnopqrstuvwxyz";

/** The first free name on a bus: `vda`, `vdb`, …, `vdaa`. */
export function freeTarget(bus: DiskSpec["bus"], used: ReadonlySet<string>): string {
  const prefix = prefixes[bus];
  for (const first of ["", ...letters]) {
    for (const second of letters) if (!used.has(prefix + first + second)) return prefix + first + second;
  }
  throw new PolyvisorError("notSupported", { detail: `no name is left on the ${bus} bus` });
}

/** Names of the disks that a domain has, in their order. */
export function diskTargets(root: XmlElement): string[] {
  return children(child(root, "devices"), "disk").map((disk) => attribute(child(disk, "target"), "dev") ?? "");
}

/** A bus that can carry the device: a CD cannot be on virtio. */
export function busFor(spec: DiskSpec, machine: string | undefined): DiskSpec["bus"] {
  if (spec.device !== "cdrom" || (spec.bus !== "virtio" && spec.bus !== "other")) return spec.bus;
  if (machine === undefined || /^(pc(-i440fx.*)?|isapc|xenfv.*)$/.test(machine)) return "ide";
  return /q35/.test(machine) ? "sata" : "scsi";
}

const driverFormats: Record<DiskSpec["format"], string> = { raw: "raw", qcow2: "qcow2", vmdk: "vmdk", vhd: "vpc", vhdx: "vhdx", vdi: "vdi", other: "raw" };

/** A `<disk>` of a specification. */
export function buildDisk(spec: DiskSpec, source: DiskSource, target: string, bus: DiskSpec["bus"], driver: string): XmlElement {
  const cdrom = spec.device === "cdrom";
  return element(
    "disk",
    { type: source?.type ?? "file", device: spec.device },
    // Only QEMU has drivers by format; a CD is always read as it is.
    driver === "qemu"
      ? element("driver", { name: "qemu", type: cdrom ? "raw" : driverFormats[spec.format], discard: cdrom || spec.bus === "ide" ? undefined : "unmap" })
      : driver === "xen"
        ? element("driver", { name: "qemu", type: cdrom ? "raw" : driverFormats[spec.format] })
        : undefined,
    sourceElement(source),
    element("target", { dev: target, bus: bus === "other" ? undefined : bus }),
    spec.readOnly || cdrom ? element("readonly") : undefined,
    spec.shareable ? element("shareable") : undefined,
  );
}

/** The `<source>` of a disk; none for an empty drive. */
export function sourceElement(source: DiskSource): XmlElement | undefined {
  switch (source?.type) {
    case undefined:
      return undefined;
    case "file":
      return element("source", { file: source.path });
    case "block":
      return element("source", { dev: source.path });
    case "volume":
      return element("source", { pool: source.pool, volume: source.volume });
  }
}

/** An `<interface>` of a specification. */
export function buildNic(spec: NicSpec, driver: string): XmlElement {
  const needed = (what: string): string => spec.source ?? missing(what);
  const model = spec.model ?? (driver === "qemu" ? "virtio" : undefined);
  return element(
    "interface",
    { type: spec.kind },
    spec.mac ? element("mac", { address: spec.mac }) : undefined,
    spec.kind === "network"
      ? element("source", { network: spec.source ?? "default" })
      : spec.kind === "bridge"
        ? element("source", { bridge: needed("bridge") })
        : undefined,
    model ? element("model", { type: model }) : undefined,
  );
}

function missing(what: string): never {
  throw new PolyvisorError("badRequest", { detail: `a NIC on a ${what} needs the ${what}'s name`, where: "/nics" });
}
