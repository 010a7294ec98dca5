import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { copyFile, readFile, rm } from "node:fs/promises";
import { request as askPlain, type IncomingMessage, type RequestOptions } from "node:http";
import { request as askTls } from "node:https";
import path from "node:path";
import type { Duplex } from "node:stream";
import { apiBase, routeUrl } from "@polyvisor/api";
import { simWorld } from "@polyvisor/hypervisors";
import type { AuditLine } from "@polyvisor/api";
import type { Datastore, Host, Vm } from "@polyvisor/model";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { labLog } from "../../apps/server/src/lab/labPlane.ts";
import { makeDataFolder } from "../../apps/server/src/lab/labServer.ts";
import { startSitePostgres, type SitePostgres } from "../../apps/server/src/lab/sitePostgres.ts";
import { until } from "../../apps/server/src/lab/until.ts";
import { startServer, type Server } from "../../apps/server/src/startServer.ts";

// What needs the connection to a host, asked at the server that does not have it; over HTTP and over TLS with certificates
// that the servers made for themselves.

let site: SitePostgres;
beforeAll(async () => void (site = await startSitePostgres()));
afterAll(() => site.close());
const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** The client's address, by which it is told apart from the servers. */
const address = "127.0.0.2";

class Side {
  readonly server: Server;
  readonly token: string;
  readonly id: string;
  constructor(server: Server, token: string, id: string) {
    this.server = server;
    this.token = token;
    this.id = id;
  }

  open(target: string, options: RequestOptions = {}) {
    const url = new URL(target, this.server.url);
    const all = { localAddress: address, agent: false as const, ...options, headers: { authorization: `Bearer ${this.token}`, ...options.headers } };
    return url.protocol === "https:" ? askTls(url, { ...all, rejectUnauthorized: false }) : askPlain(url, all);
  }

  async ask(target: string, options: RequestOptions = {}, body?: Buffer): Promise<{ status: number; type: string | undefined; body: Buffer }> {
    const [answer] = (await once(this.open(target, options).end(body), "response")) as [IncomingMessage];
    const chunks: Buffer[] = [];
    for await (const chunk of answer) chunks.push(chunk as Buffer);
    return { status: answer.statusCode!, type: answer.headers["content-type"], body: Buffer.concat(chunks) };
  }

  async json<T>(target: string, method = "GET", body?: object): Promise<T> {
    const text = body && Buffer.from(JSON.stringify(body));
    const answer = await this.ask(target, { method, headers: body ? { "content-type": "application/json" } : {} }, text);
    if (answer.status >= 300) throw new Error(`${target}: ${answer.status} ${answer.body.toString()}`);
    return JSON.parse(answer.body.toString()) as T;
  }
}

async function start(database: string, tls: boolean, key?: string): Promise<Side> {
  const folder = await makeDataFolder();
  if (key !== undefined) await copyFile(key, path.join(folder, "secret.key"));
  const server = await startServer(
    { dataFolder: folder, listen: "127.0.0.1", port: 0, databaseUrl: database, names: [], logLevel: "error", tls: tls ? { kind: "generated" } : undefined },
    labLog,
  );
  closing.push(
    () => rm(folder, { recursive: true, force: true }),
    () => server.close(),
  );
  const read = async (file: string): Promise<string> => (await readFile(path.join(folder, file), "utf8")).trim();
  return Object.assign(new Side(server, await read("local-token"), await read("server-id")), { key: path.join(folder, "secret.key") });
}

/** A binary message of a client. */
function frame(text: string): Buffer {
  const mask = randomBytes(4);
  return Buffer.concat([Buffer.of(0x82, 0x80 | text.length), mask, Buffer.from(text).map((byte, i) => byte ^ mask[i % 4]!)]);
}

/** The messages of a server, put together. */
function said(bytes: Buffer): string {
  let text = "";
  for (let at = 0; at + 2 <= bytes.length;) {
    const short = bytes[at + 1]! & 0x7f;
    const from = at + (short === 126 ? 4 : 2);
    const end = from + (short === 126 ? bytes.readUInt16BE(at + 2) : short);
    if (end > bytes.length) break;
    text += bytes.toString("latin1", from, end);
    at = end;
  }
  return text;
}

