import type { Server } from "node:http";
import type { Socket } from "node:net";

/**
 * Connections on which nothing was asked yet: browsers open them in advance. Node counts them as busy and would wait a
 * minute for them when it closes.
 * @returns ends them all
 */
export function unusedConnections(server: Server): () => void {
  const unused = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    unused.add(socket);
    socket.once("close", () => unused.delete(socket));
  });
  const used = ({ socket }: { socket: Socket }): unknown => unused.delete(socket);
  server.on("request", used).on("upgrade", used);
  return () => {
    for (const socket of unused) socket.destroy();
  };
}
