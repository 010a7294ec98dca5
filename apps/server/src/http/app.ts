import { randomBytes } from "node:crypto";
import helmet from "@fastify/helmet";
import { apiBase, routePaths, contracts, type Contract } from "@polyvisor/api";
import { PolyvisorError } from "@polyvisor/model";
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest, type FastifyServerFactory } from "fastify";
import { gate } from "../access/gate.ts";
import { auditRefusal } from "../audit/requestAudit.ts";
import { registerMetrics } from "../metrics/registerMetrics.ts";
import type { ServerTls } from "../tls/serverTls.ts";
import { authenticator } from "./authenticate.ts";
import { registerConsolePages } from "./consolePages.ts";
import { clientAddress } from "./clientAddress.ts";
import { registerConsole, takeWebSockets } from "./consoleSocket.ts";
import { eventStreamHandler, standardTimes, type StreamTimes } from "./eventStream.ts";
import type { Handlers, Services } from "./handler.ts";
import { accountHandlers } from "./handlers/accountHandlers.ts";
import { auditHandlers } from "./handlers/auditHandlers.ts";
import { filterHandlers } from "./handlers/filterHandlers.ts";
import { historyHandlers } from "./handlers/historyHandlers.ts";
import { hostHandlers } from "./handlers/hostHandlers.ts";
import { identityHandlers } from "./handlers/identityHandlers.ts";
import { operationHandlers } from "./handlers/operationHandlers.ts";
import { permissionHandlers } from "./handlers/permissionHandlers.ts";
import { placeHandlers } from "./handlers/placeHandlers.ts";
import { serverHandlers } from "./handlers/serverHandlers.ts";
import { signInHandlers } from "./handlers/signInHandlers.ts";
import { taskHandlers } from "./handlers/taskHandlers.ts";
import { vmHandlers } from "./handlers/vmHandlers.ts";
import { registerHealth } from "./health.ts";
import { takeJson } from "./jsonBody.ts";
import { hostCheck } from "./hostHeader.ts";
import { httpsServer } from "./httpsServer.ts";
import { contentSecurityPolicy, landingPage, registerProblemPages } from "./landing.ts";
import { bodyLimit, operatorError, problemOf, sendProblem } from "./problem.ts";
import { openPassedOn } from "./passedOn.ts";
import { peerProxy } from "./peerProxy.ts";
import { registerRoutes } from "./register.ts";
import { RequestKeys } from "./requestKeys.ts";
import { takeSessionCookie } from "./sessionCookie.ts";
import { unusedConnections } from "./unusedConnections.ts";

/** A body must be here by then, uploads of volumes excepted: who sends a byte a minute holds no place. */
const bodyMs = 60_000;

