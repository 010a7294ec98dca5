import { setTimeout as delay } from "node:timers/promises";
import { ApiError } from "@polyvisor/api";
import type { SiteServer } from "./siteServer.ts";

const together = 48;

/** Adds hosts one by one, as an operator's script would, many at a time. @returns seconds until every VM is in the estate */
export async function fill(server: SiteServer, uris: readonly string[], vmsInAll: number): Promise<number> {
  const began = performance.now();
  const queue = uris.values();
  await Promise.all(
    Array.from({ length: together }, async () => {
      for (const uri of queue) await add(server, uri);
    }),
  );
  await connected(server, vmsInAll);
  return (performance.now() - began) / 1000;
}

/** A machine that others use as well may let a host wait for too long: it is asked for again. */
async function add(server: SiteServer, uri: string): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await server.client.call("hostAdd", { body: { uri, tags: [`pool:${poolOf(uri)}`] } });
      return;
    } catch (error) {
      if (!(error instanceof ApiError) || attempt === 20) throw error;
      // Its answer was lost, and it is there: the database kept it when it answered again.
      if (attempt > 1 && error.problem.code === "conflict") return;
      if (error.problem.status < 500) throw error;
      await delay(attempt * 100);
    }
  }
}

const poolOf = (uri: string): string => `p${Math.ceil(Number(/host-(\d+)/.exec(uri)![1]) / 100)}`;

/** Resolves when all hosts are connected and the estate has so many VMs. */
export async function connected(server: SiteServer, vms: number): Promise<void> {
  const deadline = performance.now() + 900_000;
  for (;;) {
    const [all, waiting] = await Promise.all([
      server.client.call("vmList", { query: { limit: 1 } }),
      server.client.call("hostList", { query: { limit: 1, filter: "state!=connected" } }),
    ]);
    if ((all as { total?: number }).total === vms && (waiting as { total?: number }).total === 0) return;
    if (performance.now() > deadline)
      throw new Error(`not all is there after 15 minutes: ${all.total} VMs of ${vms}, ${waiting.total} hosts not connected. ${server.log}`);
    await delay(200);
  }
}
