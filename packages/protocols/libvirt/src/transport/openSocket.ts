import { connect as connectSocket, type NetConnectOpts } from "node:net";
import { ConnectionError, type ConnectionErrorKind } from "../connectionError.ts";
import { DuplexTransport } from "./duplexTransport.ts";

const RECEIVE_BYTES = 262_144;

const KINDS: Record<string, { kind: ConnectionErrorKind; remedy: string }> = {
  ECONNREFUSED: { kind: "refused", remedy: "see that the libvirt daemon runs there and listens" },
  EACCES: { kind: "refused", remedy: "run as a user of group libvirt, or ask for access to the socket" },
  EPERM: { kind: "refused", remedy: "see the permissions of the socket and the firewall" },
  ENOENT: { kind: "unreachable", remedy: "the libvirt daemon is not running or its socket is elsewhere: start it, or give ?socket=PATH" },
  ENOTSOCK: { kind: "unreachable", remedy: "the path is no socket: give the daemon's socket with ?socket=PATH" },
  ENOTFOUND: { kind: "unreachable", remedy: "no such host name: correct it, or see the name server" },
  EAI_AGAIN: { kind: "unreachable", remedy: "the name server does not answer" },
  ETIMEDOUT: { kind: "timeout", remedy: "see that the host is up and no firewall drops packets" },
  EHOSTUNREACH: { kind: "unreachable", remedy: "no route to the host: see the network" },
  ENETUNREACH: { kind: "unreachable", remedy: "no route to the network" },
  ECONNRESET: { kind: "lost", remedy: "the peer closed while the connection was opened" },
};

/** Names the fault of a system call on the way to `peer`. */
export function socketFault(peer: string, error: NodeJS.ErrnoException): ConnectionError {
  const inner = error instanceof AggregateError ? (error.errors[0] as NodeJS.ErrnoException) : error;
  const known = KINDS[inner.code ?? ""];
  return new ConnectionError(known?.kind ?? "unreachable", `cannot connect to ${peer} (${inner.code ?? inner.message})`, {
    remedy: known?.remedy ?? "see the network between here and there",
    errno: inner.code,
    cause: error,
  });
}

/** Opens a plain socket, Unix or TCP. Rejects with a ConnectionError, or the signal's reason. */
export function openSocket(
  target: { path: string } | { host: string; port: number },
  peer: string,
  confidential: boolean,
  signal: AbortSignal,
): Promise<DuplexTransport> {
  return new Promise((resolve, reject) => {
    let transport: DuplexTransport | undefined;
    const buffer = Buffer.allocUnsafeSlow(RECEIVE_BYTES);
    // With `onread` bytes land in one buffer that is read in place: no allocation per packet.
    const options = {
      ...target,
      onread: {
        buffer,
        callback: (length: number): boolean => {
          transport?.received(buffer, length);
          return true;
        },
      },
    } as NetConnectOpts;
    const socket = connectSocket(options);
    const abort = (): void => {
      socket.destroy();
      reject(signal.reason as Error);
    };
    signal.addEventListener("abort", abort, { once: true });
    socket.once("error", (error) => {
      signal.removeEventListener("abort", abort);
      reject(socketFault(peer, error));
    });
    socket.once("connect", () => {
      signal.removeEventListener("abort", abort);
      socket.setNoDelay(true);
      if ("host" in target) socket.setKeepAlive(true, 30_000);
      transport = new DuplexTransport(socket, peer, confidential);
      resolve(transport);
    });
  });
}
