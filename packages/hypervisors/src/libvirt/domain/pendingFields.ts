import { copyXml, child, children, sameXml } from "../xml/xmlNode.ts";
import type { XmlElement, XmlNode } from "../xml/xmlNode.ts";

// What libvirt itself adds to the description of a running domain: never a difference that someone made.
const runtimeAttributes: Record<string, readonly string[]> = {
  domain: ["id"],
  channel: [],
  graphics: ["port", "websocket", "tlsPort", "listen", "socket"],
  console: ["tty"],
  target: ["state"],
  source: ["index", "path", "tls", "portid", "bridge", "startupPolicy"],
};
const runtimeElements = new Set(["alias", "backingStore", "seclabel", "resource", "mirror", "actual", "currentMemory", "vcpu", "privateData"]);

type Field = "memory" | "vcpus" | "disks" | "nics" | "other";

/** Fields in which a running VM differs from what it will be at its next start, found by comparing both descriptions. */
export function pendingFields(live: XmlElement, nextStart: XmlElement): Field[] {
  const fields: Field[] = [];
  const differ = (name: string): boolean => {
    const a = child(live, name);
    const b = child(nextStart, name);
    return a === undefined || b === undefined ? a !== b : !sameXml(a, b);
  };
  // currentMemory is what the balloon happens to grant; only a different ceiling waits for a restart, or an explicit other value.
  if (differ("memory") || differ("currentMemory") || differ("maxMemory")) fields.push("memory");
  if (differ("vcpu")) fields.push("vcpus");
  if (!sameDevices(live, nextStart, (name) => name === "disk")) fields.push("disks");
  if (!sameDevices(live, nextStart, (name) => name === "interface")) fields.push("nics");
  if (otherDiffers(live, nextStart)) fields.push("other");
  return fields;
}

function sameDevices(live: XmlElement, next: XmlElement, chosen: (name: string) => boolean): boolean {
  const devices = (root: XmlElement): XmlElement[] =>
    children(child(root, "devices"))
      .filter((each) => chosen(each.name))
      .map(atRest);
  const a = devices(live);
  const b = devices(next);
  return a.length === b.length && a.every((device) => b.some((other) => sameXml(device, other)));
}

const elsewhere = new Set(["memory", "currentMemory", "maxMemory", "vcpu", "devices", "uuid", "name", "id", "cpu", "resource", "seclabel", "os", "vcpus"]);

function otherDiffers(live: XmlElement, next: XmlElement): boolean {
  if (
    !sameDevices(
      live,
      next,
      (name) =>
        name === "hostdev" ||
        name === "graphics" ||
        name === "video" ||
        name === "sound" ||
        name === "tpm" ||
        name === "rng" ||
        name === "filesystem" ||
        name === "watchdog" ||
        name === "shmem" ||
        name === "redirdev",
    )
  )
    return true;
  const rest = (root: XmlElement): XmlElement[] =>
    children(root)
      .filter((each) => !elsewhere.has(each.name))
      .map(atRest);
  const a = rest(live);
  const b = rest(next);
  if (a.length !== b.length || !a.every((each) => b.some((other) => sameXml(each, other)))) return true;
  // A running domain's cpu model is expanded, so only what an administrator counts by is compared.
  const topology = (root: XmlElement): XmlElement | undefined => child(child(root, "cpu"), "topology");
  const os = (root: XmlElement): XmlElement | undefined => child(root, "os");
  for (const part of [topology, os]) {
    const x = part(live);
    const y = part(next);
    if (x && y && !sameXml(atRest(x), atRest(y))) return true;
  }
  return false;
}

/** A device as its configuration would show it: without aliases, chosen ports, opened files. */
function atRest(node: XmlElement): XmlElement {
  const copy = copyXml(node);
  strip(copy, copy.name);
  return copy;
}

function strip(node: XmlElement, device: string): void {
  for (const name of runtimeAttributes[node.name] ?? []) node.attributes.delete(name);
  // A NIC's host device is chosen at start; a disk's target is its name.
  node.children = node.children.filter(
    (each: XmlNode) =>
      !(
        each.kind === "element" &&
        (runtimeElements.has(each.name) || (device === "interface" && each.name === "target") || (device === "graphics" && each.name === "listen"))
      ),
  );
  for (const each of node.children) if (each.kind === "element") strip(each, device);
}
