import { createHash } from "node:crypto";
import { chmod, chown, lstat, mkdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import pg from "pg";
import type { Logger } from "pino";
import { StartError } from "../startError.ts";
import { databaseUser, preparePostgres, writeAccess } from "./postgresCluster.ts";
import { runningPostgres, startPostgres, stopPostgres, type PostgresProcess } from "./postgresProcess.ts";
import { checkReach, postgresUser, type RunAs } from "./postgresUser.ts";

/** A PostgreSQL of our own in the data folder, reached by a Unix socket only, kept running until it is closed. */
export interface PrivatePostgres {
  readonly socketFolder: string;
  readonly user: string;
  readonly database: string;
  /** Of the postmaster that runs now. */
  readonly pid: () => number | undefined;
  close(): Promise<void>;
}

const database = "polyvisor";

/**
 * Starts or adopts it and waits until it answers. From then on it is started again, with growing pauses, whenever it dies.
 * @throws StartError with what to do
 */
export async function openPrivatePostgres(dataFolder: string, log: Logger): Promise<PrivatePostgres> {
  const cluster = path.join(dataFolder, "postgres");
  const logFile = path.join(dataFolder, "postgres.log");
  const runAs = await postgresUser(cluster);
  await checkReach(runAs, dataFolder);
  const socketFolder = await prepareSocketFolder(dataFolder, runAs);
  const binaries = await preparePostgres(cluster, runAs, log);
  const start = (): Promise<PostgresProcess> => startPostgres(binaries.folder, cluster, socketFolder, logFile, runAs);

  let now: PostgresProcess | undefined = await runningPostgres(cluster, socketFolder);
  const changed = await writeAccess(cluster, runAs);
  if (now) {
    log.info({ pid: now.pid }, "the database still runs and is taken over");
    if (changed) process.kill(now.pid, "SIGHUP");
  } else now = await start();
  try {
    await untilReady(socketFolder, now);
  } catch (error) {
    await stopPostgres(now);
    const why = (await lastLines(logFile)).join(" ");
    if (/No space left/i.test(why))
      throw new StartError("The disk of the data folder is full.", "Free at least 200 MB there and start again.", { cause: error });
    throw new StartError(`The database in ${cluster} does not start: ${why || (error as Error).message}`, `Its log is ${logFile}.`, { cause: error });
  }

  const closing = new AbortController();
  const supervised = (async () => {
    let pauseMs = 100;
    while (!closing.signal.aborted) {
      const began = Date.now();
      await now?.gone;
      if (closing.signal.aborted) return;
      now = undefined;
      if (Date.now() - began > 60_000) pauseMs = 100;
      log.error({ startAgainInMs: pauseMs, lastLines: await lastLines(logFile) }, "the database ended by itself; starting it again");
      await delay(pauseMs, undefined, { signal: closing.signal }).catch(() => undefined);
      pauseMs = Math.min(pauseMs * 2, 10_000);
      if (!closing.signal.aborted) now = await start().catch((error: unknown) => void log.error({ err: error }, "the database could not be started"));
    }
  })();

  return {
    socketFolder,
    user: databaseUser,
    database,
    pid: () => now?.pid,
    async close() {
      closing.abort();
      if (now) await stopPostgres(now);
      await supervised;
      if (path.dirname(socketFolder) !== dataFolder) await rm(socketFolder, { recursive: true, force: true }); // the temporary one
    },
  };
}

/**
 * After a checkpoint the first change of each block writes all of it to the log. PostgreSQL's own compression takes some 0.2 ms
 * for one, which is most of what a start of 10,000 hosts waited for; lz4 a tenth. Where it was not built with lz4, is older than
 * 15, or the site has set something itself, everything stays as it is.
 */
async function compressQuickly(client: pg.Client): Promise<void> {
  const { rowCount } = await client.query(
    "select 1 from pg_settings where name = 'wal_compression' and setting in ('on', 'pglz') and 'lz4' = any(enumvals) and sourcefile not like '%postgresql.auto.conf'",
  );
  if (rowCount === 0) return;
  await client.query("alter system set wal_compression = 'lz4'");
  await client.query("select pg_reload_conf()");
}

/** Resolves when it takes queries and our database is there. Recovery after a crash takes as long as it takes. */
async function untilReady(socketFolder: string, postgres: PostgresProcess): Promise<void> {
  let ended = false;
  const began = Date.now();
  void postgres.gone.then(() => (ended = true));
  for (;;) {
    const client = new pg.Client({ host: socketFolder, user: databaseUser, database: "postgres", connectionTimeoutMillis: 5_000 });
    client.on("error", () => undefined);
    try {
      await client.connect();
      const { rowCount } = await client.query("select 1 from pg_database where datname = $1", [database]);
      if (rowCount === 0) await client.query(`create database ${database}`);
      await compressQuickly(client);
      return;
    } catch (error) {
      if (ended) throw error;
      // Who may come in was changed a moment ago, and the postmaster has not read it yet.
      const unread = (error as { code?: string }).code === "28000" && Date.now() - began < 2_000;
      // "The database system is starting up", no socket yet, or a slow machine: only its end is a failure.
      if (
        !unread &&
        !["57P03", "ENOENT", "ECONNREFUSED"].includes((error as { code?: string }).code ?? "") &&
        !/timeout|terminated/i.test((error as Error).message)
      )
        throw error;
      await delay(40);
    } finally {
      await client.end().catch(() => undefined);
    }
  }
}

/** The longest name of a Unix socket that every system takes (`sun_path` without its final zero). */
const longestSocket = 107;

/** `DIR/socket`; for a data folder whose path is too long, one in the temporary folder with a name made of it. */
async function prepareSocketFolder(dataFolder: string, runAs: RunAs): Promise<string> {
  const inside = path.join(dataFolder, "socket");
  const fits = Buffer.byteLength(path.join(inside, ".s.PGSQL.5432")) <= longestSocket;
  const folder = fits ? inside : path.join(tmpdir(), `polyvisor-${createHash("sha256").update(dataFolder).digest("hex").slice(0, 16)}`);
  await mkdir(folder, { mode: 0o700 }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "EEXIST") throw error;
  });
  const is = await lstat(folder);
  const uid = runAs.uid ?? process.getuid?.();
  const own = is.uid === process.getuid?.() || is.uid === uid;
  // In a folder that everyone writes to, another could have been there first.
  if (!is.isDirectory() || !own) throw new StartError(`${folder} belongs to someone else.`, "Remove it, or choose a shorter path with --data DIR.");
  await chmod(folder, 0o700);
  if (runAs.uid !== undefined && runAs.gid !== undefined) await chown(folder, runAs.uid, runAs.gid);
  return folder;
}

async function lastLines(file: string): Promise<string[]> {
  const text = await readFile(file, "utf8").catch(() => "");
  return text.trimEnd().split("\n").slice(-4);
}
