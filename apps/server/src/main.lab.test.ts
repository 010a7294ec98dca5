import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { createConnection, createServer } from "node:net";
import path from "node:path";
import { fileURLToPath } from "node:url";
import type { ApiError, Client } from "@polyvisor/api/client";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { clientOf, makeDataFolder } from "./lab/labServer.ts";
import { freePort } from "./lab/sitePostgres.ts";
import { until } from "./lab/until.ts";
import { isAlive } from "./store/postgresProcess.ts";

interface Process {
  child: ChildProcess;
  stderr: () => string;
  exit: Promise<number | null>;
}

let folder: string;
let running: Process[];
beforeEach(async () => {
  folder = await makeDataFolder();
  running = [];
});
afterEach(async () => {
  for (const { child, exit } of running) {
    child.kill("SIGTERM");
    await exit;
  }
  const left = await postmaster().catch(() => undefined);
  if (left !== undefined && isAlive(left)) {
    process.kill(left, "SIGQUIT");
    await until("the database's end", () => !isAlive(left));
  }
  await rm(folder, { recursive: true, force: true });
});

const postmaster = async (): Promise<number> => Number((await readFile(path.join(folder, "postgres/postmaster.pid"), "utf8")).split("\n")[0]);

function start(...args: string[]): Process {
  const child = spawn(process.execPath, [fileURLToPath(new URL("./main.ts", import.meta.url)), "--data", folder, ...args], {
    stdio: ["ignore", "ignore", "pipe"],
    env: { PATH: process.env["PATH"] },
  });
  let text = "";
  child.stderr!.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
  const started = { child, stderr: () => text, exit: once(child, "close").then(([code]) => code as number | null) };
  running.push(started);
  return started;
}

interface Running extends Process {
  client: Client;
  token: string;
  facts: { url: string; pid: number; version: string; data: string; startedAt: string };
}
async function ready(started: Process): Promise<Running> {
  const facts = await until(
    "the server",
    async () => {
      if (started.child.exitCode !== null) throw new Error(`it ended: ${started.stderr()}`);
      const read = JSON.parse(await readFile(path.join(folder, "server.json"), "utf8")) as Running["facts"];
      return read.pid === started.child.pid && read;
    },
    60_000,
  );
  const token = (await readFile(path.join(folder, "local-token"), "utf8")).trim();
  return { ...started, facts, token, client: clientOf(facts.url, token) };
}

describe("the server as a process", () => {
  test("says where it is, stops on SIGTERM with its database, and leaves nothing that is not to be kept", async () => {
    const server = await ready(start("--port", "0"));
    expect(server.facts).toMatchObject({ pid: server.child.pid, data: folder, version: expect.stringMatching(/^\d+\.\d+\.\d+/) as string });
    expect((await stat(path.join(folder, "local-token"))).mode & 0o777).toBe(0o600);
    expect((await stat(path.join(folder, "secret.key"))).mode & 0o777).toBe(0o600);
    const database = await postmaster();
    const stream = await fetch(`${server.facts.url}/api/v1/events`, { headers: { authorization: `Bearer ${server.token}` } });
    const unused = createConnection(Number(new URL(server.facts.url).port), "127.0.0.1"); // as a browser opens them in advance
    await once(unused, "connect");
    await fetch(`${server.facts.url}/healthz`);
    server.child.kill("SIGTERM");
    expect(await server.exit).toBe(0);
    expect(isAlive(database)).toBe(false);
    expect(server.stderr()).not.toContain("were cut off");
    await stream.text(); // was ended, not cut
    for (const gone of ["server.json", "server.lock"]) await expect(stat(path.join(folder, gone))).rejects.toThrow("ENOENT");
    for (const line of server.stderr().trim().split("\n")) expect(JSON.parse(line)).toHaveProperty("msg");
    expect(server.stderr()).not.toContain(server.token);
  });

  test("one that is killed is followed by one that is warm, adopts the database and knows the same tokens", async () => {
    const first = await ready(start("--port", "0"));
    await first.client.call("hostAdd", { body: { uri: "sim://killed/host-0001?vms=25" } });
    await until("the VMs", async () => (await first.client.call("vmList", { query: {} })).total === 25);
    const tagged = (await first.client.call("vmList", { query: { limit: 1 } })).items[0]!;
    await first.client.call("vmChange", { params: { id: tagged.id }, body: { tags: ["kept"] } });
    const database = await postmaster();
    first.child.kill("SIGKILL");
    await first.exit;
    const second = await ready(start("--port", "0"));
    expect(await postmaster()).toBe(database);
    expect(second.token).toBe(first.token);
    const page = await second.client.call("vmList", { query: { filter: "tag=kept" } }); // at once: from the store, not from the host
    expect(page.items.map((each) => each.id)).toEqual([tagged.id]);
    expect((await second.client.call("vmList", { query: {} })).total).toBe(25);
    second.child.kill("SIGTERM");
    expect(await second.exit).toBe(0);
    expect(isAlive(database)).toBe(false);
  });

  test("when its database is killed what is in memory is still told, the rest says 503, and it recovers by itself", async () => {
    const server = await ready(start("--port", "0"));
    await server.client.call("hostAdd", { body: { uri: "sim://dbdown/host-0001?vms=5" } });
    await until("the VMs", async () => (await server.client.call("vmList", { query: {} })).total === 5);
    const database = await postmaster();
    const needed = path.join(folder, "postgres/global/pg_control");
    await rename(needed, `${needed}.away`); // it cannot come back before we say so
    process.kill(database, "SIGKILL");
    const failure = await until("a failure", () =>
      server.client.call("tokenCreate", { body: { name: "x" } }).then(
        () => undefined,
        (error: ApiError) => error.problem,
      ),
    );
    expect(failure).toMatchObject({ code: "storeUnavailable", status: 503 });
    expect((await server.client.call("vmList", { query: {} })).total).toBe(5);
    expect((await fetch(`${server.facts.url}/healthz`)).status).toBe(200);
    await until("that it is not ready", async () => (await fetch(`${server.facts.url}/readyz`)).status === 503);
    await rename(`${needed}.away`, needed);
    await until("its return", async () => (await server.client.call("tokenCreate", { body: { name: "x" } })).token, 40_000);
    expect(await postmaster()).not.toBe(database);
    await until("that it is ready", async () => (await fetch(`${server.facts.url}/readyz`)).status === 200);
    const vm = (await server.client.call("vmList", { query: { limit: 1 } })).items[0]!;
    expect((await server.client.call("vmChange", { params: { id: vm.id }, body: { notes: "after" } })).notes).toBe("after");
  });

  test("one that is told to stop while it starts does so, and leaves no database behind", async () => {
    const early = start("--port", "0");
    await until("that it makes its database", () => early.stderr().includes("making the database"));
    early.child.kill("SIGTERM");
    expect(await early.exit, early.stderr()).toBe(0);
    expect(await postmaster().catch(() => "none")).toBe("none");
    await expect(stat(path.join(folder, "server.lock"))).rejects.toThrow("ENOENT");
  });

  test("a second ^C ends it at once; the next start takes over", async () => {
    const server = await ready(start("--port", "0"));
    server.child.kill("SIGINT");
    server.child.kill("SIGINT");
    expect([0, 130]).toContain(await server.exit);
    const next = await ready(start("--port", "0"));
    expect((await next.client.call("infoGet")).name).toBe("Polyvisor");
  });
});