/** The whole HTTP side, made of the contract; ready to listen or to be injected. */
export async function buildApp(
  services: Services,
  names: readonly string[] = [],
  times: StreamTimes = standardTimes,
  tls?: ServerTls,
): Promise<FastifyInstance> {
  const { identity, log, version, audit, access } = services;
  const app = fastify({
    bodyLimit,
    ...(tls === undefined ? {} : { serverFactory: ((handler, options) => httpsServer(tls, options, handler, services.url)) as FastifyServerFactory }),
    genReqId: () => randomBytes(9).toString("base64url"),
    routerOptions: { maxParamLength: 1024, ignoreTrailingSlash: false },
    forceCloseConnections: "idle",
    frameworkErrors: (error, request, reply) => sendProblem(error, request as FastifyRequest, reply as unknown as FastifyReply, log),
    clientErrorHandler: (error, socket) => {
      if (error.code === "ECONNRESET" || !socket.writable) return socket.destroy();
      const text = JSON.stringify(
        problemOf(operatorError(new PolyvisorError("badRequest", { detail: "this is not HTTP/1.1, or its headers are too long" })), "none"),
      );
      socket.end(
        `HTTP/1.1 400 Bad Request\r\nContent-Type: application/problem+json\r\nContent-Length: ${Buffer.byteLength(text)}\r\nConnection: close\r\n\r\n${text}`,
      );
    },
  });
  app.server.maxHeadersCount = 100;
  const endUnused = unusedConnections(app.server);
  app.addHook("preClose", async () => endUnused());
  app.decorateRequest("caller", undefined);
  app.decorateRequest("passedOn", false);
  app.setErrorHandler((error, request, reply) => {
    const { route } = request.routeOptions.config;
    const asked = { params: request.params, caller: request.caller, address: request.ip, requestId: request.id };
    if (route !== undefined) auditRefusal(audit, { ...asked, route }, operatorError(error));
    sendProblem(error, request, reply, log);
  });
  app.setNotFoundHandler((request, reply) => sendProblem(unknownPath(request, reply), request, reply, log));

  await takeWebSockets(app, log);
  await app.register(helmet, {
    contentSecurityPolicy,
    // A browser holds on to it for every port of the name: only a certificate of the site's is known to last.
    strictTransportSecurity: tls?.kind === "site" ? { maxAge: 180 * 86_400, includeSubDomains: false } : false,
    crossOriginResourcePolicy: { policy: "same-origin" },
    frameguard: { action: "deny" },
    referrerPolicy: { policy: "no-referrer" },
  });
  const checkHost = hostCheck(names);
  const callerOf = authenticator(identity);
  const passOn = peerProxy(services.control, access.secrets, (route, request) => void gate(access, route, request), services.stopping);
  app.addHook("onRequest", async (request, reply) => {
    reply.header("x-request-id", request.id);
    // Node hands the connection of an upgrade over for good: after a refusal no second request is read from it.
    if (request.headers.upgrade !== undefined) reply.header("connection", "close");
    checkHost(request);
    takeSessionCookie(request);
    const client = clientAddress(request.ip, request.headers, services.proxies);
    // Who it came from is who asked the server that passed it on.
    const address = openPassedOn(access.secrets, request, services.serverId);
    request.passedOn = address === undefined && client.passedOn;
    Object.defineProperty(request, "ip", { value: address ?? client.address });
    const { route } = request.routeOptions.config;
    if (route === undefined) return;
    reply.header("cache-control", "private, no-cache");
    const contract: Contract = contracts[route];
    if (contract.who === "account") request.caller = await callerOf(request);
    refusePacked(request);
    if (route !== "volumeWrite" && hasBody(request)) limitBodyTime(request);
    if (await passOn(request, reply)) return reply;
  });
  app.addHook("onResponse", async (request, reply) => {
    log.debug(
      {
        requestId: request.id,
        method: request.method,
        route: request.routeOptions.url,
        status: reply.statusCode,
        ms: Math.round(reply.elapsedTime * 10) / 10,
        account: request.caller?.account,
      },
      "answered",
    );
  });

  const handlers: Handlers = {
    ...serverHandlers(services),
    ...operationHandlers(services),
    ...identityHandlers(services),
    ...accountHandlers(services),
    ...signInHandlers(services, names),
    ...filterHandlers(services),
    ...permissionHandlers(services),
    ...hostHandlers(services),
    ...vmHandlers(services),
    ...placeHandlers(services),
    ...taskHandlers(services),
    ...historyHandlers(services),
    ...auditHandlers(services),
    ...eventStreamHandler(services, times),
  };
  const keys = await RequestKeys.open({ pool: access.store.pool, secrets: access.secrets, serverId: services.serverId, log });
  app.addHook("onClose", async () => keys.close());
  takeJson(app);
  registerRoutes(app, handlers, audit, access, keys, (route) => route !== "volumeWrite" && contracts[route].status !== 101);
  await app.register(async (uploads) => {
    uploads.removeAllContentTypeParsers();
    uploads.addContentTypeParser("application/octet-stream", (_request, payload, done) => done(null, payload)); // as it comes
    registerRoutes(uploads, handlers, audit, access, keys, (route) => route === "volumeWrite");
  });
  registerConsole(app, services, times);
  await registerMetrics(app, services, async (request) => access.viewer(await callerOf(request)).must("metrics.view"));
  registerHealth(app, services);
  registerProblemPages(app);
  registerConsolePages(app, landingPage(version));
  return app;
}

/** Bodies come as they are: what is small when it is packed may have any size when it is not. */
function refusePacked({ headers }: FastifyRequest): void {
  const encoding = headers["content-encoding"];
  if (encoding !== undefined && encoding.toLowerCase() !== "identity")
    throw new PolyvisorError("unsupportedMedia", {
      detail: "a body is taken as it is, without Content-Encoding",
      where: "header Content-Encoding",
      remedy: "Send it unpacked.",
    });
}

const hasBody = (request: FastifyRequest): boolean => request.headers["transfer-encoding"] !== undefined || Number(request.headers["content-length"] ?? 0) > 0;

function limitBodyTime(request: FastifyRequest): void {
  const timer = setTimeout(() => request.raw.destroy(), bodyMs).unref();
  request.raw.once("close", () => clearTimeout(timer)).once("end", () => clearTimeout(timer));
}

const patterns = Object.values(routePaths).map(([method, path]) => ({
  method,
  pattern: new RegExp(`^${apiBase}${path.replace(/:\w+/g, "[^/]+").replace(/\./g, "\\.")}$`),
}));

/** No such path, or none that takes this method. */
function unknownPath(request: FastifyRequest, reply: FastifyReply): PolyvisorError {
  const path = request.url.split("?", 1)[0]!;
  const methods = [...new Set(patterns.filter((each) => each.pattern.test(path)).map((each) => each.method as string))];
  // A path that takes this method and yet came here has a name in it that is longer than any: the router passed it on to the console's pages.
  if (methods.length === 0 || methods.includes(request.method))
    return new PolyvisorError("notFound", {
      detail: "there is nothing at this path",
      where: "path",
      remedy: `See the API's description at ${apiBase}/openapi.json.`,
    });
  reply.header("allow", methods.join(", "));
  return new PolyvisorError("methodNotAllowed", { detail: `this path takes ${methods.join(", ")}` });
}
