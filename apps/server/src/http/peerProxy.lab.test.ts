import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer, request as ask, type IncomingMessage, type RequestListener } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo, Server, Socket } from "node:net";
import type { Duplex } from "node:stream";
import { apiBase } from "@polyvisor/api";
import fastify, { type FastifyInstance } from "fastify";
import { pino } from "pino";
import { afterEach, expect, test } from "vitest";
import { TestAuthority } from "../../../../tests/lab/certificates.ts";
import type { Peer } from "../cluster/cluster.ts";
import { secretBox } from "../identity/secretBox.ts";
import { until } from "../lab/until.ts";
import { takeWebSockets } from "./consoleSocket.ts";
import { openPassedOn, passedOnHeader, sealPassedOn } from "./passedOn.ts";
import { peerProxy } from "./peerProxy.ts";
import { sendProblem } from "./problem.ts";
import { closeFrame } from "./wholeFrames.ts";

// The proxy between two real HTTP servers on loopback: what a whole server would answer stands in none of these.

const secrets = secretBox(randomBytes(32));
const closing: (() => void)[] = [];
let live = true;
let stopping = new AbortController();
afterEach(() => {
  live = true;
  stopping = new AbortController();
  for (const close of closing.splice(0)) close();
});

async function listen(server: Server & { closeAllConnections(): void }, scheme: string): Promise<string> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  closing.push(() => (server.closeAllConnections(), server.close()));
  return `${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** A server that passes everything on to that one. */
async function front(url: string, certificate?: string): Promise<string> {
  const app: FastifyInstance = fastify();
  await takeWebSockets(app, pino({ level: "silent" }));
  app.setErrorHandler((error, request, reply) => sendProblem(error, request, reply, pino({ level: "silent" })));
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", (_request, payload, done) => done(null, payload));
  const peer: Peer = { id: "other", url, certificate };
  const passOn = peerProxy(
    {
      cluster: { holds: () => false, holderOf: async () => peer, isLive: () => live },
      estate: { find: () => ({ kind: "datastore", hostId: "h" }), get: () => undefined } as never,
    },
    secrets,
    () => undefined,
    stopping.signal,
  );
  app.addHook("onRequest", async (request, reply) => {
    openPassedOn(secrets, request, "other");
    if (await passOn(request, reply)) return reply;
  });
  for (const [method, route] of [
    ["GET", "volumeRead"],
    ["PUT", "volumeWrite"],
  ] as const)
    app.route({ method, url: `${apiBase}/*`, config: { route }, handler: async () => "here" });
  app.route({ method: "GET", url: `${apiBase}/console`, config: { route: "vmConsole" }, handler: async () => "here" });
  closing.push(() => (app.server.closeAllConnections(), void app.close()));
  await app.listen({ host: "127.0.0.1", port: 0 });
  return `http://127.0.0.1:${(app.server.address() as AddressInfo).port}${apiBase}/x`;
}

async function textOf(answer: IncomingMessage): Promise<string> {
  let text = "";
  for await (const chunk of answer) text += String(chunk);
  return text;
}
const plain = async (listener: RequestListener): Promise<string> => listen(createServer(listener), "http");

test("a download is taken no faster than the client takes it, and ends when the client goes", async () => {
  let written = 0;
  let ended = false;
  const peer = await plain((_request, answer) => {
    const chunk = Buffer.alloc(256 * 1024);
    const more = (): void => {
      while (!answer.destroyed) {
        written += chunk.length;
        if (!answer.write(chunk)) return void answer.once("drain", more);
      }
    };
    answer.once("close", () => (ended = true));
    more();
  });
  const asked = ask(await front(peer)).end();
  const [answer] = (await once(asked, "response")) as [IncomingMessage];
  answer.pause();
  // Standing still is seen when nothing more was written over many turns.
  let last = -1;
  let same = 0;
  await until("the sender waits", async () => {
    same = written === last ? same + 1 : 0;
    last = written;
    return same > 20;
  });
  expect(written).toBeLessThan(32 * 1024 ** 2); // the kernel's buffers; the sender would have sent for ever
  asked.destroy();
  await until("the sender knows", async () => ended);
});

test("an upload is sent no faster than the other server takes it, and arrives whole", async () => {
  let taken = 0;
  const arrived = Promise.withResolvers<IncomingMessage>();
  const peer = await plain((request, answer) => {
    arrived.resolve(request);
    request.pause();
    request.on("end", () => answer.writeHead(204).end());
  });
  const asked = ask(await front(peer), { method: "PUT", headers: { "content-type": "application/octet-stream" } });
  const chunk = Buffer.alloc(256 * 1024, 1);
  let sent = 0;
  let held = false;
  while (sent < 128 * 1024 ** 2 && !held) {
    sent += chunk.length;
    if (!asked.write(chunk))
      held = await Promise.race([
        once(asked, "drain").then(() => false),
        arrived.promise.then(() => new Promise<boolean>((resolve) => setTimeout(resolve, 1_000, true))),
      ]);
  }
  expect(held).toBe(true);
  expect(sent).toBeLessThan(64 * 1024 ** 2);
  const request = await arrived.promise;
  request.on("data", (piece: Buffer) => (taken += piece.length)).resume();
  asked.end();
  const [answer] = (await once(asked, "response")) as [IncomingMessage];
  expect(answer.statusCode).toBe(204);
  expect(taken).toBe(sent);
});

test("a refusal in the middle of an upload is what the client reads", async () => {
  const peer = await plain((request, answer) => {
    request.once("data", () => answer.writeHead(507, { "content-type": "application/problem+json" }).end('{"code":"noSpace"}'));
  });
  const asked = ask(await front(peer), { method: "PUT", headers: { "content-type": "application/octet-stream" } });
  asked.on("error", () => undefined);
  asked.write(Buffer.alloc(1024 ** 2));
  const [answer] = (await once(asked, "response")) as [IncomingMessage];
  expect(answer.statusCode).toBe(507);
  expect(await textOf(answer)).toBe('{"code":"noSpace"}');
  asked.destroy();
});

test.for(["it breaks off", "it gives no sign of life", "it does not listen"] as const)("the other server goes away: %s", async (how) => {
  const arrived = Promise.withResolvers<Socket>();
  const peer = how === "it does not listen" ? "http://127.0.0.1:9" : await plain((request) => void request.once("data", () => arrived.resolve(request.socket)));
  const asked = ask(await front(peer), { method: "PUT", headers: { "content-type": "application/octet-stream", "content-length": 64 * 1024 ** 2 } });
  asked.on("error", () => undefined);
  asked.write(Buffer.alloc(1024 ** 2));
  const response = once(asked, "response") as Promise<[IncomingMessage]>;
  if (how !== "it does not listen") {
    const socket = await arrived.promise;
    if (how === "it breaks off") socket.destroy();
    else live = false;
  }
  const [answer] = await response;
  expect(answer.statusCode).toBe(503);
  expect(JSON.parse(await textOf(answer))).toMatchObject({
    code: "starting",
    detail: expect.stringMatching(how === "it does not listen" ? /does not answer/ : /went away in the middle/) as string,
    remedy: expect.stringContaining("any of the servers") as string,
  });
  asked.destroy();
});

test("an answer that breaks off in the middle is cut, never ended as if it were whole", async () => {
  const begun = Promise.withResolvers<Socket>();
  const peer = await plain((_request, answer) => (answer.write("half"), begun.resolve(answer.socket!)));
  const asked = ask(await front(peer)).end();
  const [answer] = (await once(asked, "response")) as [IncomingMessage];
  const text = textOf(answer);
  (await begun.promise).destroy();
  await expect(text).rejects.toThrow(/aborted|hang up|ECONNRESET/);
});

/** A server that takes a WebSocket, and what a client of another server gets of it. */
async function consoleOf(
  begin: (socket: Duplex) => void,
): Promise<{ got: Promise<{ text: string; code: number; reason: string }>; socket: WebSocket; peer: Promise<Duplex> }> {
  const server = createServer();
  const peer = Promise.withResolvers<Duplex>();
  server.on("upgrade", ({ headers }, socket: Duplex) => {
    const accept = createHash("sha1").update(`${headers["sec-websocket-key"]}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
    socket.on("error", () => undefined);
    socket.write(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`);
    socket.resume();
    begin(socket);
    peer.resolve(socket);
  });
  const url = (await front(await listen(server, "http"))).replace(/^http(.*)\/x$/, "ws$1/console");
  const socket = new WebSocket(url);
  socket.binaryType = "arraybuffer";
  let text = "";
  socket.addEventListener("message", ({ data }) => (text += Buffer.from(data as ArrayBuffer).toString()));
  const got = once(socket, "close").then(([event]) => ({ text, code: (event as CloseEvent).code, reason: (event as CloseEvent).reason }));
  return { got, socket, peer: peer.promise };
}
const binary = (text: string): Buffer => Buffer.concat([Buffer.of(0x82, text.length), Buffer.from(text)]);

