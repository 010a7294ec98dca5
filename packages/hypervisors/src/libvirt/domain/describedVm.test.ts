import { vmFactsSchema } from "@polyvisor/model";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { element } from "../xml/xmlNode.ts";
import type { XmlElement } from "../xml/xmlNode.ts";
import { parseXml } from "../xml/parseXml.ts";
import { bytesOf, describedVm, graphicsListen } from "./describedVm.ts";

const full = parseXml(`<domain type='kvm' id='3'>
  <name>web &amp; mail</name>
  <uuid>6695EB01-f6a4-8304-79aa-97f2502e193f</uuid>
  <title>Front</title>
  <description>two
lines</description>
  <metadata><li:libosinfo xmlns:li='http://libosinfo.org/xmlns/libvirt/domain/1.0'><li:os id='http://debian.org/debian/12'/></li:libosinfo></metadata>
  <memory unit='GiB'>2</memory>
  <currentMemory unit='KiB'>1048576</currentMemory>
  <vcpu placement='static' current='2'>4</vcpu>
  <os firmware='efi'><type arch='x86_64' machine='pc-q35-7.2'>hvm</type></os>
  <devices>
    <disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='/p/a.qcow2' index='1'/><backingStore/><target dev='vda' bus='virtio'/><boot order='1'/><shareable/></disk>
    <disk type='file' device='cdrom'><driver name='qemu'/><target dev='sda' bus='sata'/><readonly/></disk>
    <disk type='block' device='lun'><driver type='raw'/><source dev='/dev/sdb'/><target dev='sdb' bus='scsi'/></disk>
    <disk type='network' device='disk'><driver type='raw'/><source protocol='rbd' name='pool/image'><host name='mon1' port='6789'/></source><target dev='vdb' bus='virtio'/></disk>
    <disk type='volume' device='disk'><driver type='vpc'/><source pool='p' volume='v'/><target dev='vdc' bus='vmbus'/></disk>
    <interface type='bridge'><mac address='52:54:00:AB:cd:01'/><source bridge='br0'/><target dev='vnet3'/><model type='virtio'/><link state='down'/><boot order='2'/></interface>
    <interface type='user'><mac address='52:54:00:ab:cd:02'/><ip address='10.0.2.15'/></interface>
    <serial type='pty'><source path='/dev/pts/2'/><target port='0'/><alias name='serial0'/></serial>
    <serial type='file'><source path='/log'/><target port='1'/><alias name='serial1'/></serial>
    <console type='pty' tty='/dev/pts/2'><target type='serial' port='0'/><alias name='serial0'/></console>
    <console type='pty'><target type='virtio' port='1'/><alias name='console1'/></console>
    <graphics type='vnc' port='5901' autoport='yes' listen='127.0.0.1'><listen type='address' address='127.0.0.1'/></graphics>
    <graphics type='spice'><listen type='socket' socket='/run/s.sock'/></graphics>
    <channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0' state='connected'/></channel>
  </devices>
</domain>`);

