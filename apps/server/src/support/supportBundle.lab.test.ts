import { execFileSync } from "node:child_process";
import { rm } from "node:fs/promises";
import { Writable } from "node:stream";
import { pino } from "pino";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readFile } from "node:fs/promises";
import path from "node:path";
import type { Client } from "@polyvisor/api/client";
import { clientOf, makeDataFolder } from "../lab/labServer.ts";
import { startSitePostgres, type SitePostgres } from "../lab/sitePostgres.ts";
import { LogRooms } from "../logRooms.ts";
import { RecentLines } from "../recentLines.ts";
import { startServer, type Server } from "../startServer.ts";

const secrets = ["geheim-credential", "geheim phrase here", "geheim-vm-note", "geheim-body", "site-secret", "tenant-secret"];
let site: SitePostgres;
let server: Server;
let client: Client;
let token: string;
let folder: string;
const log = (() => {
  const recent = new RecentLines();
  const made = pino({ level: "info", base: null }, new Writable({ write: (chunk: Buffer, _encoding, done) => (recent.add(chunk.toString()), done()) }));
  new LogRooms(made);
  recent.of(made);
  return made;
})();
beforeAll(async () => {
  site = await startSitePostgres();
  folder = await makeDataFolder();
  server = await startServer(
    { dataFolder: folder, listen: "127.0.0.1", port: 0, databaseUrl: await site.database(), names: ["secret-name.example"], logLevel: "info" },
    log,
  );
  token = (await readFile(path.join(folder, "local-token"), "utf8")).trim();
  client = clientOf(server.url, token);
});
afterAll(async () => {
  await server.close();
  await site.close();
  await rm(folder, { recursive: true, force: true });
});

const files = async (): Promise<Map<string, string>> => {
  const archive = Buffer.from(await (await client.raw("supportBundle")).arrayBuffer());
  const names = execFileSync("tar", ["-tzf", "-"], { input: archive, encoding: "utf8" }).trim().split("\n");
  return new Map(
    names.map((name) => [name.replace("polyvisor-support/", ""), execFileSync("tar", ["-xzOf", "-", name], { input: archive, encoding: "utf8" })]),
  );
};

test("holds what helps, and none of the secrets that were planted wherever one may get in", async () => {
  const host = await client.call("hostAdd", {
    body: { uri: "sim://bundle/host-0001?vms=5", name: "geheim-host", credential: { username: "geheim-user", password: "geheim-credential" } },
  });
  const { items } = await client.call("vmList", { query: {} });
  if (items[0]) await client.call("vmChange", { params: { id: items[0].id }, body: { notes: "geheim-vm-note" } });
  await client.call("accountPassPhrase", { body: { new: "geheim phrase here" } });
  const made = await client.call("tokenCreate", { body: { name: "robot" } });
  const { code } = await client.call("signInCodeCreate");
  // What a fault of ours, or a library, might put into the log.
  const planted = `postgresql://tenant:tenant-secret@db/x ${made.token} ${code} Bearer ${token} password=site-secret`;
  log.error(
    { err: new Error(`cannot reach ${planted}`, { cause: new Error(planted) }), body: "geheim-body", anything: { deep: "geheim-body" } },
    `failed: ${planted}`,
  );
  log.child({ room: "hosts", url: "qemu://geheim-body" }).warn({ detail: `token: ${made.token}` }, "as a child");
  const bundle = await files();
  const all = [...bundle.values()].join("\n");
  const key = await readFile(path.join(folder, "secret.key"));
  for (const each of [...secrets, token, made.token, code, key.toString("base64"), key.toString("hex"), "geheim-host", "geheim-user", "secret-name.example"])
    expect(all).not.toContain(each);
  expect([...bundle.keys()].sort()).toEqual([
    "README.txt",
    "about.json",
    "config.json",
    "figures.json",
    "health.json",
    "hosts.json",
    "log.jsonl",
    "memory.json",
    "store.json",
  ]);
  const read = (name: string): Record<string, unknown> => JSON.parse(bundle.get(name)!) as Record<string, unknown>;
  expect(read("about.json")).toMatchObject({ polyvisor: expect.stringMatching(/^\d/) as string, versions: { node: process.versions.node } });
  expect(read("config.json")).toMatchObject({
    tls: "off",
    database: "the site's",
    loopbackOnly: true,
    log: { level: "info", rooms: expect.objectContaining({ hosts: "info", store: "info" }) as object },
  });
  expect(read("health.json")).toEqual({ ready: { ok: true }, store: true });
  expect(read("hosts.json")).toMatchObject({ total: 1, hosts: [{ id: host.id, kind: "sim", state: "connected" }] });
  const store = read("store.json") as { migrations: unknown[]; tables: { name: string }[]; server: { version: string }[] };
  expect(store.server[0]!.version).toMatch(/^\d+/);
  expect(store.migrations.length).toBeGreaterThan(1);
  expect(store.tables.map((each) => each.name)).toContain("event");
  expect(read("memory.json")).toHaveProperty("heap.used_heap_size");
  expect(bundle.get("log.jsonl")).toMatch(/"msg":"failed: [^\n]*\(left out\)/);
  for (const line of bundle.get("log.jsonl")!.trim().split("\n")) expect(JSON.parse(line)).toHaveProperty("msg");
});

test("a statement that took long is in it, without its values", async () => {
  const { openStore } = await import("../store/openStore.ts");
  const store = await openStore({ kind: "url", url: await site.database() }, pino({ level: "silent" }));
  try {
    await store.pool.query("select pg_sleep(0.25), 'geheim' as text, $1::text", ["geheim"]);
    const { sql } = await import("kysely");
    await sql`select pg_sleep(0.25), ${"geheim"}::text`.execute(store.db);
    expect(store.slowQueries().map((each) => each.sql)).toEqual(
      expect.arrayContaining(["select pg_sleep(0.25), '?' as text, $1::text", "select pg_sleep(0.25), $1::text"]) as string[],
    );
    expect(JSON.stringify(store.slowQueries())).not.toContain("geheim");
  } finally {
    await store.close();
  }
});

test("a level of the log is changed for one room, while it runs, by administrators only", async () => {
  expect(await client.call("logLevelsSet", { body: { level: "debug", room: "http" } })).toMatchObject({
    level: "info",
    rooms: { http: "debug", hosts: "info" },
  });
  await client.call("vmList", { query: { limit: 1 } });
  expect((await files()).get("log.jsonl")).toMatch(/"level":(20|"debug")[^\n]*"msg":"answered"/);
  expect(await client.call("logLevelsSet", { body: { level: "default", room: "http" } })).toMatchObject({ rooms: { http: "info" } });
  await expect(client.call("logLevelsSet", { body: { level: "debug", room: "cellar" } })).rejects.toMatchObject({
    problem: { code: "notFound", remedy: expect.stringContaining("hosts") as string },
  });
  await expect(client.call("logLevelsSet", { body: { level: "loud" } as never })).rejects.toMatchObject({ problem: { code: "badRequest" } });
  const narrowed = await client.call("tokenCreate", { body: { name: "reader", scope: { may: "read" } } as never });
  for (const route of ["logLevelsGet", "supportBundle"] as const)
    await expect(clientOf(server.url, narrowed.token).raw(route)).rejects.toMatchObject({ problem: { code: "forbidden" } });
});
