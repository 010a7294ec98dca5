import { fork } from "node:child_process";
import { once } from "node:events";
import type { HostsProcess } from "./hosts.ts";
import { CpuWatch } from "./processFigures.ts";
import type { FromReaders, ReadResult, ToReaders } from "./readersProcess.ts";
import type { SiteServer } from "./siteServer.ts";

export interface Streams extends ReadResult {
  /** Changes on the hosts, and how many of them there were in a second. */
  changed: number;
  perSecond: number;
  /** Events in a second that reached every reader, from the first change until the last event came. */
  heardPerSecond: number;
  /** Seconds from the last change until the last reader had its event. */
  behindSeconds: number;
  cpu: { server: number; database: number; readers: number; hosts: number };
  gzip: boolean;
}

const readers = 100;
const seconds = 15;

/** VMs change by themselves at several rates; a hundred readers hear of it. */
export async function streams(server: SiteServer, world: HostsProcess, say: (text: string) => void): Promise<Streams[]> {
  const out: Streams[] = [];
  for (const [rate, gzip] of [
    [1_000, true],
    [1_000, false],
    [3_000, true],
    [6_000, true],
    [10_000, true],
  ] as const) {
    const result = await atRate(server, world, rate, gzip);
    out.push(result);
    say(
      `  ${rate} changes/s to ${readers} readers${gzip ? ", gzip" : ""}: heard ${Math.round(result.heardPerSecond)}/s, ${result.events} of ${result.changed}, ${result.disordered} out of order, ${result.skipped} skipped, ${result.resets} resets, ${result.alike} readers alike, ${result.behindSeconds.toFixed(1)} s behind; ${JSON.stringify(result.cpu)}`,
    );
    if (result.heardPerSecond < rate * 0.5) break; // the next rate would only queue up
  }
  return out;
}

async function atRate(server: SiteServer, world: HostsProcess, rate: number, gzip: boolean): Promise<Streams> {
  const child = fork(new URL("readersProcess.ts", import.meta.url).pathname);
  const tell = (message: ToReaders): void => void child.send(message);
  const answer = async (): Promise<FromReaders> => ((await once(child, "message")) as [FromReaders])[0];
  try {
    await answer();
    tell({ open: { url: server.url, token: server.token, readers, gzip } });
    await answer();
    const watches = [() => [server.pid], () => server.database(), () => [child.pid!], () => [world.pid]].map((pids) => new CpuWatch(pids));
    const began = Date.now();
    const { changed, seconds: took } = await world.change(rate, seconds);
    const over = Date.now();
    tell({ stop: true });
    const result = (await answer()) as ReadResult;
    const [own, database, ofReaders, hosts] = watches.map((watch) => watch.share()) as [number, number, number, number];
    return {
      ...result,
      changed,
      perSecond: changed / took,
      heardPerSecond: result.events / ((result.lastAt - began) / 1000),
      behindSeconds: Math.max(0, (result.lastAt - over) / 1000),
      cpu: { server: own, database, readers: ofReaders, hosts },
      gzip,
    };
  } finally {
    child.kill();
  }
}
