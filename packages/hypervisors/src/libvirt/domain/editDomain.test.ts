import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseXml } from "../xml/parseXml.ts";
import { writeXml } from "../xml/writeXml.ts";
import { attribute, child, children, copyXml, element, sameXml, textOf } from "../xml/xmlNode.ts";
import type { XmlElement } from "../xml/xmlNode.ts";
import { addDevice, becomeClone, diskAt, nicAt, removeDevice, setMemory, setSource, setText, setVcpus } from "./editDomain.ts";

/** Much that is not understood here: a foreign namespace, comments, elements and attributes of no libvirt. */
const source = `<domain type='kvm' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0' custom='kept'>
  <!-- made by hand -->
  <name>original</name>
  <uuid>6695eb01-f6a4-8304-79aa-97f2502e193f</uuid>
  <metadata><my:thing xmlns:my='urn:mine' a='&lt;1&gt;'>text</my:thing></metadata>
  <memory unit='KiB' dumpCore='on'>1048576</memory>
  <currentMemory unit='KiB'>524288</currentMemory>
  <vcpu placement='static' cpuset='0-1' current='2'>4</vcpu>
  <unheardof><deep attr='x'/></unheardof>
  <os><type arch='x86_64' machine='q35'>hvm</type><nvram template='/t.fd'>/nv/original.fd</nvram></os>
  <cpu mode='host-model'><topology sockets='2' dies='1' cores='2' threads='1'/></cpu>
  <devices>
    <emulator>/usr/bin/qemu-system-x86_64</emulator>
    <disk type='file' device='disk'><driver name='qemu' type='qcow2' cache='none' future='1'/><source file='/p/a.qcow2'><seclabel model='dac' relabel='no'/></source><target dev='vda' bus='virtio'/><serial>WD-1</serial></disk>
    <disk type='file' device='cdrom'><target dev='sda' bus='sata'/><readonly/></disk>
    <interface type='network'><mac address='52:54:00:00:00:01'/><source network='default'/><target dev='tap7'/><model type='virtio'/></interface>
    <channel type='unix'><source mode='bind' path='/c/original'/><target type='virtio' name='org.qemu.guest_agent.0'/></channel>
    <graphics type='vnc' port='5905' autoport='yes' passwd='secret'/>
    <shmem name='x'/>
  </devices>
  <qemu:commandline><qemu:arg value='-s'/></qemu:commandline>
</domain>`;
const fresh = (): XmlElement => parseXml(source);

/** Edits with what undoes them. */
const edits: Record<string, { edit: (root: XmlElement) => void; undo: (root: XmlElement) => void }> = {
  title: { edit: (root) => setText(root, "title", "A < B"), undo: (root) => setText(root, "title", undefined) },
  description: { edit: (root) => setText(root, "description", "d"), undo: (root) => setText(root, "description", undefined) },
  name: { edit: (root) => setText(root, "name", "other"), undo: (root) => setText(root, "name", "original") },
  memory: {
    edit: (root) => setMemory(root, { current: 1024 ** 3, max: 2 * 1024 ** 3 }),
    undo: (root) => setMemory(root, { current: 512 * 1024 ** 2, max: 1024 ** 3 }),
  },
  vcpus: { edit: (root) => setVcpus(root, { current: 8, max: 8 }), undo: (root) => setVcpus(root, { current: 2, max: 4 }) },
  disk: {
    edit: (root) => addDevice(root, element("disk", { type: "file" }, element("target", { dev: "vdz" }))),
    undo: (root) => removeDevice(root, diskAt(root, "vdz")!),
  },
  nic: {
    edit: (root) => addDevice(root, element("interface", { type: "user" }, element("mac", { address: "52:54:00:00:00:99" }))),
    undo: (root) => removeDevice(root, nicAt(root, "52:54:00:00:00:99")!),
  },
  medium: {
    edit: (root) => setSource(diskAt(root, "sda")!, { type: "file", source: element("source", { file: "/iso" }) }),
    undo: (root) => setSource(diskAt(root, "sda")!, { type: "file", source: undefined }),
  },
};

