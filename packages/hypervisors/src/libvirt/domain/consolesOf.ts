import type { VmFacts } from "@polyvisor/model";
import { attribute, child, children } from "../xml/xmlNode.ts";
import type { XmlElement } from "../xml/xmlNode.ts";

type VmConsole = VmFacts["consoles"][number];

/**
 * The consoles of a VM, text before pictures. At rest libvirt has given no aliases yet, so they are foretold the way
 * libvirt counts them: `serial0`, `console1`. A console that only mirrors the first serial port is told once.
 */
export function consolesOf(devices: XmlElement | undefined): VmConsole[] {
  const out: VmConsole[] = [];
  const seen = new Set<string>();
  const add = (kind: VmConsole["kind"], alias: string): void => {
    if (seen.has(alias)) return;
    seen.add(alias);
    out.push({ kind, alias });
  };
  const serials = children(devices, "serial");
  serials.forEach((serial, i) => {
    // Only a pty or a socket can be opened from outside; a file or a null device takes what is written and gives nothing.
    if (openable(serial)) add("serial", aliasOf(serial) ?? `serial${i}`);
  });
  children(devices, "console").forEach((console, i) => {
    const type = attribute(child(console, "target"), "type") ?? "serial";
    const alias = aliasOf(console) ?? (type === "serial" && serials.length > 0 ? `serial${i}` : `console${i}`);
    if (openable(console)) add(type === "virtio" ? "virtio" : type === "xen" ? "xen" : type === "lxc" ? "lxc" : type === "serial" ? "serial" : "other", alias);
  });
  children(devices, "graphics").forEach((graphics, i) => {
    const type = attribute(graphics, "type");
    if (type === "vnc" || type === "spice") add(type, `${type}${i}`);
  });
  return out;
}

function openable(device: XmlElement): boolean {
  const type = attribute(device, "type");
  return type === undefined || type === "pty" || type === "unix";
}

function aliasOf(device: XmlElement): string | undefined {
  return attribute(child(device, "alias"), "name");
}
