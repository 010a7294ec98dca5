import { vmSpecSchema } from "@polyvisor/model";
import type { VmSpecInput } from "@polyvisor/model";
import { describe, expect, it } from "vitest";
import { parseXml } from "../xml/parseXml.ts";
import { writeIndented } from "../xml/writeXml.ts";
import { diskTargets, freeTarget } from "./buildDevices.ts";
import { buildDomain } from "./buildDomain.ts";
import type { BuildContext } from "./buildDomain.ts";
import { describedVm } from "./describedVm.ts";
import { specimens } from "./fixtures/specimens.ts";

const context: BuildContext = {
  driver: "qemu",
  uuid: "6695eb01-f6a4-8304-79aa-97f2502e193f",
  virtType: "qemu",
  arch: "x86_64",
  defaultMachine: "pc-i440fx-7.2",
  cpuModes: ["custom", "maximum"],
  sources: [],
};
const built = (spec: VmSpecInput, more: Partial<BuildContext> = {}): string => writeIndented(buildDomain(vmSpecSchema.parse(spec), { ...context, ...more }));
const refused = (spec: VmSpecInput, more: Partial<BuildContext> = {}): unknown => {
  try {
    built(spec, more);
  } catch (error) {
    return error;
  }
  return undefined;
};

describe("the domain XML of a new VM", () => {
  it("is this for QEMU", () => {
    expect(
      built(
        {
          name: "web1",
          title: "Web & more",
          memory: 512 * 1024 ** 2,
          vcpus: 2,
          maxVcpus: 4,
          disks: [{ size: 1024, datastore: "default" }],
          nics: [{ mac: "52:54:00:00:00:01" }],
        },
        { sources: [{ type: "file", path: "/p/web1-vda" }] },
      ),
    ).toMatchInlineSnapshot(`
      "<domain type='qemu'>
        <name>web1</name>
        <uuid>6695eb01-f6a4-8304-79aa-97f2502e193f</uuid>
        <title>Web &amp; more</title>
        <memory unit='KiB'>524288</memory>
        <currentMemory unit='KiB'>524288</currentMemory>
        <vcpu placement='static' current='2'>4</vcpu>
        <os>
          <type arch='x86_64'>hvm</type>
          <boot dev='hd'/>
        </os>
        <features>
          <acpi/>
          <apic/>
        </features>
        <cpu mode='maximum'/>
        <clock offset='utc'/>
        <on_poweroff>destroy</on_poweroff>
        <on_reboot>restart</on_reboot>
        <on_crash>destroy</on_crash>
        <devices>
          <disk type='file' device='disk'>
            <driver name='qemu' type='qcow2' discard='unmap'/>
            <source file='/p/web1-vda'/>
            <target dev='vda' bus='virtio'/>
          </disk>
          <interface type='network'>
            <mac address='52:54:00:00:00:01'/>
            <source network='default'/>
            <model type='virtio'/>
          </interface>
          <serial type='pty'>
            <target port='0'/>
          </serial>
          <console type='pty'>
            <target type='serial' port='0'/>
          </console>
          <channel type='unix'>
            <target type='virtio' name='org.qemu.guest_agent.0'/>
          </channel>
          <memballoon model='virtio'>
            <stats period='10'/>
          </memballoon>
          <rng model='virtio'>
            <backend model='random'>/dev/urandom</backend>
          </rng>
        </devices>
      </domain>
      "
    `);
  });

  it("has the root of a container where it lies: a folder, an image, a block device", () => {
    const rootOf = (root: BuildContext["root"]) =>
      built({ name: "box", container: { root: "/x" } }, { driver: "lxc", virtType: "lxc", root })
        .match(/<filesystem[^]*<\/filesystem>/)![0]
        .replace(/\s*\n\s*/g, "");
    expect(rootOf({ folder: "/srv/box" })).toBe("<filesystem type='mount' accessmode='passthrough'><source dir='/srv/box'/><target dir='/'/></filesystem>");
    expect(rootOf({ image: "/images/box.img", device: false })).toBe(
      "<filesystem type='file' accessmode='passthrough'><driver type='loop' format='raw'/><source file='/images/box.img'/><target dir='/'/></filesystem>",
    );
    expect(rootOf({ image: "/dev/vg/box", device: true })).toBe(
      "<filesystem type='block' accessmode='passthrough'><source dev='/dev/vg/box'/><target dir='/'/></filesystem>",
    );
  });

  it("is this for a container", () => {
    expect(
      built(
        { name: "box", memory: 64 * 1024 ** 2, container: { root: "/srv/box" }, nics: [{}] },
        { driver: "lxc", virtType: "lxc", root: { folder: "/srv/box" } },
      ),
    ).toMatchInlineSnapshot(`
      "<domain type='lxc'>
        <name>box</name>
        <uuid>6695eb01-f6a4-8304-79aa-97f2502e193f</uuid>
        <memory unit='KiB'>65536</memory>
        <currentMemory unit='KiB'>65536</currentMemory>
        <vcpu placement='static'>1</vcpu>
        <os>
          <type arch='x86_64'>exe</type>
          <init>/sbin/init</init>
        </os>
        <features>
          <privnet/>
        </features>
        <clock offset='utc'/>
        <on_poweroff>destroy</on_poweroff>
        <on_reboot>restart</on_reboot>
        <on_crash>destroy</on_crash>
        <devices>
          <filesystem type='mount' accessmode='passthrough'>
            <source dir='/srv/box'/>
            <target dir='/'/>
          </filesystem>
          <interface type='network'>
            <source network='default'/>
          </interface>
          <console type='pty'/>
        </devices>
      </domain>
      "
    `);
  });

  it.each(Object.entries(specimens))("%s says what was asked for when it is read again", (_, { spec, context: more }) => {
    const wanted = vmSpecSchema.parse(spec);
    const vm = describedVm(parseXml(built(spec, more)));
    expect(vm).toMatchObject({
      name: wanted.name,
      nativeId: context.uuid,
      vcpus: { current: wanted.vcpus, max: Math.max(wanted.vcpus, wanted.maxVcpus ?? 0) },
      title: wanted.title,
    });
    expect(vm.memory.current).toBe(wanted.memory);
    expect(vm.disks.map(({ device }) => device)).toEqual(wanted.disks.map(({ device }) => device));
    expect(vm.nics.map(({ kind }) => kind)).toEqual(wanted.nics.map(({ kind }) => kind));
    expect(new Set(vm.disks.map(({ target }) => target)).size).toBe(vm.disks.length);
  });

  it("gives a drive a bus that it can be on", () => {
    const bus = (machine: string | undefined, arch = "x86_64"): string | undefined =>
      describedVm(parseXml(built({ name: "a", disks: [{ device: "cdrom" }], ...(machine ? { machine } : {}) }, { arch }))).disks[0]?.bus;
    expect(bus(undefined)).toBe("ide");
    expect(bus("pc-i440fx-9.0")).toBe("ide");
    expect(bus("pc-q35-8.2")).toBe("sata");
    expect(bus("q35")).toBe("sata");
    expect(bus("virt-7.2", "aarch64")).toBe("scsi");
  });

  it("names disks in the order of their bus, around those that were named", () => {
    const root = buildDomain(
      vmSpecSchema.parse({ name: "a", disks: [{ size: 512 }, { size: 512, target: "vda" }, { size: 512, bus: "sata" }, { size: 512 }] }),
      context,
    );
    expect(diskTargets(root)).toEqual(["vdb", "vda", "sda", "vdc"]);
    expect(freeTarget("virtio", new Set("abcdefghijklmnopqrstuvwxyz".split("").map((letter) => `vd${letter}`)))).toBe("vdaa");
  });

  it("lets a screen listen on the host's loopback only", () => {
    expect(built({ name: "a", graphics: "vnc" })).toContain("<listen type='address' address='127.0.0.1'/>");
    expect(built({ name: "a", graphics: "none" })).not.toContain("graphics");
  });

  it("refuses what cannot be, with its place", () => {
    expect(refused({ name: "a" }, { driver: "lxc", virtType: "lxc" })).toMatchObject({ code: "badRequest", where: "/spec/container" });
    expect(refused({ name: "a", container: { root: "/r" } })).toMatchObject({ code: "notSupported", where: "/spec/container" });
    expect(refused({ name: "a", container: { root: "/r" }, disks: [{ size: 512 }] }, { driver: "lxc", virtType: "lxc" })).toMatchObject({
      code: "notSupported",
      where: "/spec/disks",
    });
    expect(refused({ name: "a", nics: [{ kind: "bridge" }] })).toMatchObject({ code: "badRequest", where: "/nics" });
    expect(refused({ name: "a", title: "\u0002" })).toMatchObject({ code: "badRequest" });
  });
});
