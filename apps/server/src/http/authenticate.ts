import { PolyvisorError } from "@polyvisor/model";
import type { FastifyRequest } from "fastify";
import type { Identity } from "../identity/identity.ts";
import type { Caller } from "../identity/tokenCache.ts";

const inProtocol = "polyvisor.token.";

/** The token that a request carries: of Authorization, or, because a browser's WebSocket cannot set headers, of a subprotocol. */
export function tokenOf(request: FastifyRequest): string | undefined {
  const { authorization } = request.headers;
  if (authorization !== undefined) return /^Bearer +(\S+)$/i.exec(authorization)?.[1] ?? "";
  const protocols = request.headers["sec-websocket-protocol"];
  if (request.headers.upgrade === undefined || protocols === undefined) return undefined;
  return protocols
    .split(",")
    .map((each) => each.trim())
    .find((each) => each.startsWith(inProtocol))
    ?.slice(inProtocol.length);
}

/**
 * Finds who asks. Wrong tokens are not counted against their address: 256 bits are not guessed, and a count would lock
 * out whoever shares the address with a program that has an old one.
 */
export function authenticator(identity: Identity): (request: FastifyRequest) => Promise<Caller> {
  return async (request) => {
    const token = tokenOf(request);
    if (token === undefined) throw new PolyvisorError("notSignedIn", { detail: "the request has no token" });
    return identity.caller(token, request.ip);
  };
}

/**
 * Whether what a token opened may stay open: asked again from time to time, because a revocation must end it. A
 * database that is down ends nothing.
 * @returns who it is; true where nobody can tell
 */
export async function stillSignedIn(identity: Identity, request: FastifyRequest): Promise<Caller | boolean> {
  try {
    return await identity.caller(tokenOf(request) ?? "");
  } catch (error) {
    return !(error instanceof PolyvisorError && error.code === "notSignedIn");
  }
}
