import { createHash } from "node:crypto";
import { isIP } from "node:net";
import { PolyvisorError } from "@polyvisor/model";
import type { FastifyRequest } from "fastify";
import type { Secrets } from "../controlPlane.ts";

/** Says from where a request came that a server passes on to another one. Such a request is not passed on again. */
export const passedOnHeader = "x-polyvisor-passed-on";

/**
 * Tells the server that gets a request from whom it came, sealed with the key that all servers of the site share.
 * Sealed for this request alone: for its method, its path, the token that it carries and the server it goes to, so that
 * who has read it can say no more with it than was said.
 * @param to the server's id
 */
export function sealPassedOn(secrets: Secrets, request: FastifyRequest, to: string): string {
  return secrets.seal(request.ip, contextOf(request, to)).toString("base64url");
}

/**
 * From where a request came to the server that passed it on; undefined where none did.
 * @throws PolyvisorError `badRequest` for a header that no server of the site made for this request
 */
export function openPassedOn(secrets: Secrets, request: FastifyRequest, self: string): string | undefined {
  const sealed = request.headers[passedOnHeader];
  if (sealed === undefined) return undefined;
  try {
    if (typeof sealed !== "string" || sealed.length > 1024) throw new Error("not ours");
    const address = secrets.open(Buffer.from(sealed, "base64url"), contextOf(request, self));
    if (isIP(address.split("%", 1)[0]!) === 0) throw new Error("no address");
    return address;
  } catch (error) {
    throw new PolyvisorError("badRequest", {
      detail: "only servers of this site say from where they pass a request on",
      where: "header X-Polyvisor-Passed-On",
      remedy: "Leave the header out.",
      cause: error,
    });
  }
}

function contextOf({ raw, headers }: FastifyRequest, to: string): string {
  const token = createHash("sha256")
    .update(`${headers.authorization ?? ""}\n${headers["sec-websocket-protocol"] ?? ""}`)
    .digest("hex");
  return `request passed on to ${to}: ${raw.method} ${raw.url} ${token}`;
}