test("a console whose server is cut off ends with a word, behind what was whole", async () => {
  const { got } = await consoleOf((socket) => {
    socket.write(Buffer.concat([binary("login: "), binary("half a sentence").subarray(0, 6)]), () => socket.destroy());
  });
  expect(await got).toEqual({ text: "login: ", code: 1012, reason: expect.stringMatching(/went away; another one takes over/) });
});

test("a console whose server gives no sign of life ends with a word", async () => {
  const { got, socket, peer } = await consoleOf((end) => end.write(binary("login: ")));
  await once(socket, "message");
  await peer;
  live = false;
  expect(await got).toMatchObject({ text: "login: ", code: 1012, reason: expect.stringMatching(/went away/) as string });
});

test("a console that is passed on ends with a word when the server in between stops", async () => {
  const { got, socket, peer } = await consoleOf((end) => end.write(binary("login: ")));
  await once(socket, "message");
  const gone = once(await peer, "end");
  stopping.abort();
  expect(await got).toEqual({ text: "login: ", code: 1012, reason: "the server stops" });
  await gone;
});

test("what the other server says at the end of a console is what the client hears, and nothing is added", async () => {
  const { got } = await consoleOf((socket) => socket.end(closeFrame(1000, "the console was closed on its host")));
  expect(await got).toEqual({ text: "", code: 1000, reason: "the console was closed on its host" });
});

