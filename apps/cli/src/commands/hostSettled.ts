import type { Host } from "@polyvisor/model";
import type { Context } from "../command.ts";
import { interrupted } from "../failure.ts";
import { pause } from "../io.ts";

/** Seconds until a connection that neither stands nor failed is left to the server. */
const patienceSeconds = 15;

/** The host as soon as its connection stands or has failed, so that the next command sees what is on it. */
export async function settled(context: Context, first: Host): Promise<Host> {
  const client = await context.client();
  const until = context.io.now() + patienceSeconds * 1000;
  const stop = new AbortController();
  const release = context.io.onInterrupt(() => stop.abort());
  let host = first;
  try {
    for (let wait = 20; host.connection.state === "connecting" && !host.connection.failure && context.io.now() < until; wait = Math.min(500, wait * 1.5)) {
      await pause(wait, stop.signal);
      if (stop.signal.aborted)
        throw interrupted(`Stopped waiting; the server goes on connecting to ${host.name}.`, `polyvisor host info ${host.name} tells how it went.`);
      host = await client.call("hostGet", { params: { id: host.id } });
    }
    return host;
  } finally {
    release();
  }
}
