import type { Client } from "@polyvisor/api/client";
import type { Host, Vm } from "@polyvisor/model";
import type { Context, Run } from "../command.ts";
import { listAll, showList } from "../listing.ts";
import { colourOfState } from "../output/paint.ts";
import { agoText, bytesText } from "../output/quantity.ts";
import type { Column } from "../output/table.ts";
import { pastTime } from "../pastTime.ts";
import { selectorOf } from "../targets.ts";

const tableFields = "id,hostId,revision,name,state,reason,stateSince,vcpus,memory,tags";
const wideFields = `${tableFields},virtType,acceleration,os,nics,pending,autostart`;
export type HostIndex = ReadonlyMap<string, Pick<Host, "id" | "name" | "connection">>;

/** What `list` shows of a VM. A state with `?` is as last seen: the host does not answer. */
export function vmColumns(hosts: HostIndex, now: () => number): { columns: Column<Vm>[]; wide: Column<Vm>[] } {
  const fresh = (vm: Vm): boolean => hosts.get(vm.hostId)?.connection.state === "connected";
  return {
    columns: [
      { title: "NAME", text: (vm) => vm.name, whole: true },
      { title: "HOST", text: (vm) => hosts.get(vm.hostId)?.name ?? vm.hostId },
      { title: "STATE", text: (vm) => `${vm.state}${fresh(vm) ? "" : "?"}`, colour: (vm) => (fresh(vm) ? colourOfState(vm.state) : "grey"), whole: true },
      { title: "SINCE", text: (vm) => agoText(vm.stateSince, now()), figures: true, expendable: 2 },
      { title: "VCPUS", text: (vm) => String(vm.vcpus.current), figures: true },
      { title: "MEMORY", text: (vm) => bytesText(vm.memory.current), figures: true },
      { title: "TAGS", text: (vm) => vm.tags.join(","), expendable: 1 },
    ],
    wide: [
      { title: "ID", text: (vm) => vm.id, whole: true },
      { title: "TYPE", text: (vm) => (vm.acceleration === "none" || vm.acceleration === "container" ? vm.virtType : `${vm.virtType}/${vm.acceleration}`) },
      { title: "REASON", text: (vm) => vm.reason },
      { title: "OS", text: (vm) => vm.os },
      { title: "ADDRESSES", text: (vm) => vm.nics.flatMap((nic) => nic.addresses).join(",") },
      { title: "AUTOSTART", text: (vm) => (vm.autostart ? "yes" : "no") },
      { title: "PENDING", text: (vm) => vm.pending.join(",") },
    ],
  };
}

const sortFields: Record<string, string> = { name: "name", state: "state", host: "host", memory: "memory", vcpus: "vcpus" };

/** `list`: the VMs that the words select. */
export const list: Run = async (context) => {
  const long = context.options["long"] === true && context.output === "table";
  const view: Context = long ? { ...context, output: "wide" } : context;
  const filter = selectorOf(context.words, context.options["filter"]);
  const wanted = typeof context.options["sort"] === "string" ? context.options["sort"] : "name";
  const sort = sortFields[wanted.replace(/^-/, "")] ? wanted : "name";
  if (context.options["watch"]) return (await import("./watch.ts")).watch(view, filter, sort);
  const client = await context.client();
  const tabular = view.output === "table" || view.output === "wide";
  const fields = view.output === "wide" ? wideFields : view.output === "table" ? tableFields : view.output === "name" ? "id,hostId,name" : undefined;
  const at = typeof context.options["at"] === "string" ? pastTime(context.options["at"], "--at", context.io.now()) : undefined;
  const [vms, hosts] = await Promise.all([
    listAll(client, "vmList", at === undefined ? { filter, fields, sort } : { filter, at }),
    tabular ? listAll(client, "hostList", { fields: "id,name,connection", at }) : [],
  ]);
  if (at !== undefined) sortPast(vms, wanted);
  const nameOf = view.output === "name" ? await references(client, vms) : (vm: Vm) => vm.name;
  const { columns, wide } = vmColumns(new Map(hosts.map((host) => [host.id, host])), at === undefined ? context.io.now : () => Date.parse(at));
  await showList(view, vms, columns, {
    wide,
    name: nameOf,
    empty:
      at !== undefined
        ? "There was no VM then that fits."
        : filter
          ? "No VM fits."
          : hosts.length === 0
            ? "There is no host yet. Add one: polyvisor host add --local"
            : "There is no VM yet. Make one: polyvisor create hello --template micro",
  });
  if (tabular) for (const line of staleness(vms, hosts, at === undefined ? context.io.now() : Date.parse(at))) context.note(line);
};

/** The server gives the past in the order of the ids. */
function sortPast(vms: Vm[], wanted: string): void {
  const key = (vm: Vm): string | number =>
    ({ state: vm.state, host: vm.hostId, memory: vm.memory.current, vcpus: vm.vcpus.current })[wanted.replace(/^-/, "")] ?? vm.name;
  const sign = wanted.startsWith("-") ? -1 : 1;
  vms.sort((a, b) => sign * (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0));
}

/** What names a VM for other commands: its name, or HOST/NAME where several are called so. */
async function references(client: Client, vms: readonly Vm[]): Promise<(vm: Vm) => string> {
  const counts = new Map<string, number>();
  for (const { name } of vms) counts.set(name, (counts.get(name) ?? 0) + 1);
  if (counts.size === vms.length) return (vm) => vm.name;
  const hosts = new Map((await listAll(client, "hostList", { fields: "id,name" })).map((host) => [host.id, host.name]));
  return (vm) => (counts.get(vm.name) === 1 ? vm.name : `${hosts.get(vm.hostId) ?? vm.hostId}/${vm.name}`);
}

/** One line for each host that does not answer and has VMs in the list. */
export function staleness(vms: readonly Vm[], hosts: Iterable<Pick<Host, "id" | "name" | "connection">>, now: number): string[] {
  const used = new Set(vms.map((vm) => vm.hostId));
  return [...hosts]
    .filter((host) => used.has(host.id) && host.connection.state !== "connected")
    .map(
      (host) =>
        `? ${host.name} is ${host.connection.state}: its VMs are as last seen ${host.connection.lastSeen ? `${agoText(host.connection.lastSeen, now)} ago` : "before this server knew it"}.`,
    );
}
