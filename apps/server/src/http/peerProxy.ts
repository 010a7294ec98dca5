import { X509Certificate } from "node:crypto";
import { request as httpRequest, type ClientRequest, type IncomingHttpHeaders, type IncomingMessage, type RequestOptions } from "node:http";
import { request as httpsRequest, type RequestOptions as TlsOptions } from "node:https";
import { Transform, type Duplex } from "node:stream";
import type { RouteName } from "@polyvisor/api";
import { PolyvisorError } from "@polyvisor/model";
import type { FastifyReply, FastifyRequest } from "fastify";
import type { Peer } from "../cluster/cluster.ts";
import type { ControlPlane, EstateKind, Secrets } from "../controlPlane.ts";
import { passedOnHeader, sealPassedOn } from "./passedOn.ts";
import { closeFrame, comeAgain, WholeFrames } from "./wholeFrames.ts";

/** Routes that are answered over the connection to a host, with the kind of object that their path names. */
const overConnection: Partial<Record<RouteName, EstateKind>> = {
  vmDefinition: "vm",
  vmScreenshot: "vm",
  vmConsole: "vm",
  volumeRead: "datastore",
  volumeWrite: "datastore",
  hostReconnect: "host",
};
/** RFC 9110 section 7.6.1: for one connection only. */
const hopByHop: ReadonlySet<string> = new Set([
  "connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "te",
  "trailer",
  "upgrade",
  passedOnHeader,
]);
const connectMs = 10_000;
/** How often it is looked whether the other server still gives signs of life; one that merely stands still cuts no connection. */
const lookMs = 1_000;
/** How long the client of a console that ended may take to say goodbye. */
const goodbyeMs = 2_000;

type Parts = Pick<ControlPlane, "estate"> & { cluster: Pick<ControlPlane["cluster"], "holds" | "holderOf" | "isLive"> };

/**
 * Passes a request that needs the connection to a host to the server that has it, as it came and with the caller's own
 * token, which is good at every server.
 * @param admit the gate; throws what the caller is to be told
 * @param stopping aborted when this server stops: consoles that are passed on end, and say so
 * @returns whether it did; `false` where this server answers itself
 */
export function peerProxy(
  { cluster, estate }: Parts,
  secrets: Secrets,
  admit: (route: RouteName, request: FastifyRequest) => void,
  stopping: AbortSignal,
): (request: FastifyRequest, reply: FastifyReply) => Promise<boolean> {
  return async (request, reply) => {
    const { route } = request.routeOptions.config;
    const kind = route === undefined ? undefined : overConnection[route];
    if (kind === undefined) return false;
    const hostId = hostOf(estate, kind, (request.params as { id?: string }).id ?? "");
    if (hostId === undefined || cluster.holds(hostId) || estate.get("host", hostId)?.connection.state === "disabled") return false;
    const peer = request.headers[passedOnHeader] === undefined ? await cluster.holderOf(hostId) : undefined;
    admit(route!, request); // who may not see it learns nothing of who looks after it
    if (!peer || peer.url === "") throw nobody("the host is being handed from one server to another");
    await pass(peer, request, reply, sealPassedOn(secrets, request, peer.id), () => cluster.isLive(peer.id), stopping);
    return true;
  };
}

/** What cannot be found is refused by the route itself. */
function hostOf(estate: ControlPlane["estate"], kind: EstateKind, ref: string): string | undefined {
  try {
    const object = estate.find(kind, ref);
    return object.kind === "host" ? object.id : object.hostId;
  } catch {
    return undefined;
  }
}

const nobody = (detail: string, cause?: unknown): PolyvisorError =>
  new PolyvisorError("starting", { detail, remedy: "Try again in a few seconds; any of the servers will do.", cause });

/** The certificate that a server showed when it came in, and no other one, whoever signed it: names say nothing here. */
function pinned(certificate: string | undefined): TlsOptions {
  const leaf = new X509Certificate(certificate ?? "");
  return {
    ca: leaf.toString(),
    allowPartialTrustChain: true,
    checkServerIdentity: (_name, { fingerprint256 }) => (fingerprint256 === leaf.fingerprint256 ? undefined : new Error("it shows another certificate")),
  };
}

function send(peer: Peer, raw: IncomingMessage, origin: string): ClientRequest {
  const url = new URL(peer.url);
  // Kept alive by name, and yet used once: who closes right behind an early answer makes it be lost by a reset.
  const again = raw.headers.upgrade === undefined ? { connection: "keep-alive" } : { connection: "Upgrade", upgrade: raw.headers.upgrade };
  const headers = { ...endToEnd(raw.headers), host: url.host, [passedOnHeader]: origin, ...again };
  const options: RequestOptions = { host: url.hostname.replace(/^\[|\]$/g, ""), port: url.port, method: raw.method, path: raw.url, headers, agent: false };
  return url.protocol === "https:" ? httpsRequest({ ...options, ...pinned(peer.certificate) }) : httpRequest(options);
}

