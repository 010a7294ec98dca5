import websocket from "@fastify/websocket";
import { apiBase, contracts, routePaths } from "@polyvisor/api";
import type { ByteChannel } from "@polyvisor/hypervisors";
import { PolyvisorError } from "@polyvisor/model";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { Logger } from "pino";
import { gate } from "../access/gate.ts";
import type { AuditDraft } from "../audit/appendAudit.ts";
import { auditRefusal } from "../audit/requestAudit.ts";
import { stillSignedIn } from "./authenticate.ts";
import type { StreamTimes } from "./eventStream.ts";
import type { Call, Services } from "./handler.ts";
import { objectOf } from "./handlers/pageOf.ts";
import { operatorError } from "./problem.ts";
import { callOf } from "./register.ts";
import { comeAgain, shortReason } from "./wholeFrames.ts";

/** How long a client may take to say goodbye when the server stops. */
const goodbyeMs = 2_000;
/** One message of a client: a paste or a screen update request; far more than either. */
const longestMessage = 1024 ** 2;

declare module "fastify" {
  interface FastifyRequest {
    consoleChannel: ByteChannel | undefined;
    /** What the audit log tells of it, at its begin and its end. */
    consoleEntry: Omit<AuditDraft, "action" | "outcome"> | undefined;
    /** Why it was not opened, for who asked to be told in a close frame. */
    consoleRefusal: PolyvisorError | undefined;
  }
}

/** Must come before any hook that may refuse a request: the plugin's own hook is what ends a refused upgrade's connection. */
export async function takeWebSockets(app: FastifyInstance, log: Logger): Promise<void> {
  await app.register(websocket, {
    options: {
      maxPayload: longestMessage,
      perMessageDeflate: false,
      handleProtocols: (offered: Set<string>) => (offered.has("polyvisor") ? "polyvisor" : false),
    },
    errorHandler: (error, socket) => {
      log.debug({ error: error.message }, "a console's WebSocket failed");
      socket.terminate();
    },
  });
}

/**
 * A VM's console over a WebSocket of binary messages. The console is opened before the upgrade, so that a refusal is
 * an ordinary problem with its status. Neither side is read faster than the other takes.
 */
export function registerConsole(app: FastifyInstance, { control, access, identity, audit, stopping }: Services, times: StreamTimes): void {
  /** Rights that were taken back end what stands open, as a token that was revoked does. */
  const stillMay = async (request: FastifyRequest): Promise<boolean> => {
    const caller = await stillSignedIn(identity, request);
    if (typeof caller === "boolean") return caller;
    const vm = control.estate.get("vm", request.consoleEntry!.object!);
    return vm === undefined || access.viewer(caller).may("vm.console", vm);
  };
  /** Whether another server looks after the VM's host by now. */
  const handedOver = (vmId: string): boolean => {
    const vm = control.estate.get("vm", vmId);
    return vm !== undefined && !control.cluster.holds(vm.hostId);
  };
  const open = async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    gate(access, "vmConsole", request);
    const { params, query } = callOf(contracts.vmConsole, request, reply) as unknown as Call<"vmConsole">;
    if (!request.ws) throw new PolyvisorError("badRequest", { detail: "a console is a WebSocket; this was an ordinary request", where: "header Upgrade" });
    const vm = objectOf(control.estate, "vm", params.id);
    const { caller, ip, id } = request;
    const entry = {
      by: caller?.account,
      token: caller?.tokenId,
      from: ip,
      request: id,
      object: vm.id,
      name: vm.name,
      details: { kind: query.kind, ...(query.force ? { force: true } : {}) },
    };
    await audit.must({ action: "console.begin", outcome: "done", ...entry });
    request.consoleEntry = entry;
    const channel = await control.hosts.hypervisor(vm.hostId).console(vm.nativeId, { kind: query.kind, alias: query.alias, force: query.force });
    request.consoleChannel = channel;
    // The client may have gone meanwhile, or its upgrade may be none: then nobody else would ever close it.
    request.raw.socket.once("close", () => {
      channel.close();
      void audit.record({ action: "console.end", outcome: "done", ...entry });
    });
    if (request.raw.socket.destroyed) channel.close();
  };
  app.decorateRequest("consoleChannel", undefined);
  app.decorateRequest("consoleRefusal", undefined);
  app.decorateRequest("consoleEntry", undefined);
  app.route({
    method: "GET",
    url: apiBase + routePaths.vmConsole[1],
    config: { route: "vmConsole" },
    exposeHeadRoute: false,
    preHandler: async (request, reply) => {
      try {
        await open(request, reply);
      } catch (error) {
        const known = operatorError(error);
        if (request.consoleEntry) void audit.record({ action: "console.end", outcome: "failed", code: known.code, ...request.consoleEntry });
        // A browser shows no page what a refused upgrade said: it is told behind the upgrade.
        if (!request.ws || (request.query as { refusal?: unknown }).refusal !== "frame") throw error;
        if (!request.consoleEntry) auditRefusal(audit, auditedRequest(request), known);
        request.consoleRefusal = known;
      }
    },
    handler: async () => undefined, // an ordinary request never comes here
    wsHandler: (socket, request) =>
      request.consoleRefusal
        ? refuse(socket, request.consoleRefusal)
        : bridge(socket, request, stopping, times.heartbeatMs, () => stillMay(request), handedOver),
  });
}

