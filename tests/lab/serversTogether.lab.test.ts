import { copyFile, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { serveSim, simWorld, type ServedSim } from "@polyvisor/hypervisors";
import type { Task } from "@polyvisor/model";
import { afterAll, beforeAll, expect, test } from "vitest";
import { labLog } from "../../apps/server/src/lab/labPlane.ts";
import { makeDataFolder } from "../../apps/server/src/lab/labServer.ts";
import { startSitePostgres, type SitePostgres } from "../../apps/server/src/lab/sitePostgres.ts";
import { until } from "../../apps/server/src/lab/until.ts";
import { connectionOptions } from "../../apps/server/src/store/connectionOptions.ts";
import { migrate } from "../../apps/server/src/store/migrate.ts";
import { migrations } from "../../apps/server/src/store/migrations.ts";
import { GroupServer, serverGroup } from "./serverGroup.ts";

// Two server processes on one PostgreSQL: either answers for both, while the tables grow under them.

const hostCount = 4;
let site: SitePostgres;
let database: string;
let folder: string;
let served: ServedSim;
let group: Awaited<ReturnType<typeof serverGroup>>;
let one: GroupServer;
let other: GroupServer;
const uri = (n: number): string => `sim+unix://together/host-000${n}?socket=${encodeURIComponent(path.join(folder, "hosts.sock"))}&hosts=${hostCount}&vms=3`;

beforeAll(async () => {
  site = await startSitePostgres();
  folder = await mkdtemp(path.join(tmpdir(), "together-"));
  served = await serveSim(path.join(folder, "hosts.sock"));
  database = await site.database();
  group = await serverGroup(database, 2);
  [one, other] = group.servers as [GroupServer, GroupServer];
  for (let n = 1; n <= hostCount; n++) await one.client.call("hostAdd", { body: { uri: uri(n) } });
  await until("each has its share", async () => (await one.client.call("serverList")).items.every((server) => server.alive && server.hosts > 0), 60_000);
  // A host is not connected for a moment while it is handed over: that is the other test's matter.
  let known = { leases: "", since: 0 };
  await until(
    "nothing is handed over any more, and all are connected",
    async () => {
      const leases = JSON.stringify(await site.query(database, "select host_id, server_id, fence from polyvisor.lease order by 1"));
      if (leases !== known.leases) known = { leases, since: Date.now() };
      return Date.now() - known.since > 4_000 && allConnected();
    },
    60_000,
  );
});
afterAll(async () => {
  await group.close();
  await served.close();
  simWorld("together").reset();
  await site.close();
  await rm(folder, { recursive: true, force: true });
});

const allConnected = async (): Promise<boolean> =>
  (await one.client.call("hostList", { query: {} })).items.every((host) => host.connection.state === "connected");
const vmsOf = async (server: GroupServer, state: string) =>
  (await server.client.call("vmList", { query: { limit: 100 } })).items.filter((vm) => vm.state === state);
const ended = (server: GroupServer, id: string): Promise<Task> =>
  until("the end of the task", async () => {
    const task = (await server.client.call("taskGet", { params: { id } })) as Task;
    return task.endedAt !== undefined && task;
  });

test("either server carries out what is ordered on hosts of both, and a key used at both at once gives one task", async () => {
  const vms = (await vmsOf(one, "running")).slice(0, 6).map((vm) => vm.id);
  const order = { request: { do: "vm.destroy", vms }, reason: "" } as const;
  const [a, b] = await Promise.all([one, other].map((server) => server.client.call("taskCreate", { body: order, idempotencyKey: "same" })));
  expect(a!.id).toBe(b!.id);
  const task = await ended(other, a!.id);
  expect(task, JSON.stringify(task.steps)).toMatchObject({ state: "succeeded" });
  expect(new Set(task.plan.steps.map((step) => step.hostId)).size).toBeGreaterThan(1);
  await until("the other one knows it", async () => (await vmsOf(other, "off")).filter((vm) => vms.includes(vm.id)).length === vms.length);
});

test("what needs the connection itself is answered by whichever server is asked", async () => {
  for (const vm of (await one.client.call("vmList", { query: { limit: 100 } })).items) {
    const texts = await Promise.all(
      [one, other].map(async (server) => (await server.client.raw("vmDefinition", { params: { id: vm.id }, query: { which: "live" } })).text()),
    );
    expect(texts[0]).toContain(vm.nativeId);
    expect(texts[1]).toBe(texts[0]);
  }
  for (const host of (await one.client.call("hostList", { query: {} })).items)
    for (const server of [one, other]) expect(await server.client.call("hostReconnect", { params: { id: host.id } })).toMatchObject({ id: host.id });
});

test("a VM that moves between hosts of different servers stays the same VM", async () => {
  const holders = (await site.query(database, "select host_id, server_id from polyvisor.lease")) as { host_id: string; server_id: string }[];
  const from = holders[0]!;
  const to = holders.find((each) => each.server_id !== from.server_id)!;
  const vm = (await vmsOf(one, "running")).concat(await vmsOf(one, "off")).find((each) => each.hostId === from.host_id)!;
  if (vm.state === "off") await ended(one, (await one.client.call("taskCreate", { body: { request: { do: "vm.start", vms: [vm.id] }, reason: "" } })).id);
  await one.client.call("vmChange", { params: { id: vm.id }, body: { notes: "mine" } });
  const { id } = await other.client.call("taskCreate", {
    body: { request: { do: "vm.migrate", vms: [vm.id], to: to.host_id, copyStorage: true }, reason: "" },
  });
  const task = await ended(one, id);
  expect(task, JSON.stringify(task.steps)).toMatchObject({ state: "succeeded" });
  for (const server of [one, other]) {
    const moved = await until("it is there", async () => {
      const now = await server.client.call("vmGet", { params: { id: vm.id } });
      return now.hostId === to.host_id && now.moving === undefined && now;
    });
    expect(moved).toMatchObject({ id: vm.id, nativeId: vm.nativeId, notes: "mine" });
    expect((await server.client.call("vmList", { query: { limit: 100 } })).items.filter((each) => each.nativeId === vm.nativeId)).toHaveLength(1);
  }
});

test("a task is cancelled at the server that did not take it", async () => {
  const vms = (await one.client.call("vmList", { query: { limit: 100 } })).items.filter((vm) => vm.state === "off").map((vm) => vm.id);
  const { id } = await one.client.call("taskCreate", { body: { request: { do: "vm.start", vms }, reason: "" } });
  await other.client.call("taskCancel", { params: { id } });
  const task = await ended(other, id);
  expect(["cancelled", "succeeded"]).toContain(task.state);
  expect(task.steps.every((step) => step.state === "cancelled" || step.state === "succeeded")).toBe(true);
});

test("a second process with the same id, and one with another key, are refused with a sentence", async () => {
  for (const [file, pattern] of [
    ["server-id", /Another process runs as this server/],
    ["secret.key", /is not the one of the other servers/],
  ] as const) {
    const copy = await makeDataFolder();
    if (file === "server-id") for (const each of ["server-id", "secret.key"]) await copyFile(path.join(one.folder, each), path.join(copy, each));
    else await writeFile(path.join(copy, "secret.key"), Buffer.alloc(32, 7), { mode: 0o600 });
    const second = new GroupServer(copy, database);
    await expect(second.start()).rejects.toMatchObject({ cause: expect.objectContaining({ message: expect.stringMatching(pattern) }) });
    await rm(copy, { recursive: true, force: true });
  }
  expect((await one.client.call("serverList")).items).toHaveLength(2);
});

test("while the tables grow for a newer version the servers of this one go on, and another one of it starts", async () => {
  const tomorrow = {
    version: 9_000,
    name: "tomorrow",
    sql: "alter table event add column mood text; alter table task add column mood text; alter table object add column mood text; create table mood (id text);",
  };
  await migrate(connectionOptions({ url: database }), "polyvisor", labLog, [...migrations, tomorrow]);
  const vm = (await one.client.call("vmList", { query: { limit: 100 } })).items[0]!;
  const verb = vm.state === "running" ? "vm.destroy" : "vm.start";
  expect(await ended(other, (await one.client.call("taskCreate", { body: { request: { do: verb, vms: [vm.id] }, reason: "" } })).id)).toMatchObject({
    state: "succeeded",
  });
  await other.signal("SIGTERM");
  await other.start();
  await until("it is back", async () => (await one.client.call("serverList")).items.filter((server) => server.alive).length === 2, 30_000);
  await migrate(connectionOptions({ url: database }), "polyvisor", labLog, [
    ...migrations,
    tomorrow,
    { version: 9_001, name: "break", sql: "select 1", breaking: true },
  ]);
  const late = await makeDataFolder();
  await copyFile(path.join(one.folder, "secret.key"), path.join(late, "secret.key"));
  await expect(new GroupServer(late, database).start()).rejects.toMatchObject({
    cause: expect.objectContaining({ message: expect.stringMatching(/newer Polyvisor \(schema 9001, break\)/) }),
  });
  await rm(late, { recursive: true, force: true });
});
