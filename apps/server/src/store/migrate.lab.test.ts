import { createHash } from "node:crypto";
import { rm, writeFile } from "node:fs/promises";
import path from "node:path";
import type { Client } from "@polyvisor/api/client";
import pg from "pg";
import { pino } from "pino";
import { afterAll, beforeAll, expect, test } from "vitest";
import { clientOf, makeDataFolder } from "../lab/labServer.ts";
import { aHost, aVm } from "../lab/sampleObjects.ts";
import { startSitePostgres, type SitePostgres } from "../lab/sitePostgres.ts";
import { startServer } from "../startServer.ts";
import { connectionOptions, schemaName } from "./connectionOptions.ts";
import { migrate } from "./migrate.ts";
import { migrations } from "./migrations.ts";

// What a site that began with the first release has: every table of schema 1 with data, made here.

const log = pino({ level: "silent" });
const token = `pv_${"A".repeat(43)}`;
let site: SitePostgres;
let url: string;
let folder: string;
beforeAll(async () => {
  site = await startSitePostgres();
  url = await site.database();
  folder = await makeDataFolder();
});
afterAll(async () => {
  await site.close();
  await rm(folder, { recursive: true, force: true });
});

const host = aHost("h-1", { name: "former", uri: "sim://former/host-0001?vms=0", connection: { state: "disabled", since: "2026-01-01T00:00:00.000Z" } });
const vms = Array.from({ length: 25 }, (_, i) =>
  aVm(`v-${i}`, "h-1", { name: `vm ${i} "ü"\\`, tags: i % 2 ? ["odd"] : [], notes: "a\tb\nc", revision: i + 1 }),
);
const plan = { title: "a plan", steps: [], reasons: [], warnings: [], expect: [] };

/** In the order in which they may be filled. */
const rows: Record<string, Record<string, unknown>[]> = {
  object: [host, ...vms].map((doc) => ({
    id: doc.id,
    kind: doc.kind,
    host_id: "hostId" in doc ? doc.hostId : null,
    native_id: "nativeId" in doc ? doc.nativeId : null,
    revision: doc.revision,
    doc,
  })),
  event: vms.flatMap((doc) => [
    { at: "2026-01-01T00:00:00Z", type: "created", kind: "vm", object_id: doc.id, fields: ["name"], cause: null, task_id: null, doc },
    { at: "2026-01-02T00:00:00Z", type: "changed", kind: "vm", object_id: doc.id, fields: ["notes", "tags"], cause: "an operator", task_id: "t-1", doc },
  ]),
  task: [
    {
      id: "t-1",
      state: "succeeded",
      title: "a task",
      by_account: "admin",
      reason: "why 'not'",
      created_at: "2026-01-02T00:00:00Z",
      started_at: "2026-01-02T00:00:01Z",
      ended_at: "2026-01-02T00:00:02Z",
      revision: 4,
      owner: "s-old",
      plan,
    },
  ],
  task_step: [{ task_id: "t-1", n: 0, state: "succeeded", progress: 1, started_at: "2026-01-02T00:00:01Z", ended_at: "2026-01-02T00:00:02Z", message: "done" }],
  account: [
    { id: "a-1", name: "admin", pass_phrase_hash: "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$aGFzaA" },
    { id: "a-2", name: "second", pass_phrase_hash: null },
  ],
  token: [
    {
      id: "k-1",
      account_id: "a-1",
      use: "api",
      name: "robot",
      hash: createHash("sha256").update(token).digest(),
      created_at: "2026-01-01T00:00:00Z",
      last_used_at: null,
      expires_at: "2099-01-01T00:00:00Z",
    },
  ],
  sign_in_code: [{ hash: Buffer.alloc(32, 7), account_id: "a-2", expires_at: "2099-01-01T00:00:00Z" }],
  idempotency: [{ account_id: "a-1", key: "once", request_hash: Buffer.alloc(32, 9), task_id: "t-1" }],
  credential: [{ host_id: "h-1", sealed: Buffer.from([1, 2, 3, 255]) }],
  sample: [
    {
      at: "2026-01-02T12:00:00Z",
      object_id: "v-1",
      seconds: 20,
      cpu: 0.5,
      cpu_wait: null,
      memory_used: 1024 ** 3,
      disk_read: 1,
      disk_write: 2,
      net_receive: 3,
      net_transmit: null,
    },
  ],
  setting: [{ key: "alive", value: { at: "2026-01-02T12:00:00Z" } }],
};