describe("what keeps it from starting is said in a paragraph, with status 2", () => {
  async function refusal(...args: string[]): Promise<string> {
    const started = start(...args);
    expect(await started.exit, started.stderr()).toBe(2);
    running.pop();
    expect(started.stderr()).not.toMatch(/\n\s+at /); // no stack
    return started.stderr();
  }

  test("another server on the folder", async () => {
    const first = await ready(start("--port", "0"));
    expect(await refusal("--port", "0")).toMatch(new RegExp(`process ${first.facts.pid}\\) runs on the data folder`));
    expect((await first.client.call("infoGet")).name).toBe("Polyvisor"); // and that one is not disturbed
    expect(JSON.parse(await readFile(path.join(folder, "server.json"), "utf8"))).toEqual(first.facts);
  });

  test("a port that is taken, told before a database is made", async () => {
    const other = createServer().listen(0, "127.0.0.1");
    await once(other, "listening");
    const { port } = other.address() as { port: number };
    expect(await refusal("--port", String(port))).toMatch(new RegExp(`Port ${port} of 127\\.0\\.0\\.1 is taken[^]*--port`));
    await expect(stat(path.join(folder, "postgres"))).rejects.toThrow("ENOENT");
    other.close();
  });

  test("an address that is not this machine's", async () => {
    expect(await refusal("--port", "0", "--listen", "203.0.113.9")).toMatch(/no address of this machine/);
  });

  test("a database that does not answer, without its pass phrase", async () => {
    const text = await refusal("--port", "0", "--database", `postgresql://u:geheim@127.0.0.1:${await freePort()}/d`);
    expect(text).toMatch(/"d" at 127\.0\.0\.1:\d+ does not take connections/);
    expect(text).not.toContain("geheim");
  });

  test("a folder that is a file", async () => {
    await writeFile(path.join(folder, "file"), "");
    expect(await refusal("--port", "0", "--data", path.join(folder, "file"))).toMatch(/is no folder/);
  });

  test.runIf(process.getuid?.() === 0)("a folder that the database's account may not enter", async () => {
    const inner = path.join(folder, "closed/data");
    await mkdir(inner, { recursive: true });
    await chmod(path.join(folder, "closed"), 0o700);
    expect(await refusal("--port", "0", "--data", inner)).toMatch(/may not enter .*closed/);
  });

  test("an argument that does not exist", async () => {
    expect(await refusal("--colour")).toMatch(/--colour[^]*usage:/);
  });
});
