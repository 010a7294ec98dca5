import { hostname } from "node:os";
import { PolyvisorError } from "@polyvisor/model";
import type { FastifyRequest } from "fastify";
import { isLoopback } from "../identity/attempts.ts";

/**
 * Refuses requests that reach us by loopback under a foreign name: a web page whose name was pointed at 127.0.0.1
 * (DNS rebinding) sends its own. A proxy on this machine that passes the public name on needs `--name`.
 */
export function hostCheck(names: readonly string[]): (request: FastifyRequest) => void {
  const known = new Set(["localhost", "127.0.0.1", "[::1]", hostname().toLowerCase(), ...names.map((each) => each.toLowerCase())]);
  return (request) => {
    if (!isLoopback(request.socket.localAddress)) return;
    const name = (request.headers.host ?? "").toLowerCase().replace(/:\d*$/, "");
    if (known.has(name) || name.endsWith(".localhost")) return;
    throw new PolyvisorError("forbidden", {
      detail: "this server is not known by the name in the Host header",
      where: "header Host",
      remedy: "Use localhost, or start the server with --name NAME.",
    });
  };
}
