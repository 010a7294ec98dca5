import { PolyvisorError, diskBuses, diskFormats, macSchema, nameSchema, uuidSchema, type Disk, type Nic } from "@polyvisor/model";
import { SaxesParser } from "saxes";
import { memoryUnits } from "../memoryUnits.ts";
import type { DirectBoot, Hardware, SimVm } from "./simVm.ts";

/** What a definition says of a VM. */
export interface Definition {
  uuid: string | undefined;
  name: string;
  title: string | undefined;
  description: string | undefined;
  arch: string;
  machine: string;
  firmware: "bios" | "efi";
  graphics: boolean;
  boot: DirectBoot | undefined;
  hardware: Hardware;
}

const escape = (text: string): string =>
  text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`).replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, "\ufffd");
const element = (name: string, text: string | undefined): string[] => (text === undefined ? [] : [`  <${name}>${escape(text)}</${name}>`]);

/** The simulator's own description of a VM: the plain part of libvirt's domain XML. */
export function writeDefinition(vm: SimVm, which: "live" | "nextStart"): string {
  const hardware = which === "live" ? (vm.live ?? vm.config) : vm.config;
  const { memory, vcpus } = hardware;
  const lines = [
    `<domain type="sim">`,
    `  <name>${escape(vm.name)}</name>`,
    `  <uuid>${vm.uuid}</uuid>`,
    ...element("title", vm.title),
    ...element("description", vm.description),
    `  <memory unit="b">${memory.max}</memory>`,
    `  <currentMemory unit="b">${memory.current}</currentMemory>`,
    `  <vcpu current="${vcpus.current}">${vcpus.max}</vcpu>`,
    `  <os${vm.firmware === "efi" ? ` firmware="efi"` : ""}>`,
    `    <type arch="${escape(vm.arch)}" machine="${escape(vm.machine)}">hvm</type>`,
    ...(vm.boot
      ? (
          [
            ["kernel", vm.boot.kernel],
            ["initrd", vm.boot.initramfs],
            ["cmdline", vm.boot.cmdline],
          ] as const
        ).flatMap(([name, text]) => element(name, text).map((line) => `  ${line}`))
      : []),
    `  </os>`,
    `  <devices>`,
    ...hardware.disks.map(
      (disk) =>
        `    <disk type="file" device="${disk.device}"><driver type="${disk.format}"/>${disk.source === undefined ? "" : `<source file="${escape(disk.source)}"/>`}<target dev="${escape(disk.target)}" bus="${disk.bus}"/>${disk.readOnly ? "<readonly/>" : ""}${disk.shareable ? "<shareable/>" : ""}${disk.bootOrder === undefined ? "" : `<boot order="${disk.bootOrder}"/>`}</disk>`,
    ),
    ...hardware.nics.map(
      (nic) =>
        `    <interface type="${nic.kind}"><mac address="${nic.mac}"/>${nic.source === undefined ? "" : `<source ${nic.kind === "bridge" ? "bridge" : "network"}="${escape(nic.source)}"/>`}<model type="${escape(nic.model ?? "virtio")}"/></interface>`,
    ),
    `    <console type="pty"/>`,
    ...(vm.graphics ? [`    <graphics type="vnc"/>`] : []),
    `  </devices>`,
    `</domain>`,
  ];
  return `${lines.join("\n")}\n`;
}

interface Node {
  name: string;
  attributes: Record<string, string>;
  text: string;
  children: Node[];
}

const limits = { length: 4 * 1024 ** 2, depth: 64, elements: 20_000 };
const bad = (detail: string, where?: string): never => {
  throw new PolyvisorError("badRequest", { detail: `the definition is not understood: ${detail}`, where });
};

function parseXml(text: string): Node {
  if (text.length > limits.length) throw new PolyvisorError("tooLarge", { detail: `a definition has at most ${limits.length} characters` });
  const root: Node = { name: "", attributes: {}, text: "", children: [] };
  const stack = [root];
  let elements = 0;
  const parser = new SaxesParser();
  parser.on("doctype", () => bad("a document type is not allowed"));
  parser.on("error", (error) => bad(error.message.slice(0, 200)));
  parser.on("opentag", (tag) => {
    if (stack.length > limits.depth || ++elements > limits.elements) bad("too many elements, or too deep");
    const node: Node = { name: tag.name, attributes: tag.attributes as Record<string, string>, text: "", children: [] };
    stack.at(-1)!.children.push(node);
    stack.push(node);
  });
  parser.on("closetag", () => void stack.pop());
  parser.on("text", (part) => void (stack.at(-1)!.text += part));
  parser.on("cdata", (part) => void (stack.at(-1)!.text += part));
  parser.write(text).close();
  return root.children[0] ?? bad("it is empty");
}

const child = (node: Node | undefined, name: string): Node | undefined => node?.children.find((each) => each.name === name);
const children = (node: Node | undefined, name: string): Node[] => node?.children.filter((each) => each.name === name) ?? [];
const textOf = (node: Node | undefined): string | undefined => node?.text.trim() || undefined;

function size(node: Node, where: string): number {
  const bytes = Number(/^\d{1,16}$/.test(node.text.trim()) ? node.text.trim() : NaN) * (memoryUnits[node.attributes["unit"] ?? "KiB"] ?? NaN);
  return Number.isSafeInteger(bytes) && bytes > 0 ? bytes : bad(`${where} is no size`, where);
}

function count(text: string | undefined, where: string): number {
  const n = Number(/^\d{1,4}$/.test(text ?? "") ? text : NaN);
  return n >= 1 && n <= 4096 ? n : bad(`${where} is no number from 1 to 4096`, where);
}

function oneOf<T extends string>(list: readonly T[], text: string | undefined, otherwise: T): T {
  return list.find((each) => each === text) ?? otherwise;
}

/** Reads a definition; elements that the simulator has no use for are left out. Bounded in length, depth and number. */
export function parseDefinition(text: string): Definition {
  const domain = parseXml(text);
  if (domain.name !== "domain") bad(`the outermost element is <${domain.name.slice(0, 40)}>, not <domain>`);
  const name = nameSchema.safeParse(textOf(child(domain, "name")));
  if (!name.success) bad("the name is missing or is none", "/domain/name");
  const uuid = textOf(child(domain, "uuid"))?.toLowerCase();
  if (uuid !== undefined && !uuidSchema.safeParse(uuid).success) bad("the UUID is none", "/domain/uuid");
  const memory = child(domain, "memory") ?? bad("the memory is missing", "/domain/memory");
  const max = size(memory, "/domain/memory");
  const currentMemory = child(domain, "currentMemory");
  const current = currentMemory ? size(currentMemory, "/domain/currentMemory") : max;
  if (current > max) bad("currentMemory is more than memory", "/domain/currentMemory");
  const vcpu = child(domain, "vcpu");
  const vcpus = vcpu ? count(textOf(vcpu), "/domain/vcpu") : 1;
  const online = vcpu?.attributes["current"] === undefined ? vcpus : count(vcpu.attributes["current"], "/domain/vcpu/@current");
  if (online > vcpus) bad("current is more than the number of vCPUs", "/domain/vcpu/@current");
  const os = child(domain, "os");
  const devices = child(domain, "devices");
  const kernel = textOf(child(os, "kernel"));
  return {
    uuid,
    name: name.data!,
    title: textOf(child(domain, "title")),
    description: textOf(child(domain, "description")),
    arch: child(os, "type")?.attributes["arch"] ?? "x86_64",
    machine: child(os, "type")?.attributes["machine"] ?? "q35",
    firmware: os?.attributes["firmware"] === "efi" ? "efi" : "bios",
    graphics: children(devices, "graphics").length > 0,
    boot: kernel === undefined ? undefined : { kernel, initramfs: textOf(child(os, "initrd")), cmdline: textOf(child(os, "cmdline")) },
    hardware: { memory: { current, max }, vcpus: { current: online, max: vcpus }, disks: disksOf(devices), nics: nicsOf(devices, uuid ?? name.data!) },
  };
}

function disksOf(devices: Node | undefined): Disk[] {
  const seen = new Set<string>();
  return children(devices, "disk").map((node, i): Disk => {
    const target = child(node, "target")?.attributes["dev"] ?? bad("a disk without a target", `/domain/devices/disk[${i + 1}]`);
    if (!/^[a-z]{2,3}[a-z]{1,2}$/.test(target) || seen.has(target))
      bad(`"${target.slice(0, 40)}" is no target, or is there twice`, `/domain/devices/disk[${i + 1}]/target`);
    seen.add(target);
    const source = child(node, "source")?.attributes["file"];
    const order = child(node, "boot")?.attributes["order"];
    return {
      target,
      device: oneOf(["disk", "cdrom", "floppy", "lun"], node.attributes["device"], "disk"),
      bus: oneOf(diskBuses, child(node, "target")?.attributes["bus"], "other"),
      format: oneOf(diskFormats, child(node, "driver")?.attributes["type"], "raw"),
      ...(source ? { source } : {}),
      sourceKind: source ? "file" : "none",
      readOnly: child(node, "readonly") !== undefined,
      shareable: child(node, "shareable") !== undefined,
      ...(order === undefined ? {} : { bootOrder: count(order, `/domain/devices/disk[${i + 1}]/boot`) }),
    };
  });
}

function nicsOf(devices: Node | undefined, key: string): Nic[] {
  return children(devices, "interface").map((node, i): Nic => {
    const mac =
      child(node, "mac")?.attributes["address"]?.toLowerCase() ?? bad(`a NIC of ${key.slice(0, 80)} has no MAC address`, `/domain/devices/interface[${i + 1}]`);
    if (!macSchema.safeParse(mac).success) bad(`"${mac.slice(0, 40)}" is no MAC address`, `/domain/devices/interface[${i + 1}]/mac`);
    const kind = oneOf(["network", "bridge", "direct", "user", "ethernet", "hostdev"], node.attributes["type"], "network");
    const source = child(node, "source")?.attributes;
    const from = source?.["network"] ?? source?.["bridge"] ?? source?.["dev"];
    return { mac, model: child(node, "model")?.attributes["type"] ?? "virtio", kind, ...(from ? { source: from } : {}), linkUp: true, addresses: [] };
  });
}
