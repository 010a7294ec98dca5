import { Readable } from "node:stream";
import { apiBase, contracts, routePaths, type Contract, type RouteName } from "@polyvisor/api";
import { PolyvisorError } from "@polyvisor/model";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { z } from "zod";
import type { Access } from "../access/access.ts";
import { gate } from "../access/gate.ts";
import type { AuditLog } from "../audit/auditLog.ts";
import type { AuditTicket } from "../audit/auditTicket.ts";
import { audited } from "../audit/requestAudit.ts";
import { asActor, type Actor } from "../history/actor.ts";
import type { Caller } from "../identity/tokenCache.ts";
import { entityTag, ifMatchRevision, noneMatch, projection, revisionOf } from "./entity.ts";
import type { Call, Handlers, RawAnswer, SocketRoute } from "./handler.ts";
import { validate } from "./validate.ts";

declare module "fastify" {
  interface FastifyContextConfig {
    /** Name in the contract. */
    route?: RouteName;
  }
  interface FastifyRequest {
    caller: Caller | undefined;
  }
}

/** Routes whose answers are secrets: never kept by anything in between. */
const secret = new Set<RouteName>(["sessionCreate", "tokenCreate", "signInCodeCreate"]);
/** What a body of someone who is not signed in may have: a name and a pass phrase in JSON's longest spelling. */
const anonymousLimit = 64 * 1024;
/** A body may be left out or empty where the contract has none. */
const nothing = z.union([z.undefined(), z.null(), z.strictObject({})]);
const noQuery = z.strictObject({});
const keySchema = /^[\x21-\x7e]{1,255}$/;

/** Who a caller is to the history. */
const actorOf = ({ account, use }: Caller, address: string, ticket: AuditTicket | undefined): Actor => ({
  by: account,
  origin: use === "local" ? "cli" : `api ${address}`,
  ticket,
});

/** Checks a request by its contract. */
export function callOf(contract: Contract, request: FastifyRequest, reply: FastifyReply): Call<RouteName> {
  const key = request.headers["idempotency-key"];
  if (key !== undefined && (typeof key !== "string" || !keySchema.test(key)))
    throw new PolyvisorError("badRequest", { detail: "an Idempotency-Key has 1 to 255 visible ASCII characters", where: "header Idempotency-Key" });
  const isStream = request.body instanceof Readable;
  if (!isStream && contract.body === undefined) validate(nothing, request.body, "body");
  return {
    params: contract.params ? validate(contract.params, request.params, "path") : undefined,
    query: validate(contract.query ?? noQuery, request.query, "query"),
    body: contract.body ? validate(contract.body, request.body, "body") : undefined,
    caller: request.caller,
    ifRevision: ifMatchRevision(request.headers["if-match"]),
    idempotencyKey: key,
    request,
    reply,
  } as Call<RouteName>;
}

/** The item schema of a page, or the schema of a single object. */
function itemSchema(contract: Contract): z.ZodType | undefined {
  const { response } = contract;
  if (!(response instanceof z.ZodObject)) return response;
  const { items } = response.shape as { items?: z.ZodType };
  return items instanceof z.ZodArray ? (items.element as z.ZodType) : response;
}

/** Registers every route of the contract with its handler; WebSockets and uploads have their own doors. */
export function registerRoutes(app: FastifyInstance, handlers: Handlers, audit: AuditLog, access: Access, which: (route: RouteName) => boolean): void {
  for (const [name, [method, path]] of Object.entries(routePaths) as [RouteName, readonly [string, string]][]) {
    if (!which(name)) continue;
    const contract: Contract = contracts[name];
    const handler = handlers[name as Exclude<RouteName, SocketRoute>] as (call: Call<RouteName>) => unknown;
    const items = itemSchema(contract);
    app.route({
      method: method as "GET",
      url: apiBase + path,
      config: { route: name },
      ...(contract.who === "anyone" ? { bodyLimit: anonymousLimit } : {}),
      // An answer that flows for ever has no length to tell of.
      exposeHeadRoute: method === "GET" && contract.response !== undefined,
      handler: async (request, reply) => {
        const viewer = gate(access, name, request);
        const call = { ...callOf(contract, request, reply), viewer } as Call<RouteName>;
        const project = items && projection((call.query as { fields?: string } | undefined)?.fields, items);
        const { caller, ip } = request;
        const answer = await audited(audit, { route: name, params: call.params, body: call.body, caller, address: ip, requestId: request.id }, (ticket) =>
          caller ? asActor(actorOf(caller, ip, ticket), () => handler(call)) : handler(call),
        );
        if (answer === "sent") return reply;
        reply.code(contract.status);
        if (secret.has(name)) reply.header("cache-control", "no-store");
        if (contract.response === undefined) {
          if (contract.status === 204) return reply.send();
          const { type, body } = answer as RawAnswer;
          return reply.type(type).send(body);
        }
        const revision = revisionOf(answer);
        if (revision !== undefined) {
          const tag = entityTag(revision);
          reply.header("etag", tag);
          if (method === "GET" && noneMatch(request.headers["if-none-match"], tag)) return reply.code(304).send();
        }
        const shown =
          project && Array.isArray((answer as { items?: unknown[] }).items)
            ? { ...(answer as object), items: (answer as { items: Record<string, unknown>[] }).items.map(project) }
            : answer;
        return reply.type("application/json").send(JSON.stringify(shown));
      },
    });
  }
}