type Socket = import("@fastify/websocket").WebSocket;

async function bridge(
  socket: Socket,
  request: FastifyRequest,
  stopping: AbortSignal,
  heartbeatMs: number,
  stillAllowed: () => Promise<boolean>,
  handedOver: (vmId: string) => boolean,
): Promise<void> {
  const channel = request.consoleChannel!;
  let answered = true;
  const timer = setInterval(() => {
    if (!answered) return socket.terminate();
    answered = false;
    socket.ping();
    void stillAllowed().then((still) => still || end(socket, 1008, "you are not signed in any more, or may not use this console any more"));
  }, heartbeatMs);
  const stop = (): void => {
    end(socket, comeAgain, "the server stops");
    setTimeout(() => socket.terminate(), goodbyeMs).unref();
  };
  stopping.addEventListener("abort", stop, { once: true });

  let writing: Promise<void> = Promise.resolve();
  let queued = 0;
  socket.on("pong", () => (answered = true));
  socket.on("message", (data: Buffer) => {
    // Not read on until the guest took it. What arrived with it in one piece is queued; it is bounded by one read.
    if (queued++ === 0) socket.pause();
    writing = writing
      .then(() => channel.write(data))
      .then(
        () => void (--queued === 0 && socket.resume()),
        (error: unknown) => end(socket, 1011, operatorError(error).detail),
      );
  });
  socket.on("close", () => channel.close());
  if (socket.readyState !== socket.OPEN) channel.close();

  const over = (code: number, reason: string): void => {
    if (stopping.aborted) return; // that was told
    if (handedOver(request.consoleEntry!.object!)) end(socket, comeAgain, "another server looks after the host now");
    else end(socket, code, reason);
  };
  try {
    for await (const chunk of channel.readable) {
      await new Promise<void>((resolve, reject) => socket.send(chunk, { binary: true }, (error?: Error | null) => (error ? reject(error) : resolve())));
    }
    over(1000, "the console was closed on its host");
  } catch (error) {
    over(1011, operatorError(error).detail);
  } finally {
    clearInterval(timer);
    stopping.removeEventListener("abort", stop);
    channel.close();
  }
}

/** Codes from 4000 on are for applications (RFC 6455 section 7.4.2): the HTTP status that an ordinary request would have got. */
function refuse(socket: Socket, { code, status, detail }: PolyvisorError): void {
  end(socket, 4000 + status, `${code}: ${detail}`);
  setTimeout(() => socket.terminate(), goodbyeMs).unref();
}

const auditedRequest = ({ params, caller, ip, id }: FastifyRequest) => ({
  route: "vmConsole" as const,
  params,
  body: undefined,
  caller,
  address: ip,
  requestId: id,
});

function end(socket: Socket, code: number, reason: string): void {
  socket.close(code, shortReason(reason));
}
