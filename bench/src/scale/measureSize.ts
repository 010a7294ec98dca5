import { setTimeout as delay } from "node:timers/promises";
import { loadavg } from "node:os";
import { connected, fill } from "./fill.ts";
import { HostsProcess, vmsPerHost } from "./hosts.ts";
import { operations, type Operations } from "./operations.ts";
import { pages, type Pages } from "./pages.ts";
import { CpuWatch, cpuSeconds, residentBytes, sharedBytes } from "./processFigures.ts";
import { SiteServer } from "./siteServer.ts";
import { streams, type Streams } from "./streams.ts";

export const parts = ["warm", "pages", "quiet", "operations", "streams"] as const;
export type Part = (typeof parts)[number];

export interface SizeResult {
  vms: number;
  hosts: number;
  /** Load of the machine when it began. */
  load: number;
  /** Absent where the hosts were there from a run before. */
  fill?: { seconds: number; cpu: number };
  /** Of the server's process alone, when all is quiet, after the fill and after a start anew; and of PostgreSQL. */
  resident: { filled: number; warm?: number; most: number; database: number };
  /** Ready: from the start of the process, its database included, until a whole page of VMs was answered. */
  warm?: { readySeconds: number; readyCpu: number; connectedSeconds: number; connectedCpu: number };
  pages?: Pages;
  /** Processors in use with one change per VM and hour. */
  quiet?: { server: number; database: number; hosts: number; changesPerSecond: number };
  operations?: Operations;
  streams?: Streams[];
}

export interface SizeOptions {
  vms: number;
  parts: ReadonlySet<Part>;
  where: "own process" | "server";
  /** Folder for profiles of the server's processors. */
  profile?: string;
  /** Folder of the server, kept for the next run: its hosts are not added again. */
  kept?: string;
  say(text: string): void;
}

/** Milliseconds until what came with the fill or the start is collected: memory is read after it. */
const settle = 15_000;

/** Everything about one size of estate, on a server of its own. */
export async function measureSize({ vms, parts: wanted, where, profile, kept, say }: SizeOptions): Promise<SizeResult> {
  const hosts = Math.max(1, Math.round(vms / vmsPerHost));
  const server = await SiteServer.make(profile ? ["--cpu-prof", `--cpu-prof-dir=${profile}`, "--cpu-prof-interval=2000"] : [], kept);
  const world = await HostsProcess.start(server.folder);
  try {
    say(`${vms} VMs on ${hosts} hosts (${where})`);
    const load = loadavg()[0]!;
    const uris = world.uris(hosts, where);
    await server.start();
    const there = (await server.client.call("hostList", { query: { limit: 1 } })).total === hosts;
    let fillFigures: SizeResult["fill"];
    if (there) {
      if (!wanted.has("warm")) await connected(server, vms);
    } else {
      const seconds = await fill(server, uris, vms);
      fillFigures = { seconds, cpu: cpuSeconds(server.pid) };
      say(`  filled in ${seconds.toFixed(1)} s, ${fillFigures.cpu.toFixed(1)} s of processor`);
    }
    await delay(settle);
    const filled = residentBytes(server.pid);
    const result: SizeResult = {
      vms,
      hosts,
      load,
      ...(fillFigures ? { fill: fillFigures } : {}),
      resident: { filled: filled.now, most: filled.most, database: sharedBytes(server.database()) },
    };
    say(`  resident ${MiB(filled.now)}, at most ${MiB(filled.most)}; database ${MiB(result.resident.database)}`);
    if (wanted.has("warm")) {
      await server.stop();
      const began = performance.now();
      await server.start();
      const { items } = await server.client.call("vmList", { query: { limit: 100 } });
      const ready = (performance.now() - began) / 1000;
      if (items.length !== 100) throw new Error(`the first page has ${items.length} VMs`);
      const readyCpu = cpuSeconds(server.pid);
      await connected(server, vms);
      const connectedSeconds = (performance.now() - began) / 1000;
      result.warm = { readySeconds: ready, readyCpu, connectedSeconds, connectedCpu: cpuSeconds(server.pid) };
      say(`  ready after ${ready.toFixed(1)} s (${readyCpu.toFixed(1)} s of processor), all hosts connected after ${connectedSeconds.toFixed(1)} s`);
      await delay(settle);
      const warm = residentBytes(server.pid);
      result.resident = { ...result.resident, warm: warm.now, most: Math.max(filled.most, warm.most), database: sharedBytes(server.database()) };
      say(`  resident ${MiB(warm.now)}, at most ${MiB(warm.most)}; database ${MiB(result.resident.database)}`);
    }
    if (wanted.has("pages")) {
      result.pages = await pages(server, hosts, 30);
      say(
        `  pages: p50 ${result.pages.p50.toFixed(1)} ms, p99 ${result.pages.p99.toFixed(1)} ms, worst ${result.pages.worst.toFixed(1)}; slowest kind ${JSON.stringify(result.pages.slowest)}`,
      );
    }
    if (wanted.has("quiet") && where === "own process") {
      const watches = [() => [server.pid], () => server.database(), () => [world.pid]].map((pids) => new CpuWatch(pids));
      const { changed, seconds } = await world.change(vms / 3600, 60);
      const [own, database, others] = watches.map((watch) => watch.share()) as [number, number, number];
      result.quiet = { server: own, database, hosts: others, changesPerSecond: changed / seconds };
      say(
        `  quiet: server ${own.toFixed(2)}, database ${database.toFixed(2)}, hosts ${others.toFixed(2)} processors at ${result.quiet.changesPerSecond.toFixed(1)} changes/s`,
      );
    }
    if (wanted.has("operations")) {
      result.operations = await operations(server, Math.min(vms, 20_000));
      say(`  operations: ${JSON.stringify(result.operations)}`);
    }
    if (wanted.has("streams") && where === "own process") {
      result.streams = await streams(server, world, say);
      say(`  streams: ${JSON.stringify(result.streams)}`);
    }
    return result;
  } finally {
    await server.stop();
    await world.stop();
    if (server.log) say(`  the server's warnings: ${server.log.slice(-2_000)}`);
    await server.remove();
  }
}

const MiB = (bytes: number): string => `${Math.round(bytes / 1024 ** 2)} MiB`;
