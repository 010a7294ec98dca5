import { spawn } from "node:child_process";
import { chmod, mkdtemp, readFile, rm, stat, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Config } from "../config.ts";
import { clientOf } from "../lab/labServer.ts";
import { startSitePostgres, type SitePostgres } from "../lab/sitePostgres.ts";
import { until } from "../lab/until.ts";
import { startServer } from "../startServer.ts";
import { backupStore } from "./backupStore.ts";
import { restoreStore } from "./restoreStore.ts";
import { openStoreAccess } from "./storeAccess.ts";

const log = pino({ level: "silent" });
const passPhrase = "a phrase of the operator's";
const configOf = (dataFolder: string, databaseUrl?: string): Config => ({
  dataFolder,
  databaseUrl,
  listen: "127.0.0.1",
  port: 0,
  names: [],
  logLevel: "error",
});
const asked = async (): Promise<string> => passPhrase;

/** Every row of every table, as text. */
async function everything(config: Config): Promise<Record<string, string[]>> {
  const access = await openStoreAccess(config, true, log);
  try {
    const tables = await access.query("select relname from pg_class where relnamespace = 'polyvisor'::regnamespace and relkind in ('r', 'p') order by 1");
    const out: Record<string, string[]> = {};
    for (const table of tables) out[table] = await access.query(`select to_jsonb(t) from polyvisor."${table}" t order by to_jsonb(t)::text`);
    return out;
  } finally {
    await access.close();
  }
}

let folder: string;
let site: SitePostgres;
/** Stopped; its store has something of everything. */
let source: Config;
let before: Record<string, string[]>;
let made: string;
let hostId: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "polyvisor-backup-"));
  await chmod(folder, 0o711);
  site = await startSitePostgres();
  const server = await startServer(configOf(path.join(folder, "source")), log);
  const client = clientOf(server.url, (await readFile(path.join(folder, "source/local-token"), "utf8")).trim());
  const host = await client.call("hostAdd", { body: { uri: "sim://backup/host-0001?vms=20&seed=3", credential: { username: "u", password: "geheim" } } });
  hostId = host.id;
  const vm = await until("the VMs", async () => {
    const page = await client.call("vmList", { query: {} });
    return page.total === 20 && page.items.find((each) => each.state === "running");
  });
  await client.call("vmChange", { params: { id: vm.id }, body: { tags: ["kept"], notes: "tab\there\nline \\ and ‮ text" } });
  const task = await client.call("taskCreate", { body: { request: { do: "vm.pause", vms: [vm.id] }, reason: "to have one" } });
  await until("its end", async () => (await client.call("taskGet", { params: { id: task.id } })).endedAt !== undefined);
  await client.call("tokenCreate", { body: { name: "robot" } });
  made = path.join(folder, "running.backup");
  source = configOf(path.join(folder, "source"));
  // While it runs and the estate changes.
  const changing = new AbortController();
  const changes = (async () => {
    for (let i = 0; !changing.signal.aborted; i++) await client.call("vmChange", { params: { id: vm.id }, body: { notes: `change ${i}` } });
  })();
  await backupStore(source, { file: made, force: false, passPhrase }, log);
  changing.abort();
  await changes;
  await server.close();
  before = await everything(source);
});
afterAll(async () => {
  await site.close();
  await rm(folder, { recursive: true, force: true });
});

const into = async (kind: string, name: string): Promise<Config> => configOf(path.join(folder, name), kind === "url" ? await site.database() : undefined);

