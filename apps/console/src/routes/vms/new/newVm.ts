import type { RequestInput } from "@polyvisor/api/client";
import { parseBytes } from "@polyvisor/model/tables";
import { nameFault } from "../../../orders/nameFault.ts";
import type { TextKey } from "../../../texts/texts.ts";
import { formatOfName } from "../formatOfName.ts";

/** What a new VM is made of. */
export type Source = "template" | "iso" | "network" | "disk";

/** What stands in the wizard, as it was typed. */
export interface NewVm {
  source: Source;
  template: string;
  /** Medium to install from: `datastore/volume` or a path on the host. */
  iso: string;
  /** Existing disk, written the same way. */
  disk: string;
  name: string;
  title: string;
  memory: string;
  vcpus: string;
  diskSize: string;
  firmware: "bios" | "efi";
  graphics: "vnc" | "none";
  /** Id of a host, or nothing: then the plan chooses. */
  host: string;
  datastore: string;
  /** Nothing is the plan's choice, `none` no NIC; else `network:NAME`, `bridge:NAME` or `user:`. */
  network: string;
  folder: string;
  start: boolean;
  autostart: boolean;
}

export const firstNewVm: NewVm = {
  source: "template",
  template: "",
  iso: "",
  disk: "",
  name: "",
  title: "",
  memory: "",
  vcpus: "",
  diskSize: "20G",
  firmware: "bios",
  graphics: "vnc",
  host: "",
  datastore: "",
  network: "",
  folder: "",
  start: true,
  autostart: false,
};

export const steps = ["source", "hardware", "place", "review"] as const;
export type Step = (typeof steps)[number];

/** What is wrong with what was typed, by the field; the step where it stands is the first of its row. */
export function faultsOf(vm: NewVm): Partial<Record<keyof NewVm, { step: Step; text: TextKey }>> {
  const faults: Partial<Record<keyof NewVm, { step: Step; text: TextKey }>> = {};
  const say = (field: keyof NewVm, step: Step, text: TextKey | undefined): void => {
    if (text !== undefined) faults[field] = { step, text };
  };
  say("name", "source", nameFault(vm.name));
  if (vm.source === "template") say("template", "source", vm.template === "" ? "orders.create.needTemplate" : undefined);
  if (vm.source === "iso") say("iso", "source", vm.iso.trim() === "" ? "orders.create.needIso" : undefined);
  if (vm.source === "disk") say("disk", "source", vm.disk.trim() === "" ? "orders.create.needDisk" : undefined);
  const memory = vm.memory === "" ? undefined : (parseBytes(vm.memory, "M") ?? 0);
  say("memory", "hardware", memory !== undefined && memory < 4 * 1024 ** 2 ? "orders.create.badMemory" : undefined);
  say(
    "vcpus",
    "hardware",
    vm.vcpus !== "" && !(/^\d{1,4}$/.test(vm.vcpus) && Number(vm.vcpus) >= 1 && Number(vm.vcpus) <= 4096) ? "orders.create.badVcpus" : undefined,
  );
  if (vm.source === "iso" || vm.source === "network")
    say("diskSize", "hardware", (parseBytes(vm.diskSize, "M") ?? 0) < 512 ? "orders.create.badSize" : undefined);
  if (/^(network|bridge):$/.test(vm.network)) say("network", "place", "orders.create.needNetwork");
  return faults;
}

function disksOf(vm: NewVm): object[] | undefined {
  const fresh = { size: parseBytes(vm.diskSize, "M"), ...(vm.datastore === "" ? {} : { datastore: vm.datastore }) };
  switch (vm.source) {
    case "template":
      return undefined;
    case "iso":
      return [fresh, { device: "cdrom", bus: "sata", format: "raw", source: vm.iso.trim(), readOnly: true }];
    case "network":
      return [fresh];
    case "disk":
      return [{ source: vm.disk.trim(), format: formatOfName(vm.disk.trim()) }];
  }
}

function nicsOf({ network }: NewVm): object[] | undefined {
  if (network === "") return undefined;
  if (network === "none") return [];
  const [, kind, source] = /^(\w+):(.*)$/s.exec(network)!;
  return [{ kind, ...(source === "" ? {} : { source }) }];
}

/** Where a new VM boots from. A disk that is still empty lets the next device have its turn, also after the installation. */
const bootOrders: Record<Source, string[] | undefined> = { template: undefined, iso: ["disk", "cdrom"], network: ["disk", "network"], disk: undefined };

/** What is asked of the server; undefined while something is missing. What was left empty is the plan's choice. */
export function requestOf(vm: NewVm): RequestInput | undefined {
  if (Object.keys(faultsOf(vm)).length > 0) return undefined;
  const own = vm.source !== "template";
  const spec = {
    name: vm.name,
    title: vm.title === "" ? undefined : vm.title,
    memory: vm.memory === "" ? undefined : parseBytes(vm.memory, "M"),
    vcpus: vm.vcpus === "" ? undefined : Number(vm.vcpus),
    firmware: own ? vm.firmware : undefined,
    graphics: own ? vm.graphics : undefined,
    disks: disksOf(vm),
    nics: nicsOf(vm),
    bootOrder: bootOrders[vm.source],
    autostart: vm.autostart ? true : undefined,
  };
  const request = {
    do: "vm.create",
    template: own ? undefined : vm.template,
    host: vm.host === "" ? undefined : vm.host,
    folder: vm.folder === "" ? undefined : vm.folder,
    start: vm.start,
    spec,
  };
  return JSON.parse(JSON.stringify(request)) as RequestInput;
}
