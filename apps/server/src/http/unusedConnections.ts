import type { Server } from "node:http";
import type { Socket } from "node:net";

/**
 * Connections on which nothing was asked yet: browsers open them in advance. Node counts them as busy and would wait a
 * minute for them when it closes. Under TLS a connection is two sockets, one in the other: the peer's address says which
 * belong together.
 * @returns ends them all
 */
export function unusedConnections(server: Server): () => void {
  const unused = new Map<string, Socket>();
  const peer = (socket: Socket): string => `${socket.remoteAddress} ${socket.remotePort}`;
  const opened = (socket: Socket): void => {
    const key = peer(socket);
    unused.set(key, socket);
    socket.once("close", () => {
      if (unused.get(key) === socket) unused.delete(key);
    });
  };
  server.on("connection", opened).on("secureConnection", opened);
  const used = ({ socket }: { socket: Socket }): unknown => unused.delete(peer(socket));
  server.on("request", used).on("upgrade", used);
  return () => {
    for (const socket of unused.values()) socket.destroy();
  };
}