describe("an edit of a domain", () => {
  it("undone, in any order and number, leaves the tree that was", () => {
    fc.assert(
      fc.property(fc.shuffledSubarray(Object.keys(edits)), fc.nat(), (names, seed) => {
        const root = fresh();
        for (const each of names) edits[each]!.edit(root);
        const back = seed % 2 === 0 ? names : names.toReversed();
        for (const each of back) edits[each]!.undo(root);
        expect(root).toEqual(fresh());
        expect(writeXml(root)).toBe(source);
      }),
    );
  });

  it.each(Object.keys(edits))("of its %s keeps everything that is not understood", (each) => {
    const root = fresh();
    edits[each]!.edit(root);
    const text = writeXml(root);
    for (const kept of [
      "custom='kept'",
      "<!-- made by hand -->",
      "<my:thing xmlns:my='urn:mine' a='&lt;1&gt;'>text</my:thing>",
      "dumpCore='on'",
      "cpuset='0-1'",
      "<unheardof><deep attr='x'/></unheardof>",
      "future='1'",
      "<serial>WD-1</serial>",
      "<seclabel model='dac' relabel='no'/>",
      "passwd='secret'",
      "<shmem name='x'/>",
      "<qemu:commandline><qemu:arg value='-s'/></qemu:commandline>",
    ])
      expect(text).toContain(kept);
  });

  it("puts a new element where libvirt's schema has it", () => {
    const root = fresh();
    setText(root, "title", "T");
    expect(
      children(root)
        .map((each) => each.name)
        .slice(0, 4),
    ).toEqual(["name", "uuid", "title", "metadata"]);
  });

  it("keeps topology and number of vCPUs one", () => {
    const topology = (max: number): Record<string, string> => {
      const root = fresh();
      setVcpus(root, { current: 1, max });
      return Object.fromEntries(child(child(root, "cpu"), "topology")!.attributes);
    };
    expect(topology(8)).toEqual({ sockets: "4", dies: "1", cores: "2", threads: "1" });
    expect(topology(3)).toEqual({ sockets: "3", dies: "1", cores: "1", threads: "1" });
    const root = fresh();
    setVcpus(root, { current: 4 });
    expect(attribute(child(root, "vcpu"), "current")).toBeUndefined();
    expect(textOf(child(root, "vcpu"))).toBe("4");
  });
});

describe("a clone's description", () => {
  const root = fresh();
  let n = 0;
  becomeClone(root, {
    name: "copy",
    uuid: "11111111-2222-4333-8444-555555555555",
    mac: () => `52:54:00:aa:00:0${++n}`,
    disks: new Map([["vda", { type: "block", source: element("source", { dev: "/dev/x" }) }]]),
  });

  it("shares nothing that only one may have", () => {
    const text = writeXml(root);
    for (const own of ["original", "6695eb01", "52:54:00:00:00:01", "tap7", "/p/a.qcow2", "5905"]) expect(text).not.toContain(own);
    expect(textOf(child(root, "name"))).toBe("copy");
    expect(attribute(child(child(root, "os"), "nvram"), "template")).toBe("/t.fd");
    expect(nicAt(root, "52:54:00:aa:00:01")).toBeDefined();
    expect(attribute(diskAt(root, "vda"), "type")).toBe("block");
    expect(attribute(child(diskAt(root, "vda"), "driver"), "cache")).toBe("none");
  });

  it("keeps everything else", () => {
    for (const each of ["metadata", "unheardof", "qemu:commandline", "memory", "vcpu", "cpu"])
      expect(sameXml(child(root, each)!, child(fresh(), each)!), each).toBe(true);
    expect(sameXml(copyXml(diskAt(root, "sda")!), diskAt(fresh(), "sda")!)).toBe(true);
  });
});
