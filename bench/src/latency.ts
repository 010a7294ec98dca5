import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fullDaemon } from "./fullDaemon.ts";
import { addHost, benchServer } from "./benchServer.ts";
import type { Row } from "./table.ts";

const python = new URL("../peers/python_peer.py", import.meta.url).pathname;
const wallClock = () => performance.timeOrigin + performance.now();

/**
 * How long after libvirt-python an SSE client of the server hears of the same event: from libvirtd through
 * adapter, estate, commit and event stream.
 */
export async function latency(options: { domains: number; events: number }): Promise<Row[]> {
  const daemon = await fullDaemon(options.domains);
  const server = await benchServer();
  const peer = spawn("/usr/bin/python3", [python, daemon.uri, "events"], { stdio: ["pipe", "pipe", "inherit"] });
  const heard = new Map<string, { peer?: number; own?: number; resolve: () => void }>();
  const note = (key: string, who: "peer" | "own", at: number): void => {
    const entry = heard.get(key);
    if (!entry || entry[who] !== undefined) return;
    entry[who] = at;
    if (entry.peer !== undefined && entry.own !== undefined) entry.resolve();
  };
  try {
    await addHost(server.client, daemon.uri, "bench");
    const ready = Promise.withResolvers<void>();
    createInterface({ input: peer.stdout }).on("line", (line) => {
      const event = JSON.parse(line) as { ready?: boolean; at: number; name: string; event: number };
      if (event.ready) ready.resolve();
      else if (event.event === 3 || event.event === 4) note(`${event.name} ${event.event === 3 ? "paused" : "running"}`, "peer", event.at); // suspended, resumed
    });
    await ready.promise;
    const controller = new AbortController();
    const open = Promise.withResolvers<void>();
    void (async () => {
      for await (const event of server.client.events({ signal: controller.signal, kinds: "vm", onConnection: (state) => state === "open" && open.resolve() })) {
        if (event.object?.kind === "vm") note(`${event.object.name} ${event.object.state}`, "own", wallClock());
      }
    })().catch(() => undefined);
    await open.promise;
    const { domains } = await daemon.keeper.call.connectListAllDomains({ needResults: 1, flags: 0 });
    const peerMs: number[] = [];
    const ownMs: number[] = [];
    for (let i = 0; i < options.events; i++) {
      const dom = domains[i % domains.length]!;
      for (const state of ["paused", "running"]) {
        const both = Promise.withResolvers<void>();
        const entry: { peer?: number; own?: number; resolve: () => void } = { resolve: both.resolve };
        heard.set(`${dom.name} ${state}`, entry);
        const asked = wallClock();
        await (state === "paused" ? daemon.keeper.call.domainSuspend({ dom }) : daemon.keeper.call.domainResume({ dom }));
        await both.promise;
        peerMs.push(entry.peer! - asked);
        ownMs.push(entry.own! - asked);
      }
    }
    controller.abort();
    const later = ownMs.map((ms, i) => ms - peerMs[i]!).sort((a, b) => a - b);
    const p99 = later[Math.ceil(0.99 * later.length) - 1]!;
    const p50 = later[Math.ceil(0.5 * later.length) - 1]!;
    return [
      { what: "event: from the call to the listener", who: "libvirt-python", ms: peerMs },
      {
        what: "event: from the call to an SSE client",
        who: "Polyvisor",
        ms: ownMs,
        note: `later by ${p50.toFixed(1)} ms (median), ${p99.toFixed(1)} ms (p99); aim +20 ms p99: ${p99 <= 20 ? "met" : "**missed**"}`,
      },
    ];
  } finally {
    peer.stdin.end();
    peer.kill();
    await server.stop();
    await daemon.stop();
  }
}
