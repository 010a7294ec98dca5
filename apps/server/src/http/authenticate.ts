import { PolyvisorError } from "@polyvisor/model";
import type { FastifyRequest } from "fastify";
import { addressKey, Attempts } from "../identity/attempts.ts";
import type { Identity } from "../identity/identity.ts";
import type { Caller } from "../identity/tokenCache.ts";

const inProtocol = "polyvisor.token.";

/** The token of a request: of Authorization, or, because a browser's WebSocket cannot set headers, of a subprotocol. */
function tokenOf(request: FastifyRequest): string | undefined {
  const { authorization } = request.headers;
  if (authorization !== undefined) return /^Bearer +(\S+)$/i.exec(authorization)?.[1] ?? "";
  const protocols = request.headers["sec-websocket-protocol"];
  if (request.headers.upgrade === undefined || protocols === undefined) return undefined;
  return protocols.split(",").map((each) => each.trim()).find((each) => each.startsWith(inProtocol))?.slice(inProtocol.length);
}

/** Finds who asks. Wrong tokens are counted by address; asking without one costs nothing and gives nothing. */
export function authenticator(identity: Identity): (request: FastifyRequest) => Promise<Caller> {
  const wrong = new Attempts({ burst: 60, secondsEach: 1 });
  return async (request) => {
    const token = tokenOf(request);
    if (token === undefined) throw new PolyvisorError("notSignedIn", { detail: "the request has no token" });
    const from = addressKey(request.ip);
    wrong.take(from, "requests with a wrong token from this address");
    try {
      const caller = await identity.caller(token);
      wrong.giveBack(from);
      return caller;
    } catch (error) {
      if (!(error instanceof PolyvisorError && error.code === "notSignedIn")) wrong.giveBack(from);
      throw error;
    }
  };
}
