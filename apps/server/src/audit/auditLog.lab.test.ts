import { readFile } from "node:fs/promises";
import path from "node:path";
import { ChainVerifier, type AuditCheckpoint, type AuditEntry } from "@polyvisor/api";
import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startLabServer, type LabServer } from "../lab/labServer.ts";
import { startSitePostgres, type SitePostgres } from "../lab/sitePostgres.ts";
import { until } from "../lab/until.ts";
import { auditCrypto } from "./checkpointKey.ts";

let site: SitePostgres;
let database: string;
let lab: LabServer;
let other: LabServer;
beforeAll(async () => {
  site = await startSitePostgres();
  database = await site.database();
  lab = await startLabServer(database);
  other = await startLabServer(database, lab);
  await lab.client.call("hostAdd", { body: { uri: "sim://audit/host-0001?vms=4", name: "h1" } });
});
afterAll(async () => {
  await other?.close();
  await lab?.close();
  await site?.close();
});

const sql = (text: string): Promise<unknown[]> => site.query(database, text);
const entriesOf = async (query: Record<string, unknown>): Promise<AuditEntry[]> =>
  (await lab.client.call("auditLogList", { query: { limit: 1000, ...query } as never })).items.map((line) => line.entry);
const exported = async (): Promise<string[]> => (await (await lab.client.raw("auditLogExport")).text()).trimEnd().split("\n");
function verdictOf(lines: readonly string[], kept: AuditCheckpoint[] = []) {
  const verifier = new ChainVerifier({ crypto: auditCrypto, kept });
  for (const line of lines) verifier.line(line);
  return verifier.end();
}

test("a write stands there with who, from where, what, the task and the outcome, and not with what was sent", async () => {
  const vm = await until("a running VM", async () => (await lab.client.call("vmList", { query: { filter: "state=running" } })).items[0]);
  await lab.client.call("vmChange", { params: { id: vm.name }, body: { notes: "the pass phrase is hunter2-secret" } });
  const task = await lab.client.call("taskCreate", { body: { request: { do: "vm.pause", vms: [vm.name] }, reason: "also-secret" } });
  const [pause, change] = await entriesOf({ by: "admin", from: "2020-01-01T00:00:00Z" });
  expect(pause).toMatchObject({ action: "taskCreate", outcome: "done", from: "127.0.0.1", task: task.id, details: { do: "vm.pause", vms: [vm.name] } });
  expect(change).toMatchObject({ action: "vmChange", outcome: "done", object: vm.id, name: vm.name, details: { fields: ["notes"] } });
  expect(change!.token).toBeDefined();
  expect((await exported()).join("\n")).not.toMatch(/secret/);
});

test("what makes a secret is told by its id only", async () => {
  const { token, id } = await lab.client.call("tokenCreate", { body: { name: "robot" } });
  expect((await entriesOf({ action: "tokenCreate" }))[0]).toMatchObject({ object: id, name: "robot" });
  const lines = await exported();
  expect(lines.join("\n")).not.toContain(token);
  expect(lines.join("\n")).not.toContain(lab.token);
});

test("what is refused over and over is told twice, whatever the number", async () => {
  for (let i = 0; i < 50; i++) await expect(lab.as("nonsense").call("hostRemove", { params: { id: `h${i}` } })).rejects.toThrow(/not signed in/);
  await until("the refusal", async () => (await entriesOf({ action: "hostRemove", outcome: "refused" }))[0]);
  expect(await entriesOf({ action: "hostRemove", outcome: "refused" })).toMatchObject([{ code: "notSignedIn", from: "127.0.0.1" }]);
});

test("who is signed in and refused is told for each object", async () => {
  for (const id of ["none-1", "none-2"]) await expect(lab.client.call("hostRemove", { params: { id } })).rejects.toThrow(/no such object/);
  await until("both", async () => (await entriesOf({ object: "none-2" }))[0]);
  expect((await entriesOf({ object: "none-1" }))[0]).toMatchObject({ code: "notFound", by: "admin", outcome: "refused" });
});

test("two servers write one chain, and every entry of both is there", async () => {
  const writes = Array.from({ length: 60 }, (_, i) => (i % 2 ? lab : other).client.call("tokenCreate", { body: { name: `robot-${i}` } }));
  await Promise.all(writes);
  const made = (await entriesOf({ action: "tokenCreate" })).filter((entry) => entry.name!.startsWith("robot-"));
  expect(made.length).toBe(60);
  expect(new Set(made.map((entry) => entry.server)).size).toBe(2);
  const verdict = verdictOf(await exported());
  expect(verdict).toMatchObject({ ok: true, first: 1, faults: [] });
  expect(verdict.last).toBe(verdict.entries);
});

test("the list goes by pages without gap or repeat", async () => {
  const all = await entriesOf({});
  const seen: number[] = [];
  let cursor: string | undefined;
  do {
    const page = await lab.client.call("auditLogList", { query: { limit: 7, ...(cursor === undefined ? {} : { cursor }) } });
    seen.push(...page.items.map((line) => line.entry.seq));
    cursor = page.next;
  } while (cursor !== undefined);
  expect(seen).toEqual(all.map((entry) => entry.seq));
  await expect(lab.client.call("auditLogList", { query: { cursor: "1; drop" } as never })).rejects.toThrow(/cursor/);
});

