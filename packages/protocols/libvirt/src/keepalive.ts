import { ConnectionError } from "./connectionError.ts";
import { KEEPALIVE_PROC_PING } from "./generated/protocol.ts";
import type { RpcClient } from "./rpcClient.ts";

/** How often to ask a silent peer whether it lives, and how many silent intervals mean that it does not. */
export interface KeepaliveSettings {
  /** Milliseconds; 0 turns keepalive off. */
  intervalMs: number;
  count: number;
}

/** Calls of one client that a libvirt server takes before it stops reading (max_client_requests, by default). */
const SERVER_READS = 5;

/**
 * Asks a silent peer for a sign of life and ends the connection when none comes. Anything received is one.
 *
 * A server that works on max_client_requests calls of ours does not read, so it cannot answer a ping although it is
 * well: while that many calls are open and the oldest has time left, silence is not counted.
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
    if (client.outstanding >= SERVER_READS && client.patient) return;
    if (silent >= settings.count) {
      client.end(new ConnectionError("dead", `${peer} gave no sign of life for ${((silent + 1) * settings.intervalMs) / 1000} s`, { remedy: "the host is hung or the network drops packets; connect again when it answers" }));
      return;
    }
    silent++;
    client.sendKeepalive(KEEPALIVE_PROC_PING);
  }, settings.intervalMs);
  return () => clearInterval(timer);
}
