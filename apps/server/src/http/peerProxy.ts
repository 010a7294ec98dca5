import { request as httpRequest, type IncomingHttpHeaders, type IncomingMessage, type RequestOptions } from "node:http";
import { request as httpsRequest } from "node:https";
import type { Duplex } from "node:stream";
import type { RouteName } from "@polyvisor/api";
import { PolyvisorError } from "@polyvisor/model";
import type { FastifyReply, FastifyRequest } from "fastify";
import type { Peer } from "../cluster/cluster.ts";
import type { ControlPlane, EstateKind } from "../controlPlane.ts";

/** Routes that are answered over the connection to a host, with the kind of object that their path names. */
const overConnection: Partial<Record<RouteName, EstateKind>> = {
  vmDefinition: "vm",
  vmScreenshot: "vm",
  vmConsole: "vm",
  volumeRead: "datastore",
  volumeWrite: "datastore",
  hostReconnect: "host",
};
/** Says that a request was passed on already: it is not passed on a second time. */
const forwarded = "x-polyvisor-forwarded";
/** RFC 9110 section 7.6.1: for one connection only. */
const hopByHop: ReadonlySet<string> = new Set(["connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "te", "trailer", "upgrade", forwarded]);
const connectMs = 10_000;

/**
 * Passes a request that needs the connection to a host to the server that has it, as it came and with the caller's own
 * token, which is good at every server. @returns whether it did; `false` where this server answers itself
 */
export function peerProxy({ cluster, estate }: Pick<ControlPlane, "cluster" | "estate">): (request: FastifyRequest, reply: FastifyReply) => Promise<boolean> {
  return async (request, reply) => {
    const { route } = request.routeOptions.config;
    const kind = route === undefined ? undefined : overConnection[route];
    if (kind === undefined) return false;
    const hostId = hostOf(estate, kind, (request.params as { id?: string }).id ?? "");
    if (hostId === undefined || cluster.holds(hostId) || estate.get("host", hostId)?.connection.state === "disabled") return false;
    const peer = request.headers[forwarded] === undefined ? await cluster.holderOf(hostId) : undefined;
    if (!peer || peer.url === "") throw nobody("the host is being handed from one server to another");
    await pass(peer, request, reply);
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

function pass(peer: Peer, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const { raw } = request;
  const url = new URL(peer.url);
  const upgrades = raw.headers.upgrade !== undefined;
  const headers = { ...endToEnd(raw.headers), host: url.host, [forwarded]: "1", ...(upgrades ? { connection: "Upgrade", upgrade: raw.headers.upgrade } : {}) };
  const options: RequestOptions = { host: url.hostname.replace(/^\[|\]$/g, ""), port: url.port, method: raw.method, path: raw.url, headers, agent: false };
  const tls = { ca: peer.certificate, allowPartialTrustChain: true, checkServerIdentity: () => undefined }; // its own certificate, whatever names it is for
  return new Promise((resolve, reject) => {
    const onward = url.protocol === "https:" ? httpsRequest({ ...options, ...tls }) : httpRequest(options);
    const timer = setTimeout(() => onward.destroy(new Error("no connection in time")), connectMs);
    onward.once("socket", (socket) => socket.once("connect", () => clearTimeout(timer)));
    onward.once("error", (error) => {
      clearTimeout(timer);
      if (reply.sent || reply.raw.headersSent) raw.socket.destroy();
      else reject(nobody("the server that looks after the host does not answer", error));
    });
    raw.once("close", () => raw.complete || onward.destroy());
    reply.raw.once("close", () => onward.destroy());
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
      join(raw.socket, answer, socket, head);
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

function join(client: Duplex, answer: IncomingMessage, server: Duplex, head: Buffer): void {
  client.write(headOf(answer));
  if (head.length > 0) client.write(head);
  client.pipe(server).pipe(client);
  for (const [one, other] of [
    [client, server],
    [server, client],
  ] as const) {
    one.once("error", () => other.destroy());
    one.once("close", () => other.destroy());
  }
}