/** Rows of a table with the columns that it had. */
async function read(client: pg.Client, table: string, columns: readonly string[]): Promise<string[]> {
  const list = columns.map((each) => pg.escapeIdentifier(each)).join(", ");
  const { rows: found } = await client.query<{ row: string }>(`select to_jsonb(r)::text as row from (select ${list} from ${table}) r order by 1`);
  return found.map((each) => each.row);
}

test("the first schema with data becomes the present one, and nothing in it is lost or otherwise", async () => {
  const config = connectionOptions({ url });
  await migrate(config, schemaName, log, migrations.slice(0, 1));
  const client = new pg.Client(config);
  await client.connect();
  try {
    await client.query("create table sample_20260102 partition of sample for values from ('2026-01-02') to ('2026-01-03')");
    const { rows: found } = await client.query<{ table: string; columns: string[] }>(
      "select table_name as table, array_agg(column_name::text order by ordinal_position) as columns from information_schema.columns where table_schema = $1 and table_name not like 'sample\\_%' and table_name <> 'migration' group by 1",
      [schemaName],
    );
    expect(found.map((each) => each.table).sort()).toEqual(Object.keys(rows).sort()); // no table of it is forgotten here
    for (const [table, list] of Object.entries(rows))
      for (const row of list) {
        const names = Object.keys(row);
        const values = Object.values(row).map((each) =>
          typeof each === "object" && each !== null && !Buffer.isBuffer(each) && !Array.isArray(each) ? JSON.stringify(each) : each,
        );
        await client.query(
          `insert into ${table} (${names.map((each) => pg.escapeIdentifier(each)).join(", ")}) values (${names.map((_, i) => `$${i + 1}`).join(", ")})`,
          values,
        );
      }
    const before = new Map<string, string[]>();
    for (const { table, columns } of found) before.set(table, await read(client, table, columns));
    await migrate(config, schemaName, log);
    for (const { table, columns } of found) expect(await read(client, table, columns), table).toEqual(expect.arrayContaining(before.get(table)!) as string[]);
    const { rows: done } = await client.query<{ version: number }>("select version from migration order by version");
    expect(done.map((each) => each.version)).toEqual(migrations.map((each) => each.version));
    await migrate(config, schemaName, log); // a second time there is nothing to do
  } finally {
    await client.end();
  }
});

test("a server starts on it: who had a token comes in, and sees what was there", async () => {
  await writeFile(path.join(folder, "server-id"), "s-old\n", { mode: 0o600 });
  const server = await startServer({ dataFolder: folder, listen: "127.0.0.1", port: 0, databaseUrl: url, names: [], logLevel: "error" }, log);
  try {
    const client: Client = clientOf(server.url, token);
    expect((await client.call("accountGet")).name).toBe("admin");
    expect((await client.call("vmList", { query: { limit: 100 } })).items.map((each) => each.name).sort()).toEqual(vms.map((each) => each.name).sort());
    expect(await client.call("vmGet", { params: { id: "v-3" } })).toMatchObject({ tags: ["odd"], notes: "a\tb\nc" });
    expect((await client.call("taskList", { query: {} })).items).toMatchObject([{ id: "t-1", state: "succeeded", reason: "why 'not'" }]);
    await client.call("vmChange", { params: { id: "v-3" }, body: { notes: "after" } });
  } finally {
    await server.close();
  }
});
