import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { open, readFile, rm } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import type { ApiError, Client } from "@polyvisor/api/client";
import type { Vm } from "@polyvisor/model";
import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { clientOf, makeDataFolder } from "../lab/labServer.ts";
import { startSitePostgres, type SitePostgres } from "../lab/sitePostgres.ts";
import { until } from "../lab/until.ts";
import { startServer, type Server } from "../startServer.ts";

const problem = (asked: Promise<unknown>): Promise<ApiError["problem"] | undefined> =>
  asked.then(
    () => undefined,
    (error: ApiError) => error.problem,
  );
const someVm = (client: Client): Promise<Vm> =>
  until("the VMs", async () => {
    const page = await client.call("vmList", { query: {} });
    return page.total === 5 && page.items[0];
  });

describe("a database of the site's", () => {
  let site: SitePostgres;
  let url: string;
  let folder: string;
  let server: Server;
  let client: Client;
  let vm: Vm;
  const name = (): string => new URL(url).pathname.slice(1);
  /** Ends every connection, as a restart or a switch to another primary does. */
  const cutAll = (): Promise<unknown> =>
    site.query(url, "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()");
  beforeAll(async () => {
    site = await startSitePostgres();
    url = await site.database();
    folder = await makeDataFolder();
    server = await startServer({ dataFolder: folder, listen: "127.0.0.1", port: 0, databaseUrl: url, names: [], logLevel: "error" }, pino({ level: "silent" }));
    client = clientOf(server.url, (await readFile(path.join(folder, "local-token"), "utf8")).trim());
    await client.call("hostAdd", { body: { uri: "sim://trouble/host-0001?vms=5" } });
    vm = await someVm(client);
  });
  afterAll(async () => {
    await server.close();
    await site.close();
    await rm(folder, { recursive: true, force: true });
  });

  test("that becomes read-only: what is in memory is told, a write says why not, and it goes on by itself", async () => {
    await site.query(url, `alter database ${name()} set default_transaction_read_only = on`);
    await cutAll();
    const failure = await until("a refusal", () => problem(client.call("vmChange", { params: { id: vm.id }, body: { notes: `at ${Math.random()}` } })));
    expect(failure).toMatchObject({ code: "storeUnavailable", status: 503 });
    expect((await client.call("vmList", { query: {} })).total).toBe(5);
    await until("the reason", async () =>
      /read-only/.test((await problem(client.call("vmChange", { params: { id: vm.id }, body: { notes: `at ${Math.random()}` } })))?.detail ?? ""),
    );
    await site.query(url, `begin read write; alter database ${name()} reset default_transaction_read_only; commit`);
    await cutAll();
    await until("its return", async () => (await client.call("vmChange", { params: { id: vm.id }, body: { notes: "after" } })).notes === "after", 40_000);
    expect(await client.call("vmGet", { params: { id: vm.id } })).toMatchObject({ notes: "after" });
  });

  test("whose connections are all cut again and again while it is written to: nothing that was said to be kept is lost", async () => {
    const kept: string[] = [];
    for (let i = 0; i < 60; i++) {
      const notes = `note ${i}`;
      if (i % 10 === 5) await cutAll();
      const done = await client.call("vmChange", { params: { id: vm.id }, body: { notes } }).catch((error: ApiError) => {
        expect(error.problem).toMatchObject({ code: "storeUnavailable", status: 503 });
        return undefined;
      });
      if (done) kept.push(notes);
    }
    expect(kept.length).toBeGreaterThan(20);
    await until("that it is ready", async () => (await fetch(`${server.url}/readyz`)).status === 200);
    const rows = (await site.query(
      url,
      `select doc->>'notes' as notes from polyvisor.event where object_id = '${vm.id}' and 'notes' = any(fields) order by id`,
    )) as { notes: string }[];
    const stored = rows.map((each) => each.notes);
    expect(stored.filter((each) => kept.includes(each))).toEqual(kept); // each once, in order
    expect(new Set(stored).size).toBe(stored.length);
  });
});

describe.runIf(process.getuid?.() === 0)("a disk that is full", () => {
  test("lists go on from memory, writes say why not, and with room again all goes on without a hand", async () => {
    const folder = await makeDataFolder();
    const main = fileURLToPath(new URL("../main.ts", import.meta.url));
    // A small disk of its own, which only the server and its database see.
    const child: ChildProcess = spawn(
      "unshare",
      ["-m", "sh", "-c", `mount -t tmpfs -o size=260m,mode=711 none '${folder}' && exec '${process.execPath}' '${main}' --data '${folder}' --port 0`],
      { stdio: ["ignore", "ignore", "pipe"] },
    );
    let said = "";
    child.stderr!.setEncoding("utf8").on("data", (chunk: string) => (said += chunk));
    const gone = once(child, "exit");
    const inside = `/proc/${child.pid}/root${folder}`;
    try {
      const facts = await until(
        "the server",
        async () => {
          if (child.exitCode !== null) throw new Error(said);
          return JSON.parse(await readFile(path.join(inside, "server.json"), "utf8")) as { url: string };
        },
        60_000,
      );
      const client = clientOf(facts.url, (await readFile(path.join(inside, "local-token"), "utf8")).trim());
      await client.call("hostAdd", { body: { uri: "sim://full/host-0001?vms=5" } });
      const vm = await someVm(client);
      const filler = await open(path.join(inside, "filler"), "w");
      for (let rest = 64 * 1024; rest >= 1; rest = rest >> 1) {
        const part = Buffer.alloc(rest * 64);
        while (
          await filler.write(part).then(
            ({ bytesWritten }) => bytesWritten === part.length,
            () => false,
          )
        );
      }
      await filler.close();
      const big = "n".repeat(60_000);
      const failure = await until("a refusal", () => problem(client.call("vmChange", { params: { id: vm.id }, body: { notes: big + Math.random() } })), 60_000);
      expect(failure).toMatchObject({ code: "storeUnavailable", status: 503 });
      expect((await client.call("vmList", { query: {} })).total).toBe(5);
      expect((await fetch(`${facts.url}/healthz`)).status).toBe(200);
      await rm(path.join(inside, "filler"));
      await until("its return", async () => (await client.call("vmChange", { params: { id: vm.id }, body: { notes: "after" } })).notes === "after", 60_000);
      await until("that it is ready", async () => (await fetch(`${facts.url}/readyz`)).status === 200);
      expect(child.exitCode).toBeNull();
      for (const line of said.trim().split("\n")) expect(line).not.toMatch(/"level":"fatal"/);
    } finally {
      child.kill("SIGTERM");
      await gone;
      await rm(folder, { recursive: true, force: true });
    }
  });
});