test("the database refuses to change, delete or empty it, and the head does not go back", async () => {
  for (const text of [
    "update polyvisor.audit_entry set hash = ''",
    "delete from polyvisor.audit_entry where seq = 3",
    "truncate polyvisor.audit_entry",
    "update polyvisor.audit_head set seq = 1",
    "delete from polyvisor.audit_head",
  ])
    await expect(sql(text), text).rejects.toThrow(/never changed|go back/);
});

test("what a superuser does behind it is found out: a changed entry, a removed one, a cut-off end", async () => {
  const kept = await lab.client.call("auditCheckpointCreate");
  // As someone who owns the database can: the triggers are off, and back on with everything as it was.
  const behind = async (change: string): Promise<string[]> => {
    await sql("create temp table if not exists nothing ()");
    await sql(
      `begin; alter table polyvisor.audit_entry disable trigger all; alter table polyvisor.audit_head disable trigger all; create table saved as select * from polyvisor.audit_entry; create table saved_head as select * from polyvisor.audit_head; ${change}; commit`,
    );
    try {
      return await readChain();
    } finally {
      await sql(
        "begin; delete from polyvisor.audit_entry; insert into polyvisor.audit_entry select * from saved; update polyvisor.audit_head set seq = s.seq, hash = s.hash from saved_head s; drop table saved; drop table saved_head; alter table polyvisor.audit_entry enable trigger all; alter table polyvisor.audit_head enable trigger all; commit",
      );
    }
  };
  expect(verdictOf(await behind(`update polyvisor.audit_entry set entry = jsonb_set(entry, '{by}', '"mallory"') where seq = 5`)).ok).toBe(false);
  expect(verdictOf(await behind("delete from polyvisor.audit_entry where seq = 5")).ok).toBe(false);
  const cut = verdictOf(
    await behind(
      "delete from polyvisor.audit_entry where seq > 10; update polyvisor.audit_head set seq = 10, hash = (select hash from polyvisor.audit_entry where seq = 10)",
    ),
    [kept],
  );
  expect(cut.faults.map((fault) => fault.what).join()).toMatch(/it is gone/);
  expect(verdictOf(await readChain(), [kept])).toMatchObject({ ok: false, faults: [{ what: expect.stringContaining("no checkpoint") as string }] });
  expect(verdictOf(await exported(), [kept]).ok).toBe(true);

  /** The chain as it stands in the database, without asking the server to sign it. */
  async function readChain(): Promise<string[]> {
    const { canonicalJson, firstPrevious } = await import("@polyvisor/api");
    const client = new pg.Client({ connectionString: database });
    await client.connect();
    try {
      const { rows } = await client.query<{ entry: AuditEntry; hash: string }>("select entry, hash from polyvisor.audit_entry order by seq");
      const { chain } = (await client.query<{ chain: string }>("select chain from polyvisor.audit_head")).rows[0]!;
      return [canonicalJson({ root: { chain, seq: 0, hash: firstPrevious } }), ...rows.map((row) => canonicalJson(row))];
    } finally {
      await client.end();
    }
  }
});

test("a server signs nothing that is not what it signed before", async () => {
  const { seq } = await lab.client.call("auditCheckpointCreate");
  await sql(
    `begin; alter table polyvisor.audit_entry disable trigger all; update polyvisor.audit_entry set hash = reverse(hash) where seq = ${seq}; alter table polyvisor.audit_entry enable trigger all; commit`,
  );
  await expect(lab.client.call("auditCheckpointCreate")).rejects.toThrow(/not what this server signed/);
  await sql(
    `begin; alter table polyvisor.audit_entry disable trigger all; update polyvisor.audit_entry set hash = reverse(hash) where seq = ${seq}; alter table polyvisor.audit_entry enable trigger all; commit`,
  );
  expect(verdictOf(await exported()).ok).toBe(true);
});

test("an archived beginning may go, against proof of it; the rest stands on the signed root", async () => {
  const lines = await exported();
  const tenth = JSON.parse(lines.find((line) => line.startsWith('{"entry"') && (JSON.parse(line) as { entry: AuditEntry }).entry.seq === 10)!) as {
    hash: string;
  };
  await expect(lab.client.call("auditLogArchive", { body: { seq: 10, hash: "0".repeat(64) } })).rejects.toThrow(/not the one that was exported/);
  expect(await lab.client.call("auditLogArchive", { body: { seq: 10, hash: tenth.hash } })).toMatchObject({ dropped: 10, root: { seq: 10 } });
  expect(verdictOf(await exported())).toMatchObject({ ok: true, first: 11 });
  await expect(sql("delete from polyvisor.audit_entry where seq = 11")).rejects.toThrow(/never changed/);
});

test("the key is for the server's eyes only, and what it signed is kept beside it", async () => {
  const { stat } = await import("node:fs/promises");
  expect((await stat(path.join(lab.folder, "audit.key"))).mode & 0o777).toBe(0o600);
  const { key } = await lab.client.call("auditCheckpointList");
  const kept = JSON.parse(await readFile(path.join(lab.folder, "audit-checkpoint.json"), "utf8")) as AuditCheckpoint;
  expect(kept.key).toBe(key);
});
