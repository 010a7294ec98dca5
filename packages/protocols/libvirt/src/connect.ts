import { authenticate } from "./auth/authenticate.ts";
import type { CredentialsSource } from "./auth/credentials.ts";
import { callsOver, Connection } from "./connection.ts";
import { ConnectionError } from "./connectionError.ts";
import { parseUri, type Endpoint } from "./endpoint/parseUri.ts";
import { EventHub } from "./eventHub.ts";
import { VIR_DRV_FEATURE_PROGRAM_KEEPALIVE } from "./generated/constants/feature.ts";
import { VIR_CONNECT_RO } from "./generated/constants/host.ts";
import { startKeepalive, type KeepaliveSettings } from "./startKeepalive.ts";
import { RpcClient } from "./rpcClient.ts";
import { openTransport } from "./transport/openTransport.ts";
import type { SshSettings } from "./transport/openSsh.ts";
import type { TlsSettings } from "./transport/openTls.ts";

export interface ConnectOptions {
  /** Stops the opening; has no effect on an open connection. */
  signal?: AbortSignal;
  /** Milliseconds for everything until the connection is usable. Default 20,000. */
  openTimeoutMs?: number;
  /** Default deadline of each call in milliseconds; 0 for none. Default 60,000. */
  callTimeoutMs?: number;
  /** Signs of life asked of a silent peer. Default every 5,000 ms, 5 times, as libvirt does. */
  keepalive?: Partial<KeepaliveSettings>;
  /** Asked for user name and password when the server wants SASL. */
  credentials?: CredentialsSource;
  ssh?: SshSettings;
  tls?: TlsSettings;
  /** Only calls that change nothing. */
  readOnly?: boolean;
  /** Unix socket to use instead of the one the URI means. */
  socketPath?: string;
  /** For streams alone: when a consumer lags, the socket is not read. Keepalive is off. */
  bulk?: boolean;
  /** Most bytes a stream holds unread. Default 16 MiB. */
  streamBufferBytes?: number;
  /**
   * Calls that may wait for a guest, a disk or another host, under way at once; more wait here and can still be taken
   * back. One place is kept for long work, one for calls that wait briefly. A server reads no more from a client, not even signs of life,
   * that has max_client_requests (5) under way. Default 4.
   */
  slowCalls?: number;
  /** Asked with its name right before each call is sent; what it throws is the call's failure, and nothing is sent. */
  beforeCall?: (name: string) => void;
  /** Told when an event listener throws; default: the error is thrown from a microtask of its own. */
  onListenerError?: (error: unknown, kind: string) => void;
}

const DEFAULTS = { openTimeoutMs: 20_000, callTimeoutMs: 60_000, streamBufferBytes: 16 * 1_048_576, slowCalls: 4 };
const KEEPALIVE: KeepaliveSettings = { intervalMs: 5_000, count: 5 };

/**
 * Opens a connection to the libvirt server that a URI names.
 * Rejects with a ConnectionError (what is between here and there) or a LibvirtError (the server refused to open).
 */
export async function connect(target: string | Endpoint, options: ConnectOptions = {}): Promise<Connection> {
  const endpoint = typeof target === "string" ? parseUri(target) : target;
  const openTimeoutMs = options.openTimeoutMs ?? DEFAULTS.openTimeoutMs;
  const deadline = new AbortController();
  const timer = setTimeout(
    () =>
      deadline.abort(
        new ConnectionError("timeout", `${endpoint.uri}: not open within ${openTimeoutMs} ms`, {
          remedy: "see that the host is up and answers, and that no firewall drops packets",
        }),
      ),
    openTimeoutMs,
  );
  const signal = options.signal ? AbortSignal.any([options.signal, deadline.signal]) : deadline.signal;
  try {
    signal.throwIfAborted();
    return await open(endpoint, options, signal);
  } finally {
    clearTimeout(timer);
  }
}

async function open(endpoint: Endpoint, options: ConnectOptions, signal: AbortSignal): Promise<Connection> {
  const transport = await openTransport(endpoint, options, signal);
  const events = new EventHub(
    options.onListenerError ??
      ((error) =>
        queueMicrotask(() => {
          throw error;
        })),
  );
  const over = Promise.withResolvers<ConnectionError>();
  let stopKeepalive = (): void => {};
  const client = new RpcClient(transport, {
    callTimeoutMs: options.callTimeoutMs ?? DEFAULTS.callTimeoutMs,
    streamBufferBytes: options.streamBufferBytes ?? DEFAULTS.streamBufferBytes,
    slowCalls: options.slowCalls ?? DEFAULTS.slowCalls,
    bulk: options.bulk ?? false,
    beforeCall: options.beforeCall,
    events,
    ended: (reason) => {
      stopKeepalive();
      over.resolve(reason);
    },
  });
  const call = callsOver(client);
  const during = { signal, timeoutMs: 0 };
  try {
    await authenticate(call, endpoint, transport.confidential, options.credentials, during);
    client.trust();
    const keepalive = { ...KEEPALIVE, ...options.keepalive };
    const wantsKeepalive = !options.bulk && keepalive.intervalMs > 0;
    const [feature] = await Promise.all([
      wantsKeepalive ? call.connectSupportsFeature({ feature: VIR_DRV_FEATURE_PROGRAM_KEEPALIVE }, during) : { supported: 0 },
      call.connectOpen({ name: endpoint.name, flags: options.readOnly ? VIR_CONNECT_RO : 0 }, during),
    ]);
    if (feature.supported && !client.over) stopKeepalive = startKeepalive(client, transport.peer, keepalive);
  } catch (error) {
    client.end(new ConnectionError("closed", "the connection could not be opened", { cause: error }));
    throw error;
  }
  return new Connection(endpoint, client, events, over.promise, (bulk) => connect(endpoint, { ...options, signal: undefined, bulk }));
}
