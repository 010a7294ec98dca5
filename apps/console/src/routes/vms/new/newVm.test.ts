import { requestSchema } from "@polyvisor/api";
import { expect, it } from "vitest";
import { faultsOf, firstNewVm, requestOf, type NewVm } from "./newVm.ts";

const vm = (change: Partial<NewVm>): NewVm => ({ ...firstNewVm, name: "web1", ...change });

it.each<[string, Partial<NewVm>, object]>([
  ["a template", { template: "micro", memory: "512" }, { template: "micro", spec: { name: "web1", memory: 512 * 1024 ** 2 } }],
  [
    "a medium",
    { source: "iso", iso: "iso/debian.iso", host: "h1", network: "bridge:br0", vcpus: "2" },
    {
      host: "h1",
      spec: {
        vcpus: 2,
        disks: [{ size: 20 * 1024 ** 3 }, { device: "cdrom", bus: "sata", format: "raw", source: "iso/debian.iso", readOnly: true }],
        nics: [{ kind: "bridge", source: "br0" }],
        bootOrder: ["disk", "cdrom"],
      },
    },
  ],
  ["the network", { source: "network", network: "none", start: false }, { start: false, spec: { nics: [], bootOrder: ["disk", "network"] } }],
  [
    "a disk",
    { source: "disk", disk: "/srv/a.vmdk", network: "user:" },
    { spec: { disks: [{ source: "/srv/a.vmdk", format: "vmdk" }], nics: [{ kind: "user" }] } },
  ],
])("asks for a VM of %s in words that the server knows", (_, change, expected) => {
  const request = requestOf(vm(change));
  expect(request).toMatchObject(expected);
  expect(requestSchema.safeParse(request).success).toBe(true);
});

it.each<[keyof NewVm, Partial<NewVm>]>([
  ["name", { template: "micro", name: "a/b" }],
  ["template", {}],
  ["iso", { source: "iso", iso: " " }],
  ["disk", { source: "disk" }],
  ["memory", { template: "micro", memory: "1K" }],
  ["memory", { template: "micro", memory: "much" }],
  ["vcpus", { template: "micro", vcpus: "0" }],
  ["diskSize", { source: "network", diskSize: "x" }],
  ["network", { template: "micro", network: "bridge:" }],
])("names %s as what is wrong", (field, change) => {
  expect(Object.keys(faultsOf(vm(change)))).toEqual([field]);
  expect(requestOf(vm(change))).toBeUndefined();
});
