import { execFile } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

// The launcher with the real server and its real database. What a machine may lack is played in tests/launcher.test.ts.

const launcher = join(import.meta.dirname, "../../polyvisor");
const isRoot = process.getuid?.() === 0;

let folder: string;
let data: string;
let port: number;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "polyvisor-up-"));
  chmodSync(folder, 0o755); // the database's account passes through
  data = join(folder, "data");
  port = await freePort();
});
afterEach(async () => {
  await polyvisor("down");
  rmSync(folder, { recursive: true, force: true });
});

/** Whether a process runs; one that ended and waits for a first process that collects nobody does not. */
function runs(pid: number | string): boolean {
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port: free } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return free;
}

interface Answer {
  status: number;
  out: string;
  said: string;
}
function run(program: string, ...args: string[]): Promise<Answer> {
  return new Promise((resolve) => {
    const env = { ...process.env, POLYVISOR_DATA: data, POLYVISOR_URL: undefined, POLYVISOR_TOKEN: undefined, POLYVISOR_DATABASE_URL: undefined };
    execFile(program, args, { timeout: 110_000, env }, (error, out, said) => {
      resolve({ status: error ? ((error as { code?: number }).code ?? -1) : 0, out, said });
    }).stdin?.end();
  });
}
const polyvisor = (...args: string[]): Promise<Answer> => run(launcher, ...args);
const up = (): Promise<Answer> => polyvisor("up", "--detach", "--without-hypervisor", "--port", String(port));
const facts = (): { pid: number; url: string } => JSON.parse(readFileSync(join(data, "server.json"), "utf8")) as { pid: number; url: string };

describe("up", () => {
  it("starts a server that the CLI finds; a second one changes nothing; down ends it and keeps its data", async () => {
    const first = await up();
    expect(first).toMatchObject({ status: 0, out: expect.stringContaining(`http://127.0.0.1:${port}`) });
    expect(first.out).toMatch(/#sign-in=\S+/);
    const before = facts();
    expect((await fetch(`${before.url}/readyz`)).status).toBe(200);
    expect(await polyvisor("list")).toMatchObject({ status: 0 });
    expect(await polyvisor("status")).toMatchObject({ status: 0, out: expect.stringMatching(/ready\s+yes/) });
    expect(await polyvisor("up")).toMatchObject({ status: 0, said: "" });
    expect(facts()).toEqual(before);
    expect(await polyvisor("down")).toMatchObject({ status: 0 });
    expect(runs(before.pid)).toBe(false);
    expect(await polyvisor("status")).toMatchObject({ status: 3 });
    expect(await up()).toMatchObject({ status: 0 });
  });

  it("serves HTTPS when told to, and status and the CLI know its certificate", async () => {
    expect(await polyvisor("up", "--detach", "--without-hypervisor", "--port", String(port), "--tls")).toMatchObject({
      status: 0,
      out: expect.stringContaining(`https://127.0.0.1:${port}`),
    });
    expect(await polyvisor("status")).toMatchObject({ status: 0, out: expect.stringMatching(/ready\s+yes/) });
    expect(await polyvisor("list")).toMatchObject({ status: 0 });
  });

  it("starts again after the server was killed", async () => {
    expect(await up()).toMatchObject({ status: 0 });
    const { pid } = facts();
    process.kill(pid, "SIGKILL");
    for (const end = Date.now() + 10_000; runs(pid) && Date.now() < end;) await new Promise((resolve) => setTimeout(resolve, 50));
    expect(await polyvisor("status")).toMatchObject({ status: 3 });
    expect(await up()).toMatchObject({ status: 0 });
    expect(facts().pid).not.toBe(pid);
  });

  it("names the port that is taken, and what to do", async () => {
    const other = createServer().listen(port, "127.0.0.1");
    await new Promise((resolve) => other.once("listening", resolve));
    const { status, said } = await up();
    other.close();
    expect(status).toBe(2);
    expect(said).toMatch(new RegExp(`${port}.*\\n.*--port`));
  });

  it("names the database that does not answer", async () => {
    const { status, said } = await polyvisor(
      "up",
      "--detach",
      "--without-hypervisor",
      "--port",
      String(port),
      "--database",
      `postgresql://someone:secret@127.0.0.1:${await freePort()}/x`,
    );
    expect(status).toBe(2);
    expect(said).toMatch(/database/i);
    expect(said).not.toContain("secret");
  });

  it.runIf(isRoot).each([
    ["full", "size=50m", /is full: \d+ MiB are free/],
    ["read-only", "ro", /may not be written|cannot be made/],
  ])("refuses a disk that is %s", async (_, options, expected) => {
    const { status, said } = await run(
      "unshare",
      "-m",
      "sh",
      "-c",
      `mount -t tmpfs -o ${options} none '${folder}' && exec '${launcher}' up --detach --without-hypervisor --port ${port}`,
    );
    expect(status).toBe(2);
    expect(said).toMatch(expected);
  });
});
