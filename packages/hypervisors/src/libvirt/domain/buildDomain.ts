import { PolyvisorError } from "@polyvisor/model";
import type { VmSpec } from "@polyvisor/model";
import { element } from "../xml/xmlNode.ts";
import type { XmlElement } from "../xml/xmlNode.ts";
import { buildDisk, buildNic, busFor, freeTarget } from "./buildDevices.ts";
import type { DiskSource } from "./buildDevices.ts";

/** What the endpoint adds to a specification: everything that is not the operator's to say. */
export interface BuildContext {
  /** libvirt's driver, lower case: `qemu`, `lxc`, `xen`, `test`. */
  driver: string;
  uuid: string;
  /** `kvm` or `qemu`; for other drivers their own type. */
  virtType: string;
  arch: string;
  /** Machine type that the host takes where none is said. */
  defaultMachine?: string | undefined;
  /** CPU modes that the host offers for this type: `host-model`, `maximum`. */
  cpuModes: readonly string[];
  /** Where each disk of the specification lies, in its order. */
  sources: readonly DiskSource[];
  /** The files of a direct boot and a container's root as paths on the host. */
  kernel?: string | undefined;
  initramfs?: string | undefined;
  /** A folder that is the root, or an image that holds its file system. */
  root?: { folder: string } | { image: string; device: boolean } | undefined;
}

const bootDevices = { disk: "hd", cdrom: "cdrom", network: "network" } as const;

/** The domain XML of a new VM. */
export function buildDomain(spec: VmSpec, context: BuildContext): XmlElement {
  refuseWhatCannotBe(spec, context);
  const maxMemory = Math.max(spec.memory, spec.maxMemory ?? 0);
  const maxVcpus = Math.max(spec.vcpus, spec.maxVcpus ?? 0);
  return element(
    "domain",
    { type: context.virtType },
    element("name", {}, spec.name),
    element("uuid", {}, context.uuid),
    spec.title ? element("title", {}, spec.title) : undefined,
    spec.description ? element("description", {}, spec.description) : undefined,
    element("memory", { unit: "KiB" }, kib(maxMemory)),
    element("currentMemory", { unit: "KiB" }, kib(spec.memory)),
    element("vcpu", { placement: "static", current: maxVcpus === spec.vcpus ? undefined : spec.vcpus }, String(maxVcpus)),
    operatingSystem(spec, context),
    features(spec, context),
    cpu(context),
    element("clock", { offset: "utc" }),
    element("on_poweroff", {}, "destroy"),
    element("on_reboot", {}, "restart"),
    element("on_crash", {}, "destroy"),
    element("devices", {}, ...devices(spec, context)),
  );
}

const kib = (bytes: number): string => String(Math.ceil(bytes / 1024));

function refuseWhatCannotBe(spec: VmSpec, { driver, virtType }: BuildContext): void {
  const no = (detail: string, where: string): never => {
    throw new PolyvisorError("notSupported", { detail, where });
  };
  if (driver === "lxc") {
    if (!spec.container) throw new PolyvisorError("badRequest", { detail: "a container needs a root file system: `container.root`", where: "/spec/container" });
    if (spec.disks.length > 0) no("a container of libvirt has its root file system and no disks", "/spec/disks");
    if (spec.boot) no("a container runs on the host's kernel and boots none of its own", "/spec/boot");
    if (spec.graphics !== "none") no("a container has no screen", "/spec/graphics");
  } else if (spec.container) {
    no(`only libvirt's LXC driver runs containers, and this endpoint is ${driver === "qemu" ? "QEMU" : driver}`, "/spec/container");
  }
  if (virtType === "xen" && spec.firmware === "efi" && spec.boot) no("a paravirtual Xen guest has no firmware", "/spec/firmware");
}

function operatingSystem(spec: VmSpec, context: BuildContext): XmlElement {
  const { driver, arch } = context;
  if (driver === "lxc") return element("os", {}, element("type", { arch }, "exe"), element("init", {}, spec.container!.init));
  const paravirtual = driver === "xen" && spec.boot !== undefined;
  return element(
    "os",
    { firmware: spec.firmware === "efi" ? "efi" : undefined },
    element(
      "type",
      { arch, machine: paravirtual ? undefined : (spec.machine ?? (driver === "qemu" && spec.firmware === "efi" && arch === "x86_64" ? "q35" : undefined)) },
      paravirtual ? "linux" : "hvm",
    ),
    ...(spec.boot
      ? [
          element("kernel", {}, context.kernel),
          context.initramfs ? element("initrd", {}, context.initramfs) : undefined,
          spec.boot.cmdline ? element("cmdline", {}, spec.boot.cmdline) : undefined,
        ]
      : spec.bootOrder.map((device) => element("boot", { dev: bootDevices[device] }))),
  );
}

