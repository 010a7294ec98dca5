import type { Host, Vm } from "@polyvisor/model";
import type { Context, Run } from "../command.ts";
import { isApiError, usageFailure } from "../failure.ts";
import { listAll } from "../listing.ts";
import { escapeText } from "../output/escape.ts";
import type { Paint } from "../output/paint.ts";
import { agoText, bytesText, timeText } from "../output/quantity.ts";
import { factLines } from "../output/table.ts";
import { pastTime } from "../pastTime.ts";
import { show } from "../show.ts";

const yesNo = (value: boolean): string => (value ? "yes" : "no");
const joined = (...parts: (string | undefined | false)[]): string => parts.filter(Boolean).join(", ");

/** Numbers in short: `0-31,64`. */
export function rangesText(numbers: readonly number[]): string {
  const out: string[] = [];
  for (let i = 0; i < numbers.length; i++) {
    const from = numbers[i]!;
    while (numbers[i + 1] === numbers[i]! + 1) i++;
    out.push(numbers[i] === from ? String(from) : `${from}-${numbers[i]}`);
  }
  return out.join(",");
}

/** Every fact of a VM, each with its unit. */
export function vmFacts(vm: Vm, host: string, fresh: boolean, now: number): [string, string | undefined][] {
  return [
    ["Name", vm.name],
    ["Title", vm.title],
    ["Description", vm.description],
    ["Id", vm.id],
    ["Native id", vm.nativeId],
    ["Host", host],
    ["State", `${vm.state} (${vm.reason})${fresh ? "" : ", as last seen: the host does not answer"}`],
    ["Since", `${timeText(vm.stateSince) ?? "not known"} (${agoText(vm.stateSince, now)})`],
    ["Type", joined(vm.virtType, `acceleration ${vm.acceleration}`, vm.arch, vm.machine, `firmware ${vm.firmware}`)],
    ["Guest system", vm.os],
    ["vCPUs", `${vm.vcpus.current} of at most ${vm.vcpus.max}`],
    ["Memory", `${bytesText(vm.memory.current)} of at most ${bytesText(vm.memory.max)}`],
    ["Persistent", yesNo(vm.persistent)],
    ["Autostart", yesNo(vm.autostart)],
    ["Differs at next start", vm.pending.join(", ")],
    ...vm.disks.map((disk): [string, string] => [
      `Disk ${disk.target}`,
      joined(
        disk.source ?? "empty",
        disk.device !== "disk" && disk.device,
        `bus ${disk.bus}`,
        disk.format,
        disk.capacity !== undefined && `capacity ${bytesText(disk.capacity)}`,
        disk.allocation !== undefined && `allocated ${bytesText(disk.allocation)}`,
        disk.readOnly && "read-only",
        disk.shareable && "shareable",
        disk.bootOrder !== undefined && `boot ${disk.bootOrder}`,
      ),
    ]),
    ...vm.nics.map((nic): [string, string] => [
      `NIC ${nic.mac}`,
      joined(
        `${nic.kind}${nic.source ? ` ${nic.source}` : ""}`,
        nic.model,
        nic.hostInterface,
        `link ${nic.linkUp ? "up" : "down"}`,
        nic.addresses.length > 0 && `addresses ${nic.addresses.join(" ")}`,
        nic.bootOrder !== undefined && `boot ${nic.bootOrder}`,
      ),
    ]),
    ["Consoles", vm.consoles.map((each) => `${each.kind} ${each.alias}`).join(", ")],
    ["Snapshots", vm.snapshots.map((each) => `${each.name}${each.current ? " (current)" : ""}`).join(", ")],
    ["Tags", vm.tags.join(", ")],
    ["Notes", vm.notes],
    ["Revision", String(vm.revision)],
  ];
}

