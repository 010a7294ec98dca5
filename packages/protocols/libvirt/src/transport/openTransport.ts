import type { ConnectOptions } from "../connect.ts";
import type { Endpoint } from "../endpoint/parseUri.ts";
import { socketPath } from "../endpoint/socketPath.ts";
import { openSession } from "./openSession.ts";
import { openSocket } from "./openSocket.ts";
import { openSsh } from "./openSsh.ts";
import { openTls } from "./openTls.ts";
import type { Transport } from "./transport.ts";

/** Opens the byte pipe that an endpoint names. Rejects with a ConnectionError, or the signal's reason. */
export function openTransport(endpoint: Endpoint, options: ConnectOptions, signal: AbortSignal): Promise<Transport> {
  switch (endpoint.transport) {
    case "unix": {
      const path = options.socketPath ?? socketPath(endpoint, options.readOnly ?? false);
      if (endpoint.session && options.socketPath === undefined && !endpoint.params.socket) return openSession(path, signal);
      return openSocket({ path }, `socket ${path}`, true, signal);
    }
    case "tcp":
      return openSocket({ host: endpoint.host, port: endpoint.port }, `${endpoint.host} port ${endpoint.port}`, false, signal);
    case "tls":
      return openTls(endpoint, options.tls ?? {}, signal);
    case "ssh":
      return openSsh(endpoint, options.ssh ?? {}, options, signal);
  }
}
