import type { Host, Vm } from "@polyvisor/model";
import type { Context } from "../command.ts";
import { exitCodes } from "../exitCode.ts";
import { usageFailure } from "../failure.ts";
import { pause, tableWidth } from "../io.ts";
import { listAll } from "../listing.ts";
import { escapeText } from "../output/escape.ts";
import { screenOn } from "../output/screen.ts";
import { jsonLine } from "../output/structured.ts";
import { tableLines } from "../output/table.ts";
import { staleness, vmColumns } from "./list.ts";

/** Past so many changed VMs the whole list is read anew; a filter of more ids would be too long. */
const mostIds = 150;
/** Milliseconds in which changes are gathered before the list is asked about them. */
const gatherMs = 120;

/**
 * `list --watch`: the list, live. The event stream says which VMs changed; the server is asked again about
 * just those, so that what is selected is decided in one place. On a pipe each change is a line.
 */
export async function watch(context: Context, filter: string | undefined, sort: string): Promise<number> {
  const { io, paint, output } = context;
  if (output === "yaml") throw usageFailure("--watch prints a table, names or -o json lines.");
  const client = await context.client();
  const stop = new AbortController();
  const release = io.onInterrupt(() => stop.abort());
  const vms = new Map<string, Vm>();
  const hosts = new Map<string, Host>();
  const changed = new Set<string>();
  let everything = true;
  let connection = "connecting";
  let wake = (): void => undefined;
  const ring = (): void => wake();
  const drawing = io.stdout.isTTY === true && (output === "table" || output === "wide");
  const screen = drawing ? screenOn(io.stdout, false) : undefined;

  const follow = async (): Promise<void> => {
    for await (const event of client.events({
      signal: stop.signal,
      kinds: "vm,host",
      onConnection: (state) => {
        connection = state;
        everything ||= state === "open";
        ring();
      },
    })) {
      if (event.type === "reset" || event.kind === "host") everything ||= event.type !== "changed" || event.fields.some((field) => field !== "facts");
      if (event.kind === "vm") changed.add(event.objectId);
      ring();
    }
  };
  const update = async (): Promise<string[]> => {
    const ids = [...changed];
    changed.clear();
    if (everything || ids.length > mostIds) {
      everything = false;
      const [freshVms, freshHosts] = await Promise.all([
        listAll(client, "vmList", { filter, sort }, stop.signal),
        listAll(client, "hostList", {}, stop.signal),
      ]);
      const gone = new Set(vms.keys());
      const touched = freshVms.filter((vm) => (gone.delete(vm.id), vms.get(vm.id)?.revision !== vm.revision)).map((vm) => vm.id);
      vms.clear();
      hosts.clear();
      for (const vm of freshVms) vms.set(vm.id, vm);
      for (const host of freshHosts) hosts.set(host.id, host);
      return [...touched, ...gone];
    }
    if (ids.length === 0) return [];
    const found = await listAll(
      client,
      "vmList",
      { filter: (filter ? `(${filter.replace(/^\s*vms?\s+where\s/i, "")}) and ` : "") + `id in (${ids.join(", ")})`, sort },
      stop.signal,
    );
    const known = ids.filter((id) => vms.delete(id));
    for (const vm of found) vms.set(vm.id, vm);
    return [...new Set([...known, ...found.map((vm) => vm.id)])];
  };
  const draw = (): void => {
    const { columns, wide } = vmColumns(hosts, io.now);
    const rows = ordered([...vms.values()], sort, hosts);
    const lines = tableLines(rows, output === "wide" ? [...columns, ...wide] : columns, { width: tableWidth(io.stdout), paint });
    if (rows.length === 0) lines.push(filter ? `No VM fits ${escapeText(filter)}.` : "There is no VM yet.");
    for (const line of staleness(rows, hosts.values(), io.now())) lines.push(paint("yellow", escapeText(line)));
    if (connection !== "open") lines.push(paint("red", "The server does not answer; this is as last seen. Trying again …"));
    screen?.draw(lines);
  };
  const tell = (ids: readonly string[], names: ReadonlyMap<string, string>): void => {
    if (output === "json") {
      for (const id of ids) io.stdout.write(jsonLine(vms.get(id) ?? { id, deleted: true }));
    } else {
      const { columns } = vmColumns(hosts, io.now);
      const rows = ids.flatMap((id) => vms.get(id) ?? []);
      for (const line of tableLines(rows, columns, { paint, header: false })) context.say(line);
      for (const id of ids) if (!vms.has(id)) context.say(`${escapeText(names.get(id) ?? id)}  gone`);
    }
  };

  const events = follow();
  let failure: unknown;
  events.catch((error: unknown) => {
    failure = error;
    ring();
  });
  try {
    while (!stop.signal.aborted && failure === undefined) {
      if (connection === "open" && (everything || changed.size > 0)) {
        const names = new Map([...vms].map(([id, vm]) => [id, vm.name]));
        try {
          const ids = await update();
          if (!screen) tell(ids, names);
        } catch (error) {
          if (stop.signal.aborted) break;
          if (connection === "open") {
            failure = error;
            break;
          }
          everything = true;
        }
      }
      if (stop.signal.aborted) break;
      if (screen && connection !== "connecting") draw();
      const woken = new Promise<void>((resolve) => (wake = resolve));
      if (changed.size === 0 && !(everything && connection === "open") && failure === undefined) {
        const rest = new AbortController();
        const abort = (): void => rest.abort();
        stop.signal.addEventListener("abort", abort, { once: true });
        await Promise.race([woken, pause(screen ? 1000 : 3_600_000, rest.signal)]);
        rest.abort();
        stop.signal.removeEventListener("abort", abort);
      }
      await pause(gatherMs, stop.signal);
    }
    if (failure !== undefined) throw failure;
    return exitCodes.ok;
  } finally {
    stop.abort();
    release();
    screen?.close();
  }
}

function ordered(rows: Vm[], sort: string, hosts: ReadonlyMap<string, Host>): Vm[] {
  const field = sort.replace(/^-/, "");
  const sign = sort.startsWith("-") ? -1 : 1;
  const key = (vm: Vm): string | number =>
    field === "state"
      ? vm.state
      : field === "host"
        ? (hosts.get(vm.hostId)?.name ?? "")
        : field === "memory"
          ? vm.memory.current
          : field === "vcpus"
            ? vm.vcpus.current
            : vm.name;
  return rows.sort((a, b) => {
    const [x, y] = [key(a), key(b)];
    return sign * (x < y ? -1 : x > y ? 1 : 0) || (a.name < b.name ? -1 : 1);
  });
}