/** Every fact of a host, each with its unit. */
export function hostFacts(host: Host, now: number): [string, string | undefined][] {
  const { facts, connection } = host;
  const unsupported = Object.entries(host.features).filter(([, feature]) => !feature.supported);
  return [
    ["Name", host.name],
    ["Id", host.id],
    ["URI", host.uri],
    ["Connection", `${connection.state} since ${timeText(connection.since) ?? "?"} (${agoText(connection.since, now)})`],
    ["Last seen", connection.lastSeen && `${timeText(connection.lastSeen)} (${agoText(connection.lastSeen, now)} ago)`],
    ["Failure", connection.failure?.detail],
    ["What to do", connection.failure?.remedy],
    ["Next attempt", timeText(connection.nextAttempt)],
    ...(facts
      ? ([
          ["Host name", facts.hostname],
          ["Machine id", facts.machineId],
          ["Hypervisor", `${facts.hypervisor.type} ${facts.hypervisor.version}${facts.hypervisor.library ? ` (${facts.hypervisor.library})` : ""}`],
          ["Processor", joined(facts.cpu.model, facts.cpu.vendor, facts.cpu.arch, facts.cpu.mhz > 0 && `${facts.cpu.mhz} MHz`)],
          ["Processors", `${facts.cpu.total} (${facts.cpu.sockets} sockets x ${facts.cpu.coresPerSocket} cores x ${facts.cpu.threadsPerCore} threads)`],
          ["Memory", bytesText(facts.memory)],
          ...facts.numa.map((cell): [string, string] => [`NUMA cell ${cell.cell}`, `${bytesText(cell.memory)}, processors ${rangesText(cell.cpus)}`]),
          ["Acceleration", `${facts.acceleration.usable}: ${facts.acceleration.evidence}`],
          ["Devices", facts.devices.length > 0 ? `${facts.devices.length} (-o json lists them)` : undefined],
        ] as [string, string | undefined][])
      : []),
    ["Tags", host.tags.join(", ")],
    [
      "Can do",
      Object.entries(host.features)
        .filter(([, feature]) => feature.supported)
        .map(([name]) => name)
        .join(" "),
    ],
    ...unsupported.map(([name, feature]): [string, string] => [`Cannot ${name}`, feature.supported ? "" : feature.reason]),
  ];
}

async function site(context: Context): Promise<void> {
  const client = await context.client();
  const [about, hosts, page] = await Promise.all([
    client.call("infoGet"),
    listAll(client, "hostList"),
    client.call("vmList", { query: { limit: 1, counts: true, fields: "id,name" } }),
  ]);
  const server = await context.server();
  const sum = (of: (facts: NonNullable<Host["facts"]>) => number): number => hosts.reduce((total, host) => total + (host.facts ? of(host.facts) : 0), 0);
  const counts = Object.entries(page.counts ?? {}).filter(([, n]) => n > 0);
  const now = context.io.now();
  const value = {
    server: { ...about, url: server.url },
    hosts: hosts.length,
    vms: page.total,
    counts: page.counts ?? {},
    processors: sum((facts) => facts.cpu.total),
    memory: sum((facts) => facts.memory),
  };
  await show(context, value, () => [
    ...factLines(
      [
        ["Server", `${about.name} ${about.version} at ${server.url} (found by ${server.found})`],
        ["Hosts", String(hosts.length)],
        ["VMs", `${page.total}${counts.length > 0 ? ` (${counts.map(([state, n]) => `${n} ${state}`).join(", ")})` : ""}`],
        ["Processors", `${value.processors}`],
        ["Memory", bytesText(value.memory)],
      ],
      context.paint,
    ),
    ...(hosts.length === 1
      ? ["", ...factLines(hostFacts(hosts[0]!, now), context.paint)]
      : hosts.map((host) => `  ${escapeText(host.name)}: ${host.connection.state}, ${escapeText(host.uri)}`)),
  ]);
}

/** Shows a host's facts. */
export async function showHost(context: Context, host: Host): Promise<void> {
  await show(context, host, () => factLines(hostFacts(host, context.io.now()), context.paint as Paint));
}

/** `info`: of a VM, of a host, or of the site. A VM's name goes first where both are called so. */
export const info: Run = async (context) => {
  const name = context.words[0];
  if (name === undefined) {
    if (context.options["at"] !== undefined) throw usageFailure("info --at needs the name of a VM or a host.");
    return site(context);
  }
  const client = await context.client();
  const at = typeof context.options["at"] === "string" ? pastTime(context.options["at"], "--at", context.io.now()) : undefined;
  const query = { at };
  const vm = name.startsWith("h-")
    ? undefined
    : await client.call("vmGet", { params: { id: name }, query }).catch((error: unknown) => {
        if (isApiError(error) && error.problem.code === "notFound") return error;
        throw error;
      });
  if (vm === undefined || vm instanceof Error) {
    const host = await client.call("hostGet", { params: { id: name }, query }).catch((error: unknown) => {
      throw vm instanceof Error && isApiError(error) && error.problem.code === "notFound" ? vm : error;
    });
    return showHost(context, host);
  }
  const host = await client.call("hostGet", { params: { id: vm.hostId }, query });
  await show(context, vm, () => factLines(vmFacts(vm, host.name, host.connection.state === "connected", context.io.now()), context.paint));
};
