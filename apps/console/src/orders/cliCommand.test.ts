import { expect, it } from "vitest";
import { cliCommand, shellWord, sizeWord } from "./cliCommand.ts";

it("writes what a shell reads as one word", () => {
  expect(shellWord("web-1.example")).toBe("web-1.example");
  expect(shellWord("it's $(reboot) \u202e")).toBe("'it'\\''s $(reboot) \u202e'");
  expect(shellWord("")).toBe("''");
});

it("writes sizes exactly", () => {
  expect([512, 1024, 3 * 1024 ** 2, 10 * 1024 ** 3, 2 * 1024 ** 4, 0].map(sizeWord)).toEqual(["512B", "1K", "3M", "10G", "2T", "0B"]);
});

it.each([
  [{ do: "vm.shutdown", vms: ["vm-1", "vm-2"] }, "polyvisor shutdown vm-1 vm-2"],
  [{ do: "vm.start", select: "tag = web and state = off" }, "polyvisor start 'tag = web and state = off'"],
  [{ do: "vm.delete", vms: ["vm-1"], disks: "delete", force: true }, "polyvisor delete vm-1 --disks --force"],
  [
    { do: "vm.setMemory", vms: ["vm-1"], max: 4 * 1024 ** 3, current: 2 * 1024 ** 3, apply: "nextStart" },
    "polyvisor set vm-1 max-memory=4G memory=2G --next-start",
  ],
  [{ do: "vm.setVcpus", vms: ["vm-1"], current: 2, apply: "both" }, "polyvisor set vm-1 vcpus=2"],
  [{ do: "vm.migrate", vms: ["vm-1"], to: "h-1", copyStorage: true }, "polyvisor migrate vm-1 h-1 --copy-storage"],
  [
    { do: "vm.snapshot", vms: ["vm-1", "vm-2"], name: "before it", memory: false },
    "polyvisor snapshot create vm-1 'before it' --no-memory\npolyvisor snapshot create vm-2 'before it' --no-memory",
  ],
  [{ do: "vm.revert", vms: ["vm-1"], snapshot: "a", running: false }, "polyvisor snapshot revert vm-1 a --stopped"],
  [{ do: "vm.clone", vm: "vm-1", name: "b", start: true, folder: "/x" }, "polyvisor clone vm-1 b --start --folder /x"],
  [{ do: "vm.attachDisk", vms: ["vm-1"], disk: { size: 1024 ** 3, bus: "scsi" }, apply: "now" }, "polyvisor disk attach vm-1 size=1G,bus=scsi --now"],
  [{ do: "vm.changeMedia", vms: ["vm-1"], target: "sda", source: "iso/a b.iso", apply: "both" }, "polyvisor media insert vm-1 sda 'iso/a b.iso'"],
  [
    { do: "vm.attachNic", vms: ["vm-1"], nic: { kind: "bridge", source: "br0", model: "virtio" }, apply: "both" },
    "polyvisor nic attach vm-1 bridge=br0,model=virtio",
  ],
  [{ do: "vm.sendKeys", vms: ["vm-1"], keys: ["ctrl", "alt", "delete"] }, "polyvisor send-keys vm-1 ctrl alt delete"],
  [
    {
      do: "vm.create",
      template: "micro",
      host: "h1",
      start: false,
      spec: { name: "web 1", memory: 512 * 1024 ** 2, nics: [], disks: [{ size: 10 * 1024 ** 3 }] },
    },
    "polyvisor create 'web 1' --template micro --host h1 --memory 512M --disk size=10G --nic none --no-start",
  ],
])("says %j as a command", (request, command) => {
  expect(cliCommand(request as never)).toBe(command);
});

it("has no command for what the command line cannot say", () => {
  expect(cliCommand({ do: "vm.attachDisk", vms: ["vm-1"], disk: { source: "/srv/a,b.raw" }, apply: "both" } as never)).toBeUndefined();
  expect(cliCommand({ do: "network.start", network: "net-1" } as never)).toBeUndefined();
});

it("names objects as it is told", () => {
  expect(cliCommand({ do: "vm.pause", vms: ["vm-1"] } as never, (ref) => `host/${ref}`)).toBe("polyvisor pause host/vm-1");
});