describe("a VM's facts from its domain XML", () => {
  const vm = describedVm(full);

  it("are what the description says", () => {
    expect(vm).toMatchObject({
      nativeId: "6695eb01-f6a4-8304-79aa-97f2502e193f",
      name: "web & mail",
      title: "Front",
      description: "two\nlines",
      virtType: "kvm",
      arch: "x86_64",
      machine: "pc-q35-7.2",
      firmware: "efi",
      os: "http://debian.org/debian/12",
      vcpus: { current: 2, max: 4 },
      memory: { current: 1024 ** 3, max: 2 * 1024 ** 3 },
      agentConnected: true,
    });
    expect(vm.disks).toMatchObject([
      {
        target: "vda",
        device: "disk",
        bus: "virtio",
        format: "qcow2",
        source: "/p/a.qcow2",
        sourceKind: "file",
        readOnly: false,
        shareable: true,
        bootOrder: 1,
      },
      { target: "sda", device: "cdrom", bus: "sata", format: "raw", source: undefined, sourceKind: "none", readOnly: true },
      { target: "sdb", device: "lun", source: "/dev/sdb", sourceKind: "block" },
      { target: "vdb", source: "rbd://mon1:6789/pool/image", sourceKind: "network" },
      { target: "vdc", source: "p/v", sourceKind: "volume", format: "vhd", bus: "other" },
    ]);
    expect(vm.nics).toEqual([
      { mac: "52:54:00:ab:cd:01", model: "virtio", kind: "bridge", source: "br0", hostInterface: "vnet3", linkUp: false, bootOrder: 2, addresses: [] },
      {
        mac: "52:54:00:ab:cd:02",
        model: undefined,
        kind: "user",
        source: undefined,
        hostInterface: undefined,
        linkUp: true,
        bootOrder: undefined,
        addresses: ["10.0.2.15"],
      },
    ]);
  });

  it("name each console once, and none that cannot be opened", () => {
    expect(vm.consoles).toEqual([
      { kind: "serial", alias: "serial0" },
      { kind: "virtio", alias: "console1" },
      { kind: "vnc", alias: "vnc0" },
      { kind: "spice", alias: "spice1" },
    ]);
  });

  it("foretell the aliases that a VM at rest has not got yet", () => {
    const rest = describedVm(
      parseXml(
        "<domain type='qemu'><devices><serial type='pty'><target port='0'/></serial><console type='pty'><target type='serial' port='0'/></console></devices></domain>",
      ),
    );
    expect(rest.consoles).toEqual([{ kind: "serial", alias: "serial0" }]);
    expect(
      describedVm(parseXml("<domain type='lxc'><devices><console type='pty'><target type='lxc' port='0'/></console></devices></domain>")).consoles,
    ).toEqual([{ kind: "lxc", alias: "console0" }]);
  });

  it("tell where a screen listens", () => {
    expect(graphicsListen(full, 0)).toEqual({ type: "vnc", socket: undefined, address: "127.0.0.1", port: 5901 });
    expect(graphicsListen(full, 1)).toEqual({ type: "spice", socket: "/run/s.sock", address: undefined, port: undefined });
    expect(graphicsListen(full, 2)).toBeUndefined();
  });

  it("are in the model's shape for the poorest description too", () => {
    for (const source of ["<domain/>", "<domain><devices><disk/><interface/><graphics/><console/></devices><vcpu>many</vcpu><memory>-1</memory></domain>"]) {
      const { agentConnected: _, ...described } = describedVm(parseXml(source));
      const facts = { ...described, state: "off", reason: "unknown", persistent: true, autostart: false, acceleration: "none", snapshots: [], pending: [] };
      expect(vmFactsSchema.safeParse(facts).error?.issues, source).toBeUndefined();
    }
  });

  it("are in the model's shape whatever the description holds", () => {
    const words = fc.constantFrom(
      "1",
      "-1",
      "1.5",
      "99999999999999999999",
      "NaN",
      "",
      " 2 ",
      "yes",
      "file",
      "network",
      "block",
      "volume",
      "vnc",
      "pty",
      "hvm",
      "exe",
      "52:54:00:00:00:01",
      "52:54:zz",
      "x".repeat(300),
      "GiB",
      "\ud83d\ude00",
    );
    const names = fc.constantFrom(
      "domain",
      "devices",
      "disk",
      "interface",
      "serial",
      "console",
      "graphics",
      "filesystem",
      "channel",
      "target",
      "source",
      "driver",
      "mac",
      "model",
      "link",
      "boot",
      "alias",
      "os",
      "type",
      "loader",
      "vcpu",
      "memory",
      "currentMemory",
      "ip",
      "host",
      "readonly",
      "metadata",
      "li:libosinfo",
      "li:os",
      "uuid",
      "name",
      "title",
    );
    const keys = fc.constantFrom(
      "type",
      "dev",
      "bus",
      "file",
      "dir",
      "pool",
      "volume",
      "address",
      "state",
      "order",
      "name",
      "current",
      "unit",
      "device",
      "protocol",
      "port",
      "arch",
      "machine",
      "id",
    );
    const { node } = fc.letrec<{ node: XmlElement }>((tie) => ({
      node: fc
        .tuple(names, fc.dictionary(keys, words, { maxKeys: 5 }), fc.oneof({ maxDepth: 5 }, fc.tuple(words), fc.array(tie("node"), { maxLength: 6 })))
        .map(([name, attributes, content]) => element(name, attributes, ...content)),
    }));
    fc.assert(
      fc.property(fc.array(node, { maxLength: 8 }), fc.array(node, { maxLength: 12 }), (parts, devices) => {
        const { agentConnected: _, ...described } = describedVm(element("domain", { type: "kvm" }, ...parts, element("devices", {}, ...devices)));
        const facts = { ...described, state: "off", reason: "unknown", persistent: true, autostart: false, acceleration: "none", snapshots: [], pending: [] };
        expect(vmFactsSchema.safeParse(facts).error?.issues).toBeUndefined();
      }),
      { numRuns: 400 },
    );
  });

  it("counts the image that a container's root lies in as a disk, and a folder of the host as none", () => {
    const of = (fileSystem: string) => describedVm(parseXml(`<domain type='lxc'><devices>${fileSystem}</devices></domain>`)).disks;
    expect(of("<filesystem type='file'><driver type='loop' format='raw'/><source file='/images/box.img'/><target dir='/'/></filesystem>")).toEqual([
      { target: "/", device: "disk", bus: "other", format: "raw", source: "/images/box.img", sourceKind: "file", readOnly: false, shareable: false },
    ]);
    expect(of("<filesystem type='block'><source dev='/dev/vg/box'/><target dir='/'/><readonly/></filesystem>")).toMatchObject([
      { source: "/dev/vg/box", sourceKind: "block", readOnly: true },
    ]);
    expect(of("<filesystem type='mount'><source dir='/srv/box'/><target dir='/'/></filesystem>")).toEqual([]);
  });
  it.each([
    ["<os><type>exe</type></os>", "lxc", "none"],
    ["<os><type>hvm</type><loader>/usr/share/OVMF/OVMF_CODE.fd</loader></os>", "kvm", "efi"],
    ["<os><type>hvm</type><loader>/usr/lib/xen/boot/hvmloader</loader></os>", "xen", "bios"],
    ["<os><type>hvm</type><loader>/opt/u-boot</loader></os>", "qemu", "other"],
    ["<os><type>hvm</type></os>", "test", "bios"],
  ])("%s of %s has firmware %s", (os, type, firmware) => {
    expect(describedVm(parseXml(`<domain type='${type}'>${os}</domain>`)).firmware).toBe(firmware);
  });

  it.each([
    ["<m>1024</m>", 1024 ** 2],
    ["<m unit='b'>7</m>", 7],
    ["<m unit='KB'>2</m>", 2000],
    ["<m unit='MiB'>3</m>", 3 * 1024 ** 2],
    ["<m unit='TiB'>1</m>", 1024 ** 4],
    ["<m/>", undefined],
    ["<m>x</m>", undefined],
  ])("%s is %s bytes", (source, bytes) => {
    expect(bytesOf(parseXml(source))).toBe(bytes);
  });
});
