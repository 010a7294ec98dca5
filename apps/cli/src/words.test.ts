import { diskSpecSchema, nicSpecSchema } from "@polyvisor/model";
import { describe, expect, it } from "vitest";
import { settingRequests } from "./commands/hardware.ts";
import { keysOf } from "./commands/screen.ts";
import { specOf } from "./commands/create.ts";
import { tagWords } from "./commands/tags.ts";
import { parseDisk } from "./diskWords.ts";
import { parseNic } from "./nicWords.ts";
import { selectorOf, targetsOf } from "./targets.ts";

describe("targets", () => {
  it("takes names as references", () => expect(targetsOf(["web1", "h1/db", "web1"])).toEqual({ vms: ["web1", "h1/db"] }));
  it.each([
    [["state = off and memory > 4GiB"], "state = off and memory > 4GiB"],
    [["state", "=", "off"], "state = off"],
    [["memory>4GiB", "tag=web"], "memory>4GiB tag=web"],
    [["tag=web", "or", "tag=db"], "tag=web or tag=db"],
    [["tag in (web, db)"], "tag in (web, db)"],
    [["os is empty"], "os is empty"],
    [["host.pool=a"], "host.pool=a"],
    [["a vm", "tag=x"], 'name="a vm" tag=x'],
    [["a (copy)", "web-*"], 'name="a (copy)",web-*'],
  ])("%j is the filter %s", (words, select) => expect(targetsOf(words)).toEqual({ select }));
  it("takes a name with a blank or brackets as a reference, and joins --filter", () => {
    expect(targetsOf(["a vm", "b (copy)"])).toEqual({ vms: ["a vm", "b (copy)"] });
    expect(selectorOf(["tag=web"], "state = off or memory > 1GiB")).toBe("(tag=web) and (state = off or memory > 1GiB)");
    expect(selectorOf([], "state = off")).toBe("state = off");
  });
  it("makes one selector of terms, stars and names", () => {
    expect(targetsOf(["tag=web", "state!=off"])).toEqual({ select: "tag=web state!=off" });
    expect(targetsOf(["web-*"])).toEqual({ select: "name=web-*" });
    expect(targetsOf(["web1", "web2", "state=off"])).toEqual({ select: "name=web1,web2 state=off" });
  });
  it("refuses what cannot be said so", () => {
    expect(() => targetsOf([])).toThrow("No VM is named");
    expect(() => targetsOf(["a!b", "tag=x"])).toThrow("neither a name nor FIELD=VALUE");
    expect(() => selectorOf(["=x"])).toThrow("neither a name nor FIELD=VALUE");
  });
});

describe("disks", () => {
  it.each([
    ["size=10G", { size: 10 * 1024 ** 3 }],
    ["10G,format=raw,bus=scsi", { size: 10 * 1024 ** 3, format: "raw", bus: "scsi" }],
    ["/srv/a.qcow2,ro", { source: "/srv/a.qcow2", readOnly: true, format: "qcow2" }],
    ["default/a.img,target=vdb", { source: "default/a.img", target: "vdb", format: "raw" }],
    ["/srv/a.raw,raw,xvdb,rw", { source: "/srv/a.raw", format: "raw", target: "xvdb", readOnly: false }],
    ["phy:/dev/sdb,xvdc,r", { source: "/dev/sdb", target: "xvdc", readOnly: true, format: "raw" }],
    ["file:/srv/cd.iso,hdc:cdrom,r", { source: "/srv/cd.iso", target: "hdc", device: "cdrom", readOnly: true, format: "raw" }],
    ["format=qcow2,vdev=xvda,access=rw,target=/srv/x", { format: "qcow2", target: "xvda", readOnly: false, source: "/srv/x" }],
    ["cdrom,bus=sata", { device: "cdrom", bus: "sata", readOnly: true }],
    ["size=1G,pool=fast,name=data", { size: 1024 ** 3, datastore: "fast", volume: "data" }],
  ])("reads %s", (text, wanted) => {
    expect(parseDisk(text)).toEqual(wanted);
    expect(diskSpecSchema.safeParse(parseDisk(text)).success).toBe(true);
  });
  it.each(["", "bus=scsi", "size=ten", "size=1G,/srv/x", "size=1G,colour=red", "size=1G,format=exe", "hello", "size=1G,target=disk1"])(
    "refuses %j and says how",
    (text) => expect(() => parseDisk(text)).toThrow(/names neither|not a size|names both|known|KEY=VALUE|called like/),
  );
});

describe("NICs", () => {
  it.each([
    ["network=default,model=virtio", { kind: "network", source: "default", model: "virtio" }],
    ["default", { kind: "network", source: "default" }],
    ["bridge=br0,mac=52:54:00:AB:CD:EF", { kind: "bridge", source: "br0", mac: "52:54:00:ab:cd:ef" }],
    ["user", { kind: "user" }],
  ])("reads %s", (text, wanted) => {
    expect(parseNic(text)).toEqual(wanted);
    expect(nicSpecSchema.safeParse(parseNic(text)).success).toBe(true);
  });
  it.each(["mac=1:2", "model=ne2k", "speed=9", "network="])("refuses %s", (text) => expect(() => parseNic(text)).toThrow(/MAC|known|empty/));
});

describe("settings, keys, tags, specifications", () => {
  it("makes a request of each kind of setting", () => {
    expect(settingRequests(["web1", "memory=2G", "vcpus=4", "max-vcpus=8", "title=a=b"], "both")).toEqual({
      vms: ["web1"],
      requests: [
        { do: "vm.setMemory", current: 2 * 1024 ** 3, apply: "both" },
        { do: "vm.setVcpus", max: 8, current: 4, apply: "both" },
        { do: "vm.describe", title: "a=b" },
      ],
    });
    expect(settingRequests(["tag=web", "mem=512"], "now").requests).toEqual([{ do: "vm.setMemory", current: 512 * 1024 ** 2, apply: "now" }]);
    expect(() => settingRequests(["web1"], "both")).toThrow("Nothing is to be set");
    expect(() => settingRequests(["web1", "autostart=maybe"], "both")).toThrow("on or off");
  });
  it("reads keys in every spelling", () => {
    expect(keysOf(["Ctrl+Alt+Del"])).toEqual(["ctrl", "alt", "delete"]);
    expect(keysOf(["ctrl-c", "KEY_F2", "-"])).toEqual(["ctrl", "c", "f2", "-"]);
  });
  it("tells tags from VMs", () => {
    expect(tagWords(["web1", "+web", "-old", "--"])).toEqual({ vms: ["web1"], add: ["web"], remove: ["old"] });
    expect(() => tagWords(["web1"])).toThrow("No tag");
  });
  it("keeps a specification to what was said", () => {
    expect(specOf("a", {})).toEqual({ name: "a" });
    expect(specOf("a", { nic: ["none"] })).toEqual({ name: "a", nics: [] });
    expect(() => specOf("a", { nic: ["none", "user"] })).toThrow(/stands alone/);
    expect(specOf("a", { memory: "512", vcpus: "2", disk: ["size=1G"], kernel: "/k" })).toEqual({
      name: "a",
      memory: 512 * 1024 ** 2,
      vcpus: 2,
      disks: [{ size: 1024 ** 3 }],
      boot: { kernel: "/k" },
    });
    expect(() => specOf("a", { vcpus: "two" })).toThrow("--vcpus takes a whole number");
    expect(() => specOf("a", { firmware: "uefi" })).toThrow("bios or efi");
    expect(() => specOf("a", { initramfs: "/i" })).toThrow("--kernel");
  });
});
