import { execFile } from "node:child_process";
import { readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startLabServer, type LabServer } from "../../apps/server/src/lab/labServer.ts";
import { until } from "../../apps/server/src/lab/until.ts";

const main = new URL("../../apps/cli/src/main.ts", import.meta.url).pathname;
let lab: LabServer;
let vm: string;
beforeAll(async () => {
  lab = await startLabServer();
  await lab.client.call("hostAdd", { body: { uri: "sim://history/host-0001?vms=3", name: "h1" } });
  vm = (await until("a running VM", async () => (await lab.client.call("vmList", { query: { filter: "state=running" } })).items[0])).name;
});
afterAll(() => lab?.close());

async function cli(...argv: string[]): Promise<{ code: number; out: string; err: string }> {
  const env = { PATH: process.env["PATH"], HOME: lab.folder, NO_COLOR: "1", POLYVISOR_URL: lab.url, POLYVISOR_TOKEN: lab.token };
  return promisify(execFile)(process.execPath, [main, ...argv], { env, maxBuffer: 64 * 1024 ** 2 }).then(
    ({ stdout, stderr }) => ({ code: 0, out: stdout, err: stderr }),
    (error: { code: number; stdout: string; stderr: string }) => ({ code: error.code, out: error.stdout, err: error.stderr }),
  );
}

test("a VM as it was before a change, who changed it, and what differs since", async () => {
  const before = new Date().toISOString();
  expect(await cli("pause", vm)).toMatchObject({ code: 0 });
  expect((await cli("info", vm)).out).toMatch(/State +: paused/);
  expect((await cli("info", vm, "--at", before)).out).toMatch(/State +: running/);
  expect((await cli("list", "--at", before, `name=${vm}`)).out).toMatch(/running/);
  const history = await cli("history", vm);
  expect(history.out).toMatch(/changed +admin +t-\w{12}[^]* state: running -> paused/);
  expect((await cli("history", "show", vm, "-o", "json")).out).toContain('"origin": "task"');
  expect((await cli("diff", "--from", before)).out).toMatch(new RegExp(`~ +vm +${vm} +changed[^]*state: running -> paused`));
  expect((await cli("history", "h1")).out).toMatch(/created +admin \(cli\)/);
  expect(await cli("info", vm, "--at", "2001-01-01")).toMatchObject({ code: 3 });
  expect(await cli("diff")).toMatchObject({ code: 2 });
});

test("what it costs, and how long it is kept", async () => {
  expect((await cli("history", "storage")).out).toMatch(/vm +\d+[^]*On disk, with indexes/);
  expect((await cli("history", "retention", "--days", "365", "--kind", "vm", "--max", "20GiB")).out).toMatch(/vm +: 365 days[^]*At most +: 20 GiB/);
  expect((await cli("history", "retention")).out).toMatch(/host +: 30 days/);
});

test("the audit log is listed, exported, checked here and elsewhere, and archived", async () => {
  const file = path.join(lab.folder, "log.jsonl");
  const kept = path.join(lab.folder, "kept.json");
  expect((await cli("audit-log", "list")).out).toMatch(/admin +127\.0\.0\.1 +taskCreate vm\.pause +done/);
  expect(await cli("audit-log", "checkpoint", kept)).toMatchObject({ code: 0 });
  expect(await cli("audit-log", "verify", "--checkpoint", kept)).toMatchObject({ code: 0 });
  expect(await cli("audit-log", "export", file)).toMatchObject({ code: 0 });
  expect(await cli("audit-log", "export", file)).toMatchObject({ code: 2 });
  expect((await cli("audit-log", "verify", file, "--checkpoint", kept)).out).toMatch(/entries 1 to \d+: as they were written/);
  const { key } = JSON.parse(await readFile(kept, "utf8")) as { key: string };
  expect(await cli("audit-log", "verify", file, "--key", key)).toMatchObject({ code: 0 });
  expect(await cli("audit-log", "verify", file, "--key", Buffer.alloc(32, 1).toString("base64"))).toMatchObject({ code: 1 });
  const text = await readFile(file, "utf8");
  const touched = path.join(lab.folder, "touched.jsonl");
  await writeFile(touched, text.replace('"by":"admin"', '"by":"nobody"'));
  expect(await cli("audit-log", "verify", touched)).toMatchObject({
    code: 1,
    out: expect.stringMatching(/it was changed[^]*NOT as they were written/) as string,
  });
  expect(await cli("audit-log", "archive", file, "--before", "now")).toMatchObject({ code: 2 });
  expect((await cli("audit-log", "archive", file, "--before", "now", "--yes")).out).toMatch(/entries dropped/);
  expect((await cli("audit-log", "verify")).out).toMatch(/as they were written/);
  await rm(file);
});