describe.each(["private", "url"])("restored into an empty store on the %s database", (kind) => {
  test("everything is as it was, the key too, and a server starts on it", async () => {
    const file = path.join(folder, `still-${kind}.backup`);
    expect(await backupStore(source, { file, force: false, passPhrase }, log)).toMatchObject({ withKey: true });
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    const target = await into(kind, `target-${kind}`);
    const { rows, withKey } = await restoreStore(target, { file, replace: false, passPhrase: asked }, log);
    expect(withKey).toBe(true);
    expect(rows["object"]).toBeGreaterThan(20);
    expect(await everything(target)).toEqual(before);
    expect(await readFile(path.join(target.dataFolder, "secret.key"))).toEqual(await readFile(path.join(source.dataFolder, "secret.key")));
    const server = await startServer(target, log);
    try {
      const client = clientOf(server.url, (await readFile(path.join(target.dataFolder, "local-token"), "utf8")).trim());
      expect((await client.call("vmList", { query: { filter: "tag=kept" } })).total).toBe(1);
      // Opens its credential with the key: without it the host could not be connected.
      await until("the host", async () => (await client.call("hostGet", { params: { id: hostId } })).connection.state === "connected");
      await expect(restoreStore(target, { file, replace: true, passPhrase: asked }, log)).rejects.toThrow(/Another Polyvisor server \(process/);
      if (kind === "url")
        await expect(restoreStore({ ...target, dataFolder: path.join(folder, "elsewhere") }, { file, replace: true, passPhrase: asked }, log)).rejects.toThrow(
          /A Polyvisor server uses this database/,
        );
    } finally {
      await server.close();
    }
    // What is there goes only when told so, and then all of it.
    await expect(restoreStore(target, { file, replace: false, passPhrase: asked }, log)).rejects.toThrow(/not empty[^]*--replace/);
    await restoreStore(target, { file, replace: true, passPhrase: asked }, log);
    expect(await everything(target)).toEqual(before);
    // The audit log of the server that was there went further; the restored one is no forgery of it.
    const again = await startServer(target, log);
    try {
      const token = (await readFile(path.join(target.dataFolder, "local-token"), "utf8")).trim();
      expect(await clientOf(again.url, token).call("auditCheckpointCreate")).toHaveProperty("seq");
    } finally {
      await again.close();
    }
  });
});

describe("one that was made while a server worked", () => {
  test("is of one moment: objects and their last events agree", async () => {
    const target = await into("url", "moment");
    await restoreStore(target, { file: made, replace: false, passPhrase: asked }, log);
    const rows = (await site.query(
      target.databaseUrl!,
      "select o.id from polyvisor.object o join lateral (select doc from polyvisor.event e where e.object_id = o.id order by e.id desc limit 1) last on true where last.doc is distinct from o.doc",
    )) as unknown[];
    expect(rows).toEqual([]);
  });
});

describe("what cannot be restored is refused, and the store is as it was", () => {
  let target: Config;
  let own: Record<string, string[]>;
  let good: Buffer;
  beforeAll(async () => {
    target = await into("url", "refused");
    await restoreStore(target, { file: made, replace: false, passPhrase: asked }, log);
    own = await everything(target);
    good = await readFile(made);
  });
  const copy = async (change: (bytes: Buffer) => Buffer): Promise<string> => {
    const file = path.join(folder, "bad.backup");
    await writeFile(file, change(Buffer.from(good)));
    return file;
  };
  const refused = async (file: string, message: RegExp, phrase = passPhrase): Promise<void> => {
    await expect(restoreStore(target, { file, replace: true, passPhrase: async () => phrase }, log)).rejects.toThrow(message);
    expect(await everything(target)).toEqual(own);
  };

  test("cut off at any place", async () => {
    for (const part of [0, 10, 200, Math.floor(good.length / 2), good.length - 1]) {
      const file = await copy((bytes) => bytes);
      await truncate(file, part);
      await expect(restoreStore(target, { file, replace: true, passPhrase: asked }, log)).rejects.toThrow(/cut off|no backup/);
    }
    expect(await everything(target)).toEqual(own);
  });
  test("one bit otherwise", async () => refused(await copy((bytes) => ((bytes[Math.floor(bytes.length / 2)]! ^= 1), bytes)), /changed or damaged/));
  test("of a later format", async () =>
    refused(await copy((bytes) => Buffer.concat([Buffer.from("POLYVISOR-STORE-BACKUP 9\n"), bytes.subarray(25)])), /format 9/));
  test("something else", async () => refused(await copy(() => Buffer.from("PGDMP and so on\n")), /no backup of Polyvisor/));
  test("with another pass phrase", async () => refused(made, /does not open/, "another phrase"));
  test("of a newer schema, and one whose dump PostgreSQL does not take", async () => {
    const { writeBackup } = await import("./backupFile.ts");
    const { open } = await import("node:fs/promises");
    const { Readable } = await import("node:stream");
    const write = async (schema: number, dump: Buffer): Promise<string> => {
      const file = path.join(folder, `made-${schema}.backup`);
      const out = await open(file, "w");
      await writeBackup(out, { made: "2026-01-01T00:00:00Z", version: "9.9.9", schema, postgres: "15" }, Readable.from([dump]));
      await out.close();
      return file;
    };
    await refused(await write(9_999, Buffer.from("x")), /tables of version 9999[^]*9\.9\.9 or newer/);
    const start = good.indexOf("PGDMP");
    await refused(await write(1, good.subarray(start, start + Math.floor((good.length - start) / 2))), /could not be restored: .+\nCorrect/);
  });
});

test("as a command it says what it did, and asks for a choice about the key", async () => {
  const run = (...args: string[]): Promise<[number | null, string]> =>
    new Promise((resolve) => {
      const child = spawn(process.execPath, [fileURLToPath(new URL("./main.ts", import.meta.url)), ...args], { stdio: ["ignore", "pipe", "pipe"] });
      let text = "";
      for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (text += chunk.toString()));
      child.once("close", (code) => resolve([code, text]));
    });
  const file = path.join(folder, "command.backup");
  expect(await run("backup-store", file, "--data", source.dataFolder)).toEqual([2, expect.stringMatching(/--pass-phrase-file[^]*--without-key/) as string]);
  expect(await run("backup-store", file, "--without-key", "--data", source.dataFolder)).toEqual([0, expect.stringContaining("without the key") as string]);
  expect(await run("backup-store", file, "--without-key", "--data", source.dataFolder)).toEqual([2, expect.stringContaining("is there already") as string]);
  await writeFile(path.join(folder, "phrase"), `${passPhrase}\n`);
  expect(await run("backup-store", file, "--force", "--pass-phrase-file", path.join(folder, "phrase"), "--data", source.dataFolder)).toEqual([
    0,
    expect.stringContaining("with the key") as string,
  ]);
  expect(await run("restore-store", file, "--pass-phrase-file", path.join(folder, "phrase"), "--data", path.join(folder, "command"))).toEqual([
    0,
    expect.stringMatching(/Restored the store of .* rows in \d+ tables/) as string,
  ]);
  expect(await run("restore-store", path.join(folder, "none"), "--data", path.join(folder, "x"))).toEqual([2, expect.stringContaining("ENOENT") as string]);
});
