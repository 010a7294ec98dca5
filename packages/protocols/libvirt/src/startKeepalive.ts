import { ConnectionError } from "./connectionError.ts";
import { KEEPALIVE_PROC_PING } from "./generated/protocol.ts";
import type { RpcClient } from "./rpcClient.ts";

/** How often to ask a silent peer whether it lives, and how many silent intervals mean that it does not. */
export interface KeepaliveSettings {
  /** Milliseconds; 0 turns keepalive off. */
  intervalMs: number;
  count: number;
}

/**
 * Asks a silent peer for a sign of life and ends the connection when none comes. Anything received is one.
 *
 * A server that works on max_client_requests calls of ours (5) does not read: it could answer no ping, and would take
 * us for dead itself. RpcClient therefore leaves it a place free (`slowCalls`).
 */
export function startKeepalive(client: RpcClient, peer: string, settings: KeepaliveSettings): () => void {
  if (settings.intervalMs <= 0) return () => {};
  let seen = client.received;
  let silent = 0;
  const timer = setInterval(() => {
    if (client.received !== seen || client.paused) {
      seen = client.received;
      silent = 0;
      return;
    }
    if (silent >= settings.count) {
      client.end(
        new ConnectionError("dead", `${peer} gave no sign of life for ${((silent + 1) * settings.intervalMs) / 1000} s`, {
          remedy: "the host is hung or the network drops packets; connect again when it answers",
        }),
      );
      return;
    }
    silent++;
    client.sendKeepalive(KEEPALIVE_PROC_PING);
  }, settings.intervalMs);
  return () => clearInterval(timer);
}
