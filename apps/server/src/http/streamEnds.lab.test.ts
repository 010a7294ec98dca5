import { once } from "node:events";
import { rm } from "node:fs/promises";
import { createConnection } from "node:net";
import { apiBase } from "@polyvisor/api";
import { webSocketProtocols } from "@polyvisor/api/client";
import type { FastifyInstance } from "fastify";
import { pino } from "pino";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { ControlPlane } from "../controlPlane.ts";
import { Access } from "../access/access.ts";
import { AuditLog } from "../audit/auditLog.ts";
import { createControlPlane } from "../createControlPlane.ts";
import { Identity } from "../identity/identity.ts";
import type { Caller } from "../identity/tokenCache.ts";
import { openSecretBox } from "../identity/secretBox.ts";
import { clientOf, makeDataFolder } from "../lab/labServer.ts";
import { until } from "../lab/until.ts";
import { openStore, type Store } from "../store/openStore.ts";
import { buildApp } from "./app.ts";

// The whole server, with times short enough to be waited for.
const log = pino({ level: "silent" });
const stopping = new AbortController();
let folder: string;
let store: Store;
let audit: AuditLog;
let identity: Identity;
let control: ControlPlane;
let access: Access;
let app: FastifyInstance;
let url: string;
let admin: Caller;
let vm: string;

beforeAll(async () => {
  folder = await makeDataFolder();
  store = await openStore({ kind: "private", dataFolder: folder }, log);
  identity = await Identity.open(store, log, await openSecretBox(folder));
  admin = await identity.caller(await identity.makeLocalToken("test"));
  control = await createControlPlane({ store, dataFolder: folder, log, secrets: await openSecretBox(folder), serverId: "s-lab" });
  audit = await AuditLog.open({ pool: store.pool, dataFolder: folder, serverId: "s-lab", log });
  access = await Access.open({ store, estate: control.estate, secrets: await openSecretBox(folder), log, onIdentity: (fn) => identity.onChange(fn) });
  app = await buildApp(
    { control, access, audit, identity, log, serverId: "s-lab", version: "0", url: () => url, storeHealthy: () => store.healthy(), stopping: stopping.signal },
    [],
    {
      heartbeatMs: 50,
      stuckMs: 300,
    },
  );
  url = await app.listen({ host: "127.0.0.1", port: 0 });
  const { token } = await identity.makeToken(admin, { name: "setup" });
  const client = clientOf(url, token);
  await client.call("hostAdd", { body: { uri: "sim://ends/host-0001?vms=8" } });
  vm = (await until("a running VM", async () => (await client.call("vmList", { query: { filter: "state=running" } })).items[0])).id;
});
afterAll(async () => {
  stopping.abort();
  await app.close();
  await access.close();
  await control.close();
  await audit.close();
  await identity.close();
  await store.close();
  await rm(folder, { recursive: true });
});

test("a quiet stream beats, and ends when its token is revoked", async () => {
  const { token, id } = await identity.makeToken(admin, { name: "watcher" });
  const answer = await fetch(`${url}${apiBase}/events`, { headers: { authorization: `Bearer ${token}` } });
  const reader = answer.body!.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  while (!/\n:\n\n:\n\n/.test(text)) text += (await reader.read()).value;
  await identity.tokens.revoke(id, admin.accountId);
  for (;;) if ((await reader.read()).done) break;
});

test("a console ends when its token is revoked, and says why", async () => {
  const { token, id } = await identity.makeToken(admin, { name: "typist" });
  const socket = new WebSocket(clientOf(url, token).webSocketUrl("vmConsole", { params: { id: vm } }), webSocketProtocols(token));
  await once(socket, "open");
  const closed = once(socket, "close") as Promise<[CloseEvent]>;
  await identity.tokens.revoke(id, admin.accountId);
  const [event] = await closed;
  expect(event.code).toBe(1008);
  expect(event.reason).toMatch(/not signed in/);
});

test("a reader that takes nothing is dropped, and everyone else goes on", async () => {
  const { token } = await identity.makeToken(admin, { name: "sleeper" });
  const before = control.metrics().events.subscribers;
  const socket = createConnection(Number(new URL(url).port), "127.0.0.1");
  socket.on("error", () => undefined);
  socket.write(`GET ${apiBase}/events HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${token}\r\n\r\n`);
  await once(socket, "readable"); // and never read
  await until("that it is counted", () => control.metrics().events.subscribers === before + 1);
  const client = clientOf(url, token);
  let i = 0;
  await until("that it is dropped", async () => {
    await client.call("vmChange", { params: { id: vm }, body: { notes: `${"n".repeat(60_000)}${i++}` } });
    return control.metrics().events.subscribers === before;
  });
  expect((await client.call("vmGet", { params: { id: vm } })).notes).toHaveLength(60_000 + String(i - 1).length);
  socket.destroy();
});

test("a console that was opened for an upgrade that then is none is closed again", async () => {
  const { token } = await identity.makeToken(admin, { name: "halfway" });
  const hypervisor = control.hosts.hypervisor(control.estate.find("vm", vm).hostId);
  const open = hypervisor.console.bind(hypervisor);
  const opened = Promise.withResolvers<Awaited<ReturnType<typeof open>>>();
  hypervisor.console = async (...args) => {
    const channel = await open(...args);
    opened.resolve(channel);
    return channel;
  };
  const socket = createConnection(Number(new URL(url).port), "127.0.0.1");
  try {
    socket.write(
      `GET ${apiBase}/vms/${vm}/console HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${token}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 1\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n`,
    );
    const [answer] = (await once(socket, "data")) as [Buffer];
    expect(answer.toString()).toMatch(/^HTTP\/1\.1 4\d\d /);
    const reader = (await opened.promise).readable[Symbol.asyncIterator]();
    while (!(await reader.next()).done); // ends with the console only
  } finally {
    hypervisor.console = open;
    socket.destroy();
  }
});
