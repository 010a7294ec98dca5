import type { Load } from "@polyvisor/model";
import type { Context, Run } from "../command.ts";
import { exitCodes } from "../exitCode.ts";
import { usageFailure } from "../failure.ts";
import { pause, tableWidth } from "../io.ts";
import { listAll } from "../listing.ts";
import { escapeText } from "../output/escape.ts";
import { colourOfState } from "../output/paint.ts";
import { bytesText, rateText, timeText } from "../output/quantity.ts";
import { screenOn } from "../output/screen.ts";
import { jsonLine } from "../output/structured.ts";
import { tableLines, type Column } from "../output/table.ts";
import { selectorOf } from "../targets.ts";
import { wholeNumber } from "./lifecycle.ts";
import { show } from "../show.ts";

const sorts = ["cpu", "memory", "disk", "network"] as const;
type Sort = (typeof sorts)[number];
interface Row {
  id: string;
  name: string;
  host: string;
  state: string;
  load: Load;
}
interface Picture {
  hosts: Row[];
  vms: Row[];
}

const sum = (a: number | undefined, b: number | undefined): number | undefined => (a === undefined && b === undefined ? undefined : (a ?? 0) + (b ?? 0));
const columnsOf = (first: string): Column<Row>[] => [
  { title: first, text: (row) => row.name, whole: true },
  ...(first === "VM" ? [{ title: "HOST", text: (row: Row) => row.host, expendable: 5 }] : []),
  { title: "STATE", text: (row) => row.state, colour: (row) => colourOfState(row.state), expendable: 2 },
  { title: "CPU %", text: ({ load }) => (load.cpu === undefined ? undefined : (load.cpu * 100).toFixed(1)), figures: true },
  ...(first === "VM"
    ? [{ title: "WAIT %", text: ({ load }: Row) => (load.cpuWait === undefined ? undefined : (load.cpuWait * 100).toFixed(1)), figures: true, expendable: 1 }]
    : []),
  { title: "MEMORY", text: ({ load }) => (load.memoryUsed === undefined ? undefined : bytesText(load.memoryUsed)), figures: true },
  ...(first === "VM"
    ? [
        { title: "DISK READ", text: ({ load }: Row) => rateText(load.diskReadBytesPerSecond), figures: true, expendable: 6 },
        { title: "WRITE", text: ({ load }: Row) => rateText(load.diskWriteBytesPerSecond), figures: true, expendable: 4 },
        { title: "NET IN", text: ({ load }: Row) => rateText(load.netReceiveBytesPerSecond), figures: true, expendable: 6 },
        { title: "OUT", text: ({ load }: Row) => rateText(load.netTransmitBytesPerSecond), figures: true, expendable: 4 },
      ]
    : []),
];

const weight = (sort: Sort, { load }: Row): number =>
  (sort === "cpu"
    ? load.cpu
    : sort === "memory"
      ? load.memoryUsed
      : sort === "disk"
        ? sum(load.diskReadBytesPerSecond, load.diskWriteBytesPerSecond)
        : sum(load.netReceiveBytesPerSecond, load.netTransmitBytesPerSecond)) ?? -1;

