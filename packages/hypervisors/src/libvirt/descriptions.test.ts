import { describe, expect, it } from "vitest";
import { snapshotOf } from "./domain/readSnapshots.ts";
import { deviceOf } from "./host/deviceOf.ts";
import { readGuestSupport } from "./host/guestSupport.ts";
import { versionText } from "./host/hostReader.ts";
import { networkOf } from "./network/networkReader.ts";
import { fractionOf } from "./actions/duringJob.ts";
import { volumeOf } from "./storage/datastoreReader.ts";
import { parseXml } from "./xml/parseXml.ts";

describe("what libvirt describes beside VMs", () => {
  it("is a volume", () => {
    expect(
      volumeOf(
        "<volume type='file'><name>a</name><key>/p/a</key><capacity unit='bytes'>1048576</capacity><allocation unit='KiB'>4</allocation><target><path>/p/a</path><format type='qcow2'/></target></volume>",
        { name: "a", key: "/p/a" },
      ),
    ).toEqual({ name: "a", path: "/p/a", format: "qcow2", capacity: 1024 ** 2, allocation: 4096 });
    expect(volumeOf("<volume/>", { name: "a", key: "k" })).toEqual({ name: "a", path: "k", format: "raw", capacity: 0, allocation: 0 });
  });

  it("is a network", () => {
    const net = { name: "n", uuid: "u" };
    expect(
      networkOf(
        "<network><forward mode='nat'/><bridge name='virbr0'/><ip address='192.168.122.1' netmask='255.255.255.0'><dhcp/></ip><ip family='ipv6' address='fd00::1' prefix='64'/></network>",
        net,
        true,
        false,
      ),
    ).toEqual({
      nativeId: "u",
      name: "n",
      active: true,
      autostart: false,
      bridge: "virbr0",
      forward: "nat",
      addresses: ["192.168.122.1/24", "fd00::1/64"],
      dhcp: true,
    });
    expect(networkOf("<network><bridge name='x'/></network>", net, false, true)).toMatchObject({
      forward: "isolated",
      addresses: [],
      dhcp: false,
      autostart: true,
    });
    expect(networkOf("<network><forward dev='eth0'><interface dev='eth0'/></forward></network>", net, false, true)).toMatchObject({
      forward: "nat",
      bridge: "eth0",
    });
  });

  it("is a snapshot", () => {
    expect(
      snapshotOf(
        "<domainsnapshot><name>s</name><description>d</description><state>running</state><parent><name>p</name></parent><creationTime>1700000000</creationTime><memory snapshot='internal'/></domainsnapshot>",
        "s",
      ),
    ).toEqual({ name: "s", description: "d", parent: "p", createdAt: "2023-11-14T22:13:20.000Z", state: "running", withMemory: true, current: true });
    expect(
      snapshotOf(
        "<domainsnapshot><name>s</name><state>shutoff</state><creationTime>nonsense</creationTime><memory snapshot='no'/></domainsnapshot>",
        undefined,
      ),
    ).toMatchObject({ state: "off", withMemory: false, current: false, createdAt: undefined });
  });

  it.each([
    [
      "<device><name>pci_0</name><capability type='pci'><product id='1'>Thing</product><vendor id='2'>Maker</vendor></capability></device>",
      "pci",
      "Maker Thing",
    ],
    ["<device><name>net_eth0</name><capability type='net'><interface>eth0</interface><address>02:00</address></capability></device>", "net", "eth0, 02:00"],
    [
      "<device><name>block_vda</name><capability type='storage'><block>/dev/vda</block><drive_type>disk</drive_type></capability></device>",
      "storage",
      "disk, /dev/vda",
    ],
    ["<device><name>computer</name><capability type='system'/></device>", "system", "the machine itself"],
    ["<device><name>x</name><capability type='unheardof'/></device>", "other", "unheardof"],
    ["<device><name>x</name></device>", "other", "other"],
  ])("is a device: %s", (xml, kind, description) => {
    expect(deviceOf(xml, "d")).toEqual({ name: "d", class: kind, description });
  });

  it("is what guests may have", () => {
    expect(
      readGuestSupport(
        parseXml(
          "<domainCapabilities><machine>pc-q35-7.2</machine><os><enum name='firmware'><value>bios</value><value>efi</value></enum></os><cpu><mode name='host-passthrough' supported='no'/><mode name='maximum' supported='yes'/></cpu></domainCapabilities>",
        ),
      ),
    ).toEqual({ machine: "pc-q35-7.2", cpuModes: ["maximum"], firmwares: ["bios", "efi"] });
    expect(readGuestSupport(parseXml("<domainCapabilities/>"))).toEqual({ machine: undefined, cpuModes: [], firmwares: [] });
  });

  it("is a version", () => {
    expect(versionText(9_001_002n)).toBe("9.1.2");
    expect(versionText(undefined)).toBeUndefined();
    expect(versionText(0n)).toBeUndefined();
  });

  it("is the progress of a job", () => {
    expect(fractionOf({ data_total: 100n, data_processed: 25n })).toBe(0.25);
    expect(fractionOf({ memory_total: 10n, memory_processed: 20n })).toBe(1);
    expect(fractionOf({})).toBeUndefined();
  });
});
