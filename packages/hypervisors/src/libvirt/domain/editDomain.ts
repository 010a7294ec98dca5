import { PolyvisorError } from "@polyvisor/model";
import { attribute, child, children, element } from "../xml/xmlNode.ts";
import type { XmlElement, XmlNode } from "../xml/xmlNode.ts";

// The order in which libvirt's schema writes a domain's first children; a new one goes behind those before it.
const order = ["name", "uuid", "genid", "title", "description", "metadata", "maxMemory", "memory", "currentMemory", "blkiotune", "memoryBacking", "vcpu"];

/** Sets the text of a child element, keeping its attributes; undefined takes the element away. */
export function setText(root: XmlElement, name: string, text: string | undefined): void {
  const found = child(root, name);
  if (text === undefined) {
    if (found) removeNode(root, found);
  } else if (found) {
    found.children = [{ kind: "text", text }];
  } else {
    insert(root, element(name, {}, text));
  }
}

function insert(root: XmlElement, made: XmlElement): void {
  const rank = order.indexOf(made.name);
  let at = 0;
  root.children.forEach((node, i) => {
    if (node.kind === "element" && (rank < 0 || (order.indexOf(node.name) >= 0 && order.indexOf(node.name) < rank))) at = i + 1;
  });
  root.children.splice(at, 0, made);
}

/** Takes a node away and leaves everything around it as it is. */
export function removeNode(parent: XmlElement, node: XmlNode): void {
  const i = parent.children.indexOf(node);
  if (i >= 0) parent.children.splice(i, 1);
}

/** Sets current and greatest memory, in whole KiB; either may be left as it is. */
export function setMemory(root: XmlElement, bytes: { current?: number | undefined; max?: number | undefined }): void {
  const set = (name: string, value: number | undefined): void => {
    if (value === undefined) return;
    setText(root, name, String(Math.ceil(value / 1024)));
    child(root, name)!.attributes.set("unit", "KiB");
  };
  set("memory", bytes.max);
  set("currentMemory", bytes.current);
}

/** Sets current and greatest number of vCPUs; either may be left as it is. */
export function setVcpus(root: XmlElement, vcpus: { current?: number | undefined; max?: number | undefined }): void {
  const found = child(root, "vcpu");
  const max = vcpus.max ?? (Number(found?.children.map((node) => (node.kind === "text" ? node.text : "")).join("")) || 1);
  const current = Math.min(max, vcpus.current ?? Number(attribute(found, "current") ?? max));
  setText(root, "vcpu", String(max));
  const vcpu = child(root, "vcpu")!;
  if (current < max) vcpu.attributes.set("current", String(current));
  else vcpu.attributes.delete("current");
  // One element a vCPU would contradict the new numbers, and says nothing that they do not.
  const each = child(root, "vcpus");
  if (each) removeNode(root, each);
  const topology = child(child(root, "cpu"), "topology");
  if (topology && vcpus.max !== undefined) fitTopology(topology, max);
}

/** A topology must multiply to the number of vCPUs: threads and cores stay where they can, sockets follow. */
function fitTopology(topology: XmlElement, max: number): void {
  const number = (name: string): number => Number(attribute(topology, name) ?? 1);
  const perSocket = number("dies") * number("cores") * number("threads");
  const [sockets, fits] = [Math.floor(max / perSocket), max % perSocket === 0];
  topology.attributes.set("sockets", String(fits ? sockets : max));
  if (fits) return;
  for (const name of ["dies", "cores", "threads"]) if (topology.attributes.has(name) || name !== "dies") topology.attributes.set(name, "1");
}

/** Adds a device behind the last of its kind. */
export function addDevice(root: XmlElement, device: XmlElement): void {
  let devices = child(root, "devices");
  if (!devices) {
    devices = element("devices");
    root.children.push(devices);
  }
  let at = -1;
  devices.children.forEach((node, i) => {
    if (node.kind === "element" && node.name === device.name) at = i;
  });
  devices.children.splice(at < 0 ? devices.children.length : at + 1, 0, device);
}

/** The disk of that name, or undefined. */
export function diskAt(root: XmlElement, target: string): XmlElement | undefined {
  return children(child(root, "devices"), "disk").find((disk) => attribute(child(disk, "target"), "dev") === target);
}

/** What holds the data at a target: a disk, or a container's file system that is mounted there. */
export function dataAt(root: XmlElement, target: string): XmlElement | undefined {
  return diskAt(root, target) ?? children(child(root, "devices"), "filesystem").find((each) => attribute(child(each, "target"), "dir") === target);
}

/** The NIC of that MAC address, or undefined. */
export function nicAt(root: XmlElement, mac: string): XmlElement | undefined {
  return children(child(root, "devices"), "interface").find((nic) => attribute(child(nic, "mac"), "address")?.toLowerCase() === mac.toLowerCase());
}

/** Takes a device away. */
export function removeDevice(root: XmlElement, device: XmlElement): void {
  removeNode(child(root, "devices")!, device);
}

/** What a copy of a VM must not share with its original. */
export interface CloneIdentity {
  name: string;
  uuid: string;
  /** A fresh MAC address for each NIC. */
  mac: () => string;
  /** What each disk of the copy reads, by target; a disk that is not named keeps its source. */
  disks: ReadonlyMap<string, { type: string; source: XmlElement | undefined }>;
}

/** Makes a description that of a copy: new identity, nothing chosen at run time, everything else as it was. */
export function becomeClone(root: XmlElement, identity: CloneIdentity): void {
  root.attributes.delete("id");
  setText(root, "name", identity.name);
  setText(root, "uuid", identity.uuid);
  setText(root, "genid", undefined);
  const os = child(root, "os");
  // The copy's variables of its firmware are made of the template at its first start.
  const nvram = child(os, "nvram");
  if (os && nvram) {
    const template = attribute(nvram, "template");
    removeNode(os, nvram);
    if (template) os.children.push(element("nvram", { template }));
  }
  for (const device of children(child(root, "devices"))) {
    const target = child(device, "target");
    if (device.name === "interface") {
      const address = child(device, "mac");
      if (address) address.attributes.set("address", identity.mac());
      if (target) removeNode(device, target);
    } else if (device.name === "channel" || device.name === "console" || device.name === "serial") {
      const source = child(device, "source");
      // Paths that libvirt made of the original's name are made anew.
      if (source && (attribute(device, "type") === "pty" || (attribute(device, "type") === "unix" && attribute(source, "mode") !== "connect")))
        removeNode(device, source);
      device.attributes.delete("tty");
    } else if (device.name === "graphics" && device.attributes.get("autoport") === "yes") {
      device.attributes.set("port", "-1");
      device.attributes.delete("websocket");
    } else if (device.name === "disk" || device.name === "filesystem") {
      const moved = identity.disks.get(attribute(target, device.name === "disk" ? "dev" : "dir") ?? "");
      if (moved) setSource(device, moved);
    }
  }
}

/** Puts another medium into a disk, or none; the drive itself stays what it is. */
export function setSource(disk: XmlElement, medium: { type: string; source: XmlElement | undefined }): void {
  const before = child(disk, "source");
  const backing = child(disk, "backingStore");
  if (backing) removeNode(disk, backing);
  disk.attributes.set("type", medium.type);
  if (!medium.source) {
    if (before) removeNode(disk, before);
    return;
  }
  if (before) disk.children[disk.children.indexOf(before)] = medium.source;
  else {
    const target = child(disk, "target");
    if (!target) throw new PolyvisorError("internal", { detail: "a disk without a target" });
    disk.children.splice(disk.children.indexOf(target), 0, medium.source);
  }
}