/** `top`: live on a terminal, once on a pipe or with `--once`; with `-o json` one line for each look. */
export const top: Run = async (context) => {
  const { options, io, output } = context;
  let sort =
    sorts.find((each) => each === (options["sort"] ?? "cpu")) ??
    ((): never => {
      throw usageFailure(`--sort takes ${sorts.join(", ")}, not ${String(options["sort"])}.`);
    })();
  const limit = options["limit"] === undefined ? undefined : wholeNumber(options["limit"], "--limit");
  const delay = options["delay"] === undefined ? 2 : Number(options["delay"]);
  if (!(delay >= 0.2 && delay <= 3600)) throw usageFailure("--delay takes 0.2 to 3600 seconds.");
  const live = !options["once"] && (io.stdout.isTTY === true || output === "json");
  if (!live) {
    await show(context, await look(context, sort, limit ?? 50), (picture) => pictureLines(context, picture, sort));
    return;
  }
  const stop = new AbortController();
  const release = io.onInterrupt(() => stop.abort());
  const screen = output === "json" ? undefined : screenOn(io.stdout, true);
  let again = new AbortController();
  const keys = (chunk: Buffer): void => {
    const key = chunk.toString("latin1");
    const chosen = ({ c: "cpu", m: "memory", d: "disk", n: "network" } as Record<string, Sort>)[key];
    if (key === "q" || key === "\u0003" || key === "\u001b") stop.abort();
    if (chosen) sort = chosen;
    again.abort();
  };
  const keyboard = screen && io.stdin.isTTY;
  if (keyboard) {
    io.stdin.setRawMode(true);
    io.stdin.on("data", keys);
  }
  const back = (): void => {
    if (keyboard) io.stdin.setRawMode(false);
  };
  process.once("exit", back);
  try {
    let trouble: string | undefined;
    let picture: Picture = { hosts: [], vms: [] };
    while (!stop.signal.aborted) {
      try {
        picture = await look(context, sort, limit ?? Math.max(5, io.stdout.rows ?? 24));
        trouble = undefined;
      } catch (error) {
        if (!screen || picture.vms.length + picture.hosts.length === 0) throw error;
        trouble = (error as Error).message;
      }
      if (screen)
        screen.draw([
          `polyvisor top  ${timeText(new Date(io.now()).toISOString()) ?? ""}  by ${sort}  ${context.paint("grey", "c cpu  m memory  d disk  n network  q quit")}`,
          ...(trouble ? [context.paint("red", escapeText(trouble))] : []),
          ...pictureLines(context, picture, sort),
        ]);
      else io.stdout.write(jsonLine(picture));
      again = new AbortController();
      await pause(delay * 1000, AbortSignal.any([again.signal, stop.signal]));
    }
    return exitCodes.ok;
  } finally {
    screen?.close();
    back();
    process.off("exit", back);
    if (keyboard) io.stdin.off("data", keys).pause();
    release();
  }
};

async function look(context: Context, sort: Sort, limit: number): Promise<Picture> {
  const client = await context.client();
  const filter = selectorOf(context.words);
  // The load has no selector of its own: with one, all of it is asked for and the VMs that fit are kept.
  const bounded = Math.min(1000, Math.max(1, filter === undefined ? limit : 1000));
  const [vms, hosts, fitting] = await Promise.all([
    client.call("loadList", { query: { kind: "vm", sort, limit: bounded } }),
    client.call("loadList", { query: { kind: "host", sort: sort === "disk" || sort === "network" ? "cpu" : sort, limit: 1000 } }),
    filter === undefined ? undefined : listAll(client, "vmList", { filter, fields: "id,name" }).then((found) => new Set(found.map((vm) => vm.id))),
  ]);
  return { hosts: hosts.items, vms: (fitting ? vms.items.filter((row) => fitting.has(row.id)) : vms.items).slice(0, limit) };
}

function pictureLines(context: Context, { hosts, vms }: Picture, sort: Sort): string[] {
  const options = { width: tableWidth(context.io.stdout), paint: context.paint };
  const heavy = (rows: Row[]): Row[] => rows.toSorted((a, b) => weight(sort, b) - weight(sort, a));
  const most = context.io.stdout.isTTY ? Math.max(3, Math.floor((context.io.stdout.rows ?? 24) / 4)) : hosts.length;
  return [
    ...tableLines(heavy(hosts).slice(0, most), columnsOf("HOST"), options),
    ...(hosts.length > most ? [`… ${hosts.length - most} more hosts`] : []),
    "",
    ...(vms.length > 0 ? tableLines(heavy(vms), columnsOf("VM"), options) : ["No VM is active, or none was measured twice yet."]),
  ];
}