test("over TLS only the very certificate is taken that the server put down when it came in", async () => {
  using authority = new TestAuthority();
  const mine = authority.issue("mine", "serverAuth");
  const another = authority.issue("another", "serverAuth");
  const url = await listen(
    createTlsServer(mine, (_request, answer) => answer.end("other")),
    "https",
  );
  const get = async (certificate: string | undefined): Promise<[number, string]> => {
    const [answer] = (await once(ask(await front(url, certificate)).end(), "response")) as [IncomingMessage];
    return [answer.statusCode!, await textOf(answer)];
  };
  expect(await get(mine.cert)).toEqual([200, "other"]);
  expect(await get(`${mine.cert}${authority.cert}`)).toEqual([200, "other"]); // with its chain
  // Of the same authority, and with the authority in its chain: yet another server's.
  for (const wrong of [another.cert, `${another.cert}${authority.cert}`, authority.cert]) {
    const [status, text] = await get(wrong);
    expect(status).toBe(503);
    expect(text).toMatch(/does not answer/);
  }
  expect((await get(undefined))[0]).not.toBe(200);
});

test("what a server passes on is not passed on again, and nobody else can say that he passes something on", async () => {
  let passed: IncomingMessage | undefined;
  const peer = await plain((request, answer) => {
    passed = request;
    answer.end("other");
  });
  const url = await front(peer);
  const headers = { authorization: "Bearer mine" };
  const [first] = (await once(ask(url, { headers }).end(), "response")) as [IncomingMessage];
  expect(await textOf(first)).toBe("other");
  const sealed = passed!.headers[passedOnHeader] as string;
  const asIf = { raw: { method: "GET", url: `${apiBase}/x` }, headers: { ...headers, [passedOnHeader]: sealed } };
  expect(openPassedOn(secrets, asIf as never, "other")).toBe("127.0.0.1");
  // For another server, path, method or token, or of another site, it says nothing.
  const refused = (change: object, to = "other", box = secrets): void =>
    expect(() => openPassedOn(box, { ...asIf, ...change } as never, to)).toThrow(expect.objectContaining({ code: "badRequest" }));
  refused({}, "third");
  refused({ raw: { method: "GET", url: `${apiBase}/y` } });
  refused({ raw: { method: "PUT", url: `${apiBase}/x` } });
  refused({ headers: { ...asIf.headers, authorization: "Bearer other" } });
  refused({}, "other", secretBox(randomBytes(32)));
  refused({ headers: { ...headers, [passedOnHeader]: secrets.seal("not an address", "x").toString("base64url") } });
  expect(() =>
    openPassedOn(
      secrets,
      { ...asIf, headers: { ...headers, [passedOnHeader]: sealPassedOn(secrets, { ...asIf, ip: "nowhere" } as never, "other") } } as never,
      "other",
    ),
  ).toThrow();
  for (const [value, status] of [
    ["1", 400],
    [sealed, 503], // comes back to a server that does not have the host either
  ] as const) {
    passed = undefined;
    const [answer] = (await once(ask(url, { headers: { ...headers, [passedOnHeader]: value } }).end(), "response")) as [IncomingMessage];
    expect(answer.statusCode).toBe(status);
    answer.resume();
    expect(passed).toBeUndefined();
  }
});
