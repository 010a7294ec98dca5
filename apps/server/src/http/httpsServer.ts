import { createServer, type Server } from "node:https";
import type { RequestListener } from "node:http";
import type { Socket } from "node:net";
import type { ServerTls } from "../tls/serverTls.ts";
import { PolyvisorError } from "@polyvisor/model";
import { operatorError, problemOf } from "./problem.ts";

/** The first byte of a TLS connection: a record of its handshake. */
const handshake = 0x16;
/** Until it has come a connection is nobody's. */
const firstByteMs = 30_000;

/**
 * An HTTPS server that tells who speaks plain HTTP to it so, instead of cutting the connection off without a word.
 * @param url of this server, for that sentence
 */
export function httpsServer(tls: ServerTls, options: object, handler: RequestListener, url: () => string): Server {
  const { cert, key } = tls.pair;
  const server = createServer({ ...options, cert, key, minVersion: "TLSv1.2" }, handler);
  tls.serve(server);
  const takeTls = server.listeners("connection") as ((socket: Socket) => void)[];
  server.removeAllListeners("connection");
  server.on("connection", (socket: Socket) => {
    const timer = setTimeout(() => socket.destroy(), firstByteMs);
    const gone = (): void => clearTimeout(timer);
    socket.once("error", gone).once("close", gone);
    socket.once("readable", () => {
      gone();
      const first = socket.read() as Buffer | null;
      if (first === null) return void socket.destroy();
      socket.removeListener("error", gone);
      socket.removeListener("close", gone);
      if (first[0] !== handshake) return hint(socket, url());
      socket.unshift(first);
      for (const each of takeTls) each.call(server, socket);
    });
  });
  return server;
}

function hint(socket: Socket, url: string): void {
  const text = JSON.stringify(
    problemOf(
      operatorError(new PolyvisorError("badRequest", { detail: "this port speaks HTTPS, and the request came as plain HTTP", remedy: `Use ${url} instead.` })),
      "none",
    ),
  );
  socket.on("error", () => socket.destroy());
  socket.resume(); // what was sent is of no use, and would make the answer be lost by a reset
  socket.setTimeout(5_000, () => socket.destroy());
  socket.end(
    `HTTP/1.1 400 Bad Request\r\nContent-Type: application/problem+json\r\nContent-Length: ${Buffer.byteLength(text)}\r\nConnection: close\r\n\r\n${text}`,
  );
}
