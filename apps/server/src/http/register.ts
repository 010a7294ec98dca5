import { Readable } from "node:stream";
import { apiBase, contracts, routePaths, type Contract, type RouteName } from "@polyvisor/api";
import { PolyvisorError } from "@polyvisor/model";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { z } from "zod";
import type { Access } from "../access/access.ts";
import { gate } from "../access/gate.ts";
import type { Viewer } from "../access/viewer.ts";
import type { AuditLog } from "../audit/auditLog.ts";
import type { AuditTicket } from "../audit/auditTicket.ts";
import { audited } from "../audit/requestAudit.ts";
import { asActor, type Actor } from "../history/actor.ts";
import type { Caller } from "../identity/tokenCache.ts";
import { afterUnknown, keyedRequest, secretRoutes } from "./keyed.ts";
import { refuseIfMatch } from "./preconditions.ts";
import type { KeptAnswer, KeyedRequest, MarkKept, RequestKeys } from "./requestKeys.ts";
import { beyondRevision, entityTag, ifMatchRevision, noneMatch, projection, revisionOf } from "./entity.ts";
import type { Call, Handlers, RawAnswer, SocketRoute } from "./handler.ts";
import { validate } from "./validate.ts";

declare module "fastify" {
  interface FastifyContextConfig {
    /** Name in the contract. */
    route?: RouteName;
  }
  interface FastifyRequest {
    caller: Caller | undefined;
    /** Something in between passed it on, and `ip` is (or may be) that one's address. */
    passedOn: boolean;
  }
}

/** What a body of someone who is not signed in may have: a name and a pass phrase in JSON's longest spelling. */
const anonymousLimit = 64 * 1024;
/** A body may be left out or empty where the contract has none. */
const nothing = z.union([z.undefined(), z.null(), z.strictObject({})]);
const noQuery = z.strictObject({});
const keySchema = /^[\x21-\x7e]{1,255}$/;

/** Who a caller is to the history. */
const actorOf = ({ account, use }: Caller, address: string, ticket: AuditTicket | undefined, mark: MarkKept | undefined): Actor => ({
  by: account,
  origin: use === "local" ? "cli" : `api ${address}`,
  ticket,
  mark,
});

/** Checks a request by its contract. */
export function callOf(contract: Contract, request: FastifyRequest, reply: FastifyReply): Call<RouteName> {
  const key = request.headers["idempotency-key"];
  if (key !== undefined && (typeof key !== "string" || !keySchema.test(key)))
    throw new PolyvisorError("badRequest", { detail: "an Idempotency-Key has 1 to 255 visible ASCII characters", where: "header Idempotency-Key" });
  refuseIfMatch(request.routeOptions.config.route!, request.headers["if-match"]);
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

/** An answer in JSON or none, with its headers. */
function keptAnswer(contract: Contract, answer: unknown, reply: FastifyReply): KeptAnswer {
  const revision = revisionOf(answer);
  const location = reply.getHeader("location");
  return {
    status: contract.status,
    body: contract.response === undefined ? undefined : JSON.stringify(answer),
    etag: revision === undefined ? undefined : entityTag(revision),
    location: typeof location === "string" ? location : undefined,
  };
}

function sendKept({ status, body, etag, location }: KeptAnswer, repeated: boolean, reply: FastifyReply): FastifyReply {
  reply.code(status);
  if (etag !== undefined) reply.header("etag", etag);
  if (location !== undefined) reply.header("location", location);
  if (repeated) reply.header("idempotency-replayed", "true");
  return body === undefined ? reply.send() : reply.type("application/json").send(body);
}

/** What the gate says. Who deleted an object and lost the answer no longer finds it, and is told that it is gone as he wished. */
async function passed(access: Access, keys: RequestKeys, name: RouteName, request: FastifyRequest): Promise<Viewer | KeptAnswer | undefined> {
  try {
    return gate(access, name, request);
  } catch (error) {
    const key = request.headers["idempotency-key"];
    if (!(error instanceof PolyvisorError) || error.code !== "notFound" || routePaths[name][0] !== "DELETE" || typeof key !== "string") throw error;
    const keyed = keyedRequest(name, request, key, access.estate);
    const before = keyed && (await keys.before(keyed));
    if (!before) throw error;
    return before;
  }
}

/** Registers every route of the contract with its handler; WebSockets and uploads have their own doors. */
export function registerRoutes(
  app: FastifyInstance,
  handlers: Handlers,
  audit: AuditLog,
  access: Access,
  keys: RequestKeys,
  which: (route: RouteName) => boolean,
): void {
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
        const viewer = await passed(access, keys, name, request);
        if (viewer !== undefined && "status" in viewer) return sendKept(viewer, true, reply);
        const call = { ...callOf(contract, request, reply), viewer } as Call<RouteName>;
        const project = items && projection((call.query as { fields?: string } | undefined)?.fields, items);
        const { caller, ip } = request;
        const work = async (mark?: MarkKept): Promise<unknown> =>
          audited(audit, { route: name, params: call.params, body: call.body, caller, address: ip, requestId: request.id }, (ticket) =>
            caller ? asActor(actorOf(caller, ip, ticket, mark), () => handler(call)) : handler(call),
          );
        if (secretRoutes.has(name) || beyondRevision.has(name)) reply.header("cache-control", "no-store");
        const keyed = keyedRequest(name, request, call.idempotencyKey, access.estate);
        if (keyed) {
          const { answer, repeated } = await keys.once(keyed, (mark, anew) => carriedOut(keyed, contract, anew, reply, () => work(mark)));
          return sendKept(answer, repeated, reply);
        }
        const answer = await work();
        if (answer === "sent") return reply;
        reply.code(contract.status);
        if (contract.response === undefined) {
          if (contract.status === 204) return reply.send();
          const { type, body } = answer as RawAnswer;
          return reply.type(type).send(body);
        }
        const revision = revisionOf(answer);
        if (revision !== undefined) {
          const tag = entityTag(revision);
          reply.header("etag", tag);
          if (method === "GET" && !beyondRevision.has(name) && noneMatch(request.headers["if-none-match"], tag)) return reply.code(304).send();
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

async function carriedOut({ route }: KeyedRequest, contract: Contract, anew: boolean, reply: FastifyReply, work: () => Promise<unknown>): Promise<KeptAnswer> {
  try {
    return keptAnswer(contract, await work(), reply);
  } catch (error) {
    const kept = anew ? afterUnknown(route as RouteName, error) : undefined;
    if (!kept) throw error;
    return kept;
  }
}