test.for(["http", "https"] as const)("consoles, screens and volumes' contents of another server's host over %s", { timeout: 120_000 }, async (scheme) => {
  const database = await site.database();
  const one = (await start(database, scheme === "https")) as Side & { key: string };
  const other = await start(database, scheme === "https", one.key);
  expect(other.server.url).toMatch(new RegExp(`^${scheme}:`));
  const estate = `passing-${scheme}`;
  closing.push(async () => simWorld(estate).reset());
  for (const n of [1, 2, 3, 4]) await one.json(routeUrl("hostAdd"), "POST", { uri: `sim://${estate}/host-000${n}?hosts=4&vms=6` });
  let known = { leases: "", since: 0 };
  const hostId = await until(
    "each has its share of the hosts, and nothing is handed over any more",
    async () => {
      const leases = (await site.query(database, "select host_id, server_id from polyvisor.lease order by 1")) as { host_id: string; server_id: string }[];
      const now = JSON.stringify(leases);
      if (now !== known.leases) known = { leases: now, since: Date.now() };
      const { items } = await one.json<{ items: Host[] }>(routeUrl("hostList"));
      const ready = items.length === 4 && items.every((host) => host.connection.state === "connected");
      return (
        ready &&
        Date.now() - known.since > 4_000 &&
        new Set(leases.map((each) => each.server_id)).size === 2 &&
        leases.find((each) => each.server_id === other.id)!.host_id
      );
    },
    60_000,
  );
  const vms = (await one.json<{ items: Vm[] }>(routeUrl("vmList", {}, { limit: "100" }))).items.filter((vm) => vm.hostId === hostId && vm.state === "running");

  const vm = vms.find((each) => each.consoles.length === 2)!;
  const screen = await one.ask(routeUrl("vmScreenshot", { id: vm.id }));
  expect([screen.status, screen.type]).toEqual([200, "image/png"]);
  expect(screen.body.subarray(1, 4).toString()).toBe("PNG");

  const upgrade = { connection: "Upgrade", upgrade: "websocket", "sec-websocket-version": "13", "sec-websocket-key": randomBytes(16).toString("base64") };
  const asked = one.open(routeUrl("vmConsole", { id: vm.id }, { kind: "text" }), { headers: upgrade }).end();
  const [, socket, head] = (await once(asked, "upgrade")) as [IncomingMessage, Duplex, Buffer];
  let bytes = head;
  socket.on("error", () => undefined).on("data", (chunk: Buffer) => (bytes = Buffer.concat([bytes, chunk])));
  socket.write(frame("echo hello there\r"));
  await until("the guest answers", async () => said(bytes).includes("\r\nhello there\r\n")).catch((error: unknown) => {
    throw new Error(`it said ${JSON.stringify(said(bytes))}`, { cause: error });
  });
  socket.destroy();
  const refused = one.open(routeUrl("vmConsole", { id: vm.id }, { kind: "text", alias: "none" }), { headers: upgrade }).end();
  const [answer] = (await once(refused, "response")) as [IncomingMessage];
  expect(answer.statusCode).toBe(404); // the other's own refusal
  answer.resume();

  const store = (await one.json<{ items: Datastore[] }>(routeUrl("datastoreList"))).items.find((each) => each.hostId === hostId && each.volumes.length > 0)!;
  const volume = store.volumes.find((each) => each.format !== "raw")!.name;
  const content = randomBytes(48 * 1024 ** 2);
  const target = routeUrl("volumeWrite", { id: store.id, volume });
  const headers = { "content-type": "application/octet-stream", "content-length": content.length };
  expect(await one.ask(target, { method: "PUT", headers }, content)).toMatchObject({ status: 204 });
  const back = await one.ask(routeUrl("volumeRead", { id: store.id, volume }));
  expect(back.status).toBe(200);
  expect(createHash("sha256").update(back.body).digest("hex")).toBe(createHash("sha256").update(content).digest("hex"));

  // Whoever asked is in the log, by the address he came from and not by that of the server in between.
  const lines = await until("the audit log has all", async () => {
    const { items } = await one.json<{ items: AuditLine[] }>(`${apiBase}/audit-log?limit=100`);
    return items.some((line) => line.entry.action === "console.end") && items;
  });
  for (const action of ["console.begin", "console.end", "volumeWrite", "volumeRead"])
    expect(lines.find((line) => line.entry.action === action)?.entry).toMatchObject({ action, from: address, server: other.id });
});
