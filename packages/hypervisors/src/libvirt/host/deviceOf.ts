import type { HostFacts } from "@polyvisor/model";
import { parseXml } from "../xml/parseXml.ts";
import { attribute, child, children, textOf } from "../xml/xmlNode.ts";
import type { XmlElement } from "../xml/xmlNode.ts";

type Device = HostFacts["devices"][number];

const classes: Record<string, Device["class"]> = {
  pci: "pci",
  usb_device: "usb",
  usb: "usb",
  net: "net",
  storage: "storage",
  scsi: "scsi",
  scsi_host: "scsi",
  scsi_target: "scsi",
  scsi_generic: "scsi",
  system: "system",
  mdev: "mdev",
};

/** Reads a `<device>` of a host. */
export function deviceOf(xml: string, name: string): Device {
  const root = parseXml(xml, `the description of device "${name}"`);
  const capability = children(root, "capability")[0];
  const kind = attribute(capability, "type") ?? "other";
  return { name, class: classes[kind] ?? "other", description: describe(kind, capability) };
}

function describe(kind: string, capability: XmlElement | undefined): string {
  const text = (...names: string[]): string =>
    names
      .map((name) => textOf(child(capability, name))?.trim())
      .filter((each) => each)
      .join(" ");
  switch (kind) {
    case "pci":
    case "usb_device":
    case "usb":
      return text("vendor", "product") || kind;
    case "net":
      return [text("interface"), text("address")].filter((each) => each).join(", ") || kind;
    case "storage":
      return [text("vendor", "model") || text("drive_type"), text("block")].filter((each) => each).join(", ") || kind;
    case "scsi":
    case "scsi_host":
    case "scsi_target":
      return [kind.replace("_", " "), text("host", "bus", "target", "lun")].filter((each) => each).join(" ");
    case "system":
      return text("product") || "the machine itself";
    default:
      return kind;
  }
}
