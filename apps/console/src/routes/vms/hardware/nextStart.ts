import { useQuery } from "@tanstack/react-query";
import type { Vm } from "@polyvisor/model";
import { stateTable } from "@polyvisor/model/tables";
import { api } from "../../../session/session.ts";

/** What a VM will have when it is started the next time. */
export interface NextStart {
  memory: { current: number; max: number };
  vcpus: { current: number; max: number };
  disks: { target: string; device: string; source: string | undefined }[];
  nics: { mac: string; source: string | undefined }[];
}

/** Units of libvirt's domain XML, in bytes; KiB where nothing is said (formatdomain, "Memory Allocation"). */
const units: Record<string, number> = {
  b: 1,
  bytes: 1,
  KB: 1e3,
  k: 1024,
  KiB: 1024,
  MB: 1e6,
  M: 1024 ** 2,
  MiB: 1024 ** 2,
  GB: 1e9,
  G: 1024 ** 3,
  GiB: 1024 ** 3,
  TB: 1e12,
  T: 1024 ** 4,
  TiB: 1024 ** 4,
};

/** Reads a definition in libvirt's form; undefined where it is in another. */
export function nextStartOf(xml: string): NextStart | undefined {
  const root = new DOMParser().parseFromString(xml, "application/xml").documentElement;
  if (root.nodeName !== "domain") return undefined;
  const child = (parent: Element | undefined, name: string): Element | undefined => [...(parent?.children ?? [])].find(({ nodeName }) => nodeName === name);
  const size = (element: Element | undefined): number | undefined => {
    const unit = units[element?.getAttribute("unit") ?? "KiB"];
    const number = Number(element?.textContent);
    return element === undefined || unit === undefined || !Number.isFinite(number) ? undefined : number * unit;
  };
  const max = size(child(root, "memory"));
  const vcpu = child(root, "vcpu");
  const vcpus = Number(vcpu?.textContent ?? Number.NaN);
  if (max === undefined || !Number.isInteger(vcpus)) return undefined;
  const devices = [...(child(root, "devices")?.children ?? [])];
  const sourceOf = (element: Element): string | undefined => {
    const source = child(element, "source");
    if (source === undefined) return undefined;
    const pool = source.getAttribute("pool");
    const volume = source.getAttribute("volume");
    if (pool !== null && volume !== null) return `${pool}/${volume}`;
    return ["file", "dev", "dir", "name", "network", "bridge"].map((name) => source.getAttribute(name)).find((value) => value !== null) ?? undefined;
  };
  return {
    memory: { current: size(child(root, "currentMemory")) ?? max, max },
    vcpus: { current: Number(vcpu?.getAttribute("current") ?? vcpus), max: vcpus },
    disks: devices
      .filter(({ nodeName }) => nodeName === "disk")
      .map((disk) => ({ target: child(disk, "target")?.getAttribute("dev") ?? "", device: disk.getAttribute("device") ?? "disk", source: sourceOf(disk) })),
    nics: devices
      .filter(({ nodeName }) => nodeName === "interface")
      .map((nic) => ({ mac: child(nic, "mac")?.getAttribute("address") ?? "", source: sourceOf(nic) })),
  };
}

/** What a running VM will have at its next start, where that is something else than now. */
export function useNextStart(vm: Vm): NextStart | undefined {
  const { data } = useQuery({
    queryKey: ["nextStart", vm.id, vm.revision],
    queryFn: async ({ signal }) =>
      nextStartOf(await (await api.raw("vmDefinition", { params: { id: vm.id }, query: { which: "nextStart" }, signal })).text()) ?? null,
    enabled: stateTable[vm.state].active && vm.persistent && vm.pending.length > 0,
    gcTime: 0,
    placeholderData: (before) => before,
  });
  return vm.pending.length > 0 ? (data ?? undefined) : undefined;
}
