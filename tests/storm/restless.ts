import { setTimeout as delay } from "node:timers/promises";
import { ApiError } from "@polyvisor/api/client";
import type { AnyServer } from "./anyServer.ts";
import type { Random } from "./random.ts";

/** Someone who reads everything, and disables, enables and reconnects a host as if that helped. */
export async function restless(hostId: string, any: AnyServer, random: Random, stop: AbortSignal): Promise<void> {
  const params = { id: hostId };
  while (!stop.aborted) {
    const what = random.weighted({ list: 6, past: 2, search: 2, reconnect: 1, disable: 1 });
    try {
      await any.ask(what, async (client, signal) => {
        if (what === "list")
          await client.call("vmList", { query: { filter: `host = ${hostId} and state = ${random.pick(["running", "off", "paused"])}`, limit: 50 }, signal });
        else if (what === "past") await client.call("vmList", { query: { at: new Date(Date.now() - random.int(0, 30_000)).toISOString(), limit: 50 }, signal });
        else if (what === "search") await client.call("search", { query: { q: random.pick(["both", "virsh", "a-1"]) }, signal });
        else if (what === "reconnect") await client.call("hostReconnect", { params, signal });
        else await client.call("hostChange", { params, body: { enabled: false }, signal });
      });
      if (what === "disable") {
        await delay(random.int(100, 2_000));
        await any.ask("enable", (client, signal) => client.call("hostChange", { params, body: { enabled: true }, signal }));
      }
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
    }
    await delay(random.int(50, 500));
  }
}