function features(spec: VmSpec, { driver, arch }: BuildContext): XmlElement | undefined {
  // Without it a container that has no NIC shares the host's network, and its DHCP client takes the host's address away.
  if (driver === "lxc") return element("features", {}, element("privnet"));
  if (driver === "xen" && spec.boot) return undefined;
  const x86 = /^(x86_64|i686)$/.test(arch);
  if (!x86 && arch !== "aarch64") return undefined;
  return element("features", {}, element("acpi"), x86 ? element("apic") : undefined);
}

/** The processor a guest sees: the host's where it runs on it, the fullest that emulation has where not. libvirt's own default is twenty years old. */
function cpu({ driver, virtType, cpuModes }: BuildContext): XmlElement | undefined {
  if (driver !== "qemu") return undefined;
  if (virtType === "kvm") return cpuModes.includes("host-model") ? element("cpu", { mode: "host-model" }) : undefined;
  return cpuModes.includes("maximum") ? element("cpu", { mode: "maximum" }) : undefined;
}

function devices(spec: VmSpec, context: BuildContext): (XmlElement | undefined)[] {
  const { driver } = context;
  const machine = spec.machine ?? (spec.firmware === "efi" && context.arch === "x86_64" ? "q35" : context.defaultMachine);
  const used = new Set(spec.disks.flatMap(({ target }) => target ?? []));
  const disks = spec.disks.map((disk, i) => {
    const bus = driver === "xen" && disk.bus === "virtio" && disk.device === "disk" ? "xen" : busFor(disk, machine);
    const target = disk.target ?? freeTarget(bus, used);
    used.add(target);
    return buildDisk(disk, context.sources[i], target, bus, driver);
  });
  const nics = spec.nics.map((nic) => buildNic(nic, driver));
  switch (driver) {
    case "lxc":
      return [rootFileSystem(context.root), ...nics, element("console", { type: "pty" })];
    case "xen":
      return [
        ...disks,
        ...nics,
        element("console", { type: "pty" }, element("target", { type: spec.boot ? "xen" : "serial", port: 0 })),
        ...screen(spec, context),
      ];
    case "qemu":
      return [
        ...disks,
        ...nics,
        element("serial", { type: "pty" }, element("target", { port: 0 })),
        element("console", { type: "pty" }, element("target", { type: "serial", port: 0 })),
        spec.guestAgent ? element("channel", { type: "unix" }, element("target", { type: "virtio", name: "org.qemu.guest_agent.0" })) : undefined,
        ...screen(spec, context),
        // The guest tells its own use of memory through the balloon, every ten seconds.
        element("memballoon", { model: "virtio" }, element("stats", { period: 10 })),
        element("rng", { model: "virtio" }, element("backend", { model: "random" }, "/dev/urandom")),
      ];
    default:
      return [...disks, ...nics];
  }
}

function rootFileSystem(root: BuildContext["root"]): XmlElement | undefined {
  if (!root) return undefined;
  const target = element("target", { dir: "/" });
  if ("folder" in root) return element("filesystem", { type: "mount", accessmode: "passthrough" }, element("source", { dir: root.folder }), target);
  if (root.device) return element("filesystem", { type: "block", accessmode: "passthrough" }, element("source", { dev: root.image }), target);
  return element(
    "filesystem",
    { type: "file", accessmode: "passthrough" },
    element("driver", { type: "loop", format: "raw" }),
    element("source", { file: root.image }),
    target,
  );
}

/** A screen listens on the host's loopback only: who may see it is decided before. */
function screen(spec: VmSpec, { driver, arch }: BuildContext): XmlElement[] {
  if (spec.graphics === "none") return [];
  const x86 = /^(x86_64|i686)$/.test(arch);
  return [
    ...(driver === "qemu" && x86 ? [element("input", { type: "tablet", bus: "usb" })] : []),
    element("graphics", { type: "vnc", port: -1, autoport: "yes" }, element("listen", { type: "address", address: "127.0.0.1" })),
    element("video", {}, element("model", { type: driver === "qemu" && !x86 ? "virtio" : "vga" })),
  ];
}