/** Resolves when the answer has begun; both directions then flow on at the pace of who takes them. */
async function pass(peer: Peer, request: FastifyRequest, reply: FastifyReply, origin: string, isLive: () => boolean, stopping: AbortSignal): Promise<void> {
  const { raw } = request;
  const upgrades = raw.headers.upgrade !== undefined;
  const onward = send(peer, raw, origin);
  let reached = false;
  const timer = setTimeout(() => onward.destroy(new Error("no connection in time")), connectMs);
  /** Where it is a console: an upgraded request does not end its connection any more. */
  let far: Duplex | undefined;
  const watch = setInterval(() => isLive() || (far ?? onward).destroy(new Error("it gives no sign of life")), lookMs);
  onward.once("socket", (socket) =>
    socket.once(peer.url.startsWith("https:") ? "secureConnect" : "connect", () => {
      reached = true;
      clearTimeout(timer);
    }),
  );
  onward.once("close", () => {
    clearTimeout(timer);
    if (!upgrades) clearInterval(watch);
  });
  reply.raw.once("close", () => onward.destroy());
  raw.once("close", () => raw.complete || onward.destroy());
  raw.socket.once("close", () => {
    clearInterval(watch);
    (far ?? onward).destroy();
  });
  await new Promise<void>((resolve, reject) => {
    onward.on("error", (error) => {
      if (reply.sent) return; // the answer tells of its own end
      clearInterval(watch);
      // What is still coming is read, or the client would never read the answer; then the connection ends.
      raw.unpipe(onward).resume();
      void reply.header("connection", "close");
      reject(
        nobody(
          reached ? "the server that looks after the host went away in the middle of this" : "the server that looks after the host does not answer",
          error,
        ),
      );
    });
    onward.once("response", (answer) => {
      reply.hijack();
      if (upgrades) refuse(raw.socket, answer);
      else {
        reply.raw.writeHead(answer.statusCode!, endToEnd(answer.headers));
        answer.once("error", () => reply.raw.destroy());
        answer.pipe(reply.raw);
      }
      resolve();
    });
    onward.once("upgrade", (answer, socket, head) => {
      reply.hijack();
      far = socket;
      join(raw.socket, answer, socket, head, stopping);
      resolve();
    });
    if (upgrades) onward.end();
    else raw.pipe(onward);
  });
}

function endToEnd(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  const named = new Set((headers.connection ?? "").split(",").map((each) => each.trim().toLowerCase()));
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !hopByHop.has(name) && !named.has(name)));
}

function headOf(answer: IncomingMessage): string {
  let text = `HTTP/1.1 ${answer.statusCode} ${answer.statusMessage ?? ""}\r\n`;
  for (let i = 0; i < answer.rawHeaders.length; i += 2) text += `${answer.rawHeaders[i]}: ${answer.rawHeaders[i + 1]}\r\n`;
  return `${text}\r\n`;
}

/** An upgrade that the other server refused: its problem is the answer. */
function refuse(client: Duplex, answer: IncomingMessage): void {
  const chunks: Buffer[] = [];
  answer.on("data", (chunk: Buffer) => chunks.push(chunk));
  answer.once("end", () => {
    const body = Buffer.concat(chunks);
    const type = answer.headers["content-type"] ?? "application/problem+json";
    client.end(
      Buffer.concat([
        Buffer.from(
          `HTTP/1.1 ${answer.statusCode} ${answer.statusMessage ?? ""}\r\ncontent-type: ${type}\r\ncontent-length: ${body.length}\r\nconnection: close\r\n\r\n`,
        ),
        body,
      ]),
    );
  });
  answer.once("error", () => client.destroy());
}

/** Both ways at the pace of who takes it. Where the other server breaks off, or this one stops, the client is told by a close frame. */
function join(client: Duplex, answer: IncomingMessage, server: Duplex, head: Buffer, stopping: AbortSignal): void {
  client.write(headOf(answer));
  const frames = new WholeFrames();
  const back = new Transform({
    transform: (chunk: Buffer, _encoding, done) => done(null, frames.take(chunk)),
    flush(done) {
      const reason = stopping.aborted ? "the server stops" : "the server that looks after the host went away; another one takes over";
      done(null, frames.between && !frames.closed ? closeFrame(comeAgain, reason) : undefined);
    },
  });
  const stop = (): void => void server.destroy();
  if (head.length > 0) back.write(head);
  client.pipe(server);
  server.pipe(back).pipe(client);
  server
    .on("error", () => undefined)
    .once("close", () => {
      back.end();
      setTimeout(() => client.destroy(), goodbyeMs).unref();
    });
  client
    .on("error", () => undefined)
    .once("close", () => {
      stopping.removeEventListener("abort", stop);
      back.destroy();
      server.destroy();
    });
  if (stopping.aborted) stop();
  else stopping.addEventListener("abort", stop, { once: true });
}
