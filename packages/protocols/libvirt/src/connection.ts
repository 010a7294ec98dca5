import type { CallOptions, Procedure } from "./call.ts";
import { ConnectionError } from "./connectionError.ts";
import type { Endpoint } from "./endpoint/parseUri.ts";
import type { EventHub } from "./eventHub.ts";
import { procedures } from "./generated/procedures.ts";
import type { Calls } from "./generated/types/calls.ts";
import type { RpcClient } from "./rpcClient.ts";

interface Bound {
  client: RpcClient;
}

/** One method per procedure, made once; a connection's `call` inherits them. */
const methods: Record<string, unknown> = {};
for (const procedure of procedures) methods[procedure.name] = method(procedure);

function method(procedure: Procedure): unknown {
  if (procedure.encode === null) {
    return function (this: Bound, options?: CallOptions): Promise<unknown> {
      return this.client.invoke(procedure, undefined, options);
    };
  }
  return function (this: Bound, args: unknown, options?: CallOptions): Promise<unknown> {
    return this.client.invoke(procedure, args, options);
  };
}

/** The typed calls over one client. */
export function callsOver(client: RpcClient): Calls {
  const bound: Record<keyof Bound, PropertyDescriptor> = { client: { value: client } };
  return Object.create(methods, bound) as Calls;
}

/** An open connection to a libvirt server. */
export class Connection {
  readonly endpoint: Endpoint;
  /** One method per procedure of libvirt's RPC: `(args, options?) => Promise<result>`. */
  readonly call: Calls;
  readonly events: EventHub;
  /** Settles once, with why the connection is over; kind `closed` after `close()`. Never rejects. */
  readonly closed: Promise<ConnectionError>;
  readonly #client: RpcClient;
  readonly #another: (bulk: boolean) => Promise<Connection>;

  constructor(endpoint: Endpoint, client: RpcClient, events: EventHub, closed: Promise<ConnectionError>, another: (bulk: boolean) => Promise<Connection>) {
    this.endpoint = endpoint;
    this.call = callsOver(client);
    this.events = events;
    this.closed = closed;
    this.#client = client;
    this.#another = another;
  }

  /** Whether calls can be made. */
  get open(): boolean {
    return this.#client.over === undefined;
  }

  /** Calls sent and not yet answered. */
  get outstanding(): number {
    return this.#client.outstanding;
  }

  /**
   * Calls given up here that the server still works on and that hold the places of others, such as calls to guests that
   * hang. When they reach `slowCalls`, only quick calls are sent on this connection until one of them is answered.
   */
  get stuck(): number {
    return this.#client.stuck;
  }

  /** Opens another connection to the same server with the same options: for work that would keep other calls waiting. */
  another(): Promise<Connection> {
    return this.#another(false);
  }

  /** Opens another connection to the same server for bulk streams: its reader waits for slow consumers instead of ending their stream. */
  dedicated(): Promise<Connection> {
    return this.#another(true);
  }

  /**
   * Says goodbye and ends the connection; pending calls are rejected. Never throws, takes at most two seconds. Calls
   * that were sent get a second to be answered: when a client goes, libvirtd (seen in 9.0) takes its event callbacks apart
   * without a lock, and a worker that cannot deliver its answer any more does the same at the same time, which kills the
   * daemon.
   */
  async close(): Promise<void> {
    if (this.open) {
      await Promise.race([this.#client.answered(), new Promise((resolve) => setTimeout(resolve, 1_000).unref())]);
      await this.call.connectClose({ timeoutMs: 1_000 }).catch(() => {});
    }
    this.#client.end(new ConnectionError("closed", "the connection was closed"));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
