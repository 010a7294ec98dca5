import { setTimeout as delay } from "node:timers/promises";
import { fullDaemon } from "../fullDaemon.ts";
import { connected } from "./fill.ts";
import { CpuWatch, residentBytes } from "./processFigures.ts";
import { SiteServer } from "./siteServer.ts";

export interface LibvirtHosts {
  hosts: number;
  vms: number;
  /** Processors in use while nothing happens on any host. */
  server: number;
  database: number;
  residentBytes: number;
}

/** Real libvirtds, each with running VMs of the test driver, on which nothing happens: what the regular looks cost. */
export async function libvirtHosts(hosts: number, vmsPerHost: number, seconds: number): Promise<LibvirtHosts> {
  const server = await SiteServer.make();
  const daemons: Awaited<ReturnType<typeof fullDaemon>>[] = [];
  try {
    await server.start();
    for (let n = 0; n < hosts; n++) {
      const daemon = await fullDaemon(vmsPerHost);
      daemons.push(daemon);
      await server.client.call("hostAdd", { body: { uri: daemon.uri, name: `libvirt-${n}` } });
    }
    const all = hosts * (vmsPerHost + 1); // the test driver has one of its own
    await connected(server, all);
    await delay(10_000);
    const watches = [() => [server.pid], () => server.database()].map((pids) => new CpuWatch(pids));
    await delay(seconds * 1000);
    const [own, database] = watches.map((watch) => watch.share()) as [number, number];
    return { hosts, vms: all, server: own, database, residentBytes: residentBytes(server.pid).now };
  } finally {
    await server.stop();
    for (const daemon of daemons) await daemon.stop();
    await server.remove();
  }
}
