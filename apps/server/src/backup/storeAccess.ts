import { execFile, spawn, type ChildProcessByStdio } from "node:child_process";
import { access, constants, lchown, lstat, readdir, readFile, realpath, stat } from "node:fs/promises";
import path from "node:path";
import type { Readable, Writable } from "node:stream";
import { promisify } from "node:util";
import type { Logger } from "pino";
import type { Config } from "../config.ts";
import { takeDataFolder } from "../dataFolder.ts";
import { StartError } from "../startError.ts";
import { databaseUser } from "../store/postgresCluster.ts";
import { findPostgres } from "../store/postgresBinaries.ts";
import { isAlive } from "../store/postgresProcess.ts";
import { postgresUser, type RunAs } from "../store/postgresUser.ts";
import { openPrivatePostgres } from "../store/privatePostgres.ts";

const run = promisify(execFile);
/** What PostgreSQL's programs have to say is a few lines; a row more is no reason to fail. */
const mostOutput = 16 * 1024 ** 2;

/** The database of a store, by PostgreSQL's own programs. */
export interface StoreAccess {
  /** Rows of a query, a line each, fields by a tab. */
  query(sql: string): Promise<string[]>;
  dump(...options: string[]): ChildProcessByStdio<null, Readable, Readable>;
  /** Turns a dump into SQL. */
  restore(...options: string[]): ChildProcessByStdio<Writable, Readable, Readable>;
  /** Runs SQL from its standard input; ends at the first error. */
  psql(): ChildProcessByStdio<Writable, null, Readable>;
  close(): Promise<void>;
}

/**
 * Opens the store of a configuration: the site's database, or the private one, which is started where no server runs.
 * @param exclusive refuses while a server runs on the data folder
 * @throws StartError
 */
export async function openStoreAccess(config: Config, exclusive: boolean, log: Logger): Promise<StoreAccess> {
  const owner = await ownerOf(config.dataFolder);
  const closing: (() => Promise<unknown>)[] = [];
  const closeAll = async (): Promise<void> => {
    for (const close of closing.reverse()) await close();
    if (owner) await giveTo(owner, config.dataFolder);
  };
  try {
    const lock = async (): Promise<void> => {
      const folder = await takeDataFolder(config.dataFolder);
      closing.push(() => folder.release());
    };
    if (exclusive) await lock();
    if (config.databaseUrl !== undefined) return { ...programs(await clientPrograms(), {}, ofUrl(config.databaseUrl)), close: closeAll };
    const cluster = path.join(config.dataFolder, "postgres");
    const runAs = await postgresUser(cluster);
    let socketFolder = await runningAt(cluster);
    if (socketFolder === undefined) {
      if (!exclusive) await lock();
      const own = await openPrivatePostgres(config.dataFolder, log);
      closing.push(() => own.close());
      ({ socketFolder } = own);
    }
    const major = Number(await readFile(path.join(cluster, "PG_VERSION"), "utf8"));
    const { folder } = await findPostgres(runAs, major);
    return { ...programs(folder, runAs, { PGHOST: socketFolder, PGPORT: "5432", PGUSER: databaseUser, PGDATABASE: "polyvisor" }), close: closeAll };
  } catch (error) {
    await closeAll().catch(() => undefined);
    throw error;
  }
}

/** As root we leave nothing behind that the folder's own account could not use. */
async function ownerOf(folder: string): Promise<{ uid: number; gid: number } | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const found = await stat(folder).catch(() => undefined);
  return found && found.uid !== 0 ? { uid: found.uid, gid: found.gid } : undefined;
}

async function giveTo({ uid, gid }: { uid: number; gid: number }, folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const file = path.join(folder, name);
    if ((await lstat(file)).uid === 0) await lchown(file, uid, gid);
  }
}

/** The socket's folder of the postmaster that runs on a cluster. */
async function runningAt(cluster: string): Promise<string | undefined> {
  const text = await readFile(path.join(cluster, "postmaster.pid"), "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return "";
    throw new StartError(`${cluster} cannot be read by this account (${error.code}).`, "Run it as root, or as the account that the server runs as.", {
      cause: error,
    });
  });
  const lines = text.split("\n");
  const pid = Number(lines[0]);
  return Number.isInteger(pid) && pid > 1 && isAlive(pid) ? lines[4] : undefined;
}

/** pg_dump and its kin for a database elsewhere: the newest, because an older one does not read a newer server. */
async function clientPrograms(): Promise<string> {
  const root = "/usr/lib/postgresql";
  const versions = (await readdir(root).catch(() => [])).filter((each) => /^\d+$/.test(each)).sort((a, b) => Number(b) - Number(a));
  for (const folder of [
    ...versions.map((each) => path.join(root, each, "bin")),
    ...(process.env["PATH"] ?? "").split(path.delimiter).filter((each) => path.isAbsolute(each)),
  ]) {
    const there = await Promise.all(["pg_dump", "pg_restore", "psql"].map((each) => access(path.join(folder, each), constants.X_OK))).then(
      () => true,
      () => false,
    );
    if (there) return realpath(folder);
  }
  throw new StartError("pg_dump, pg_restore and psql are not on this machine.", "Install them, on Debian: apt-get install postgresql-client");
}

/** In the environment, because arguments are shown to every account of the machine. */
function ofUrl(text: string): Record<string, string> {
  const url = new URL(text);
  const env: Record<string, string> = { PGDATABASE: decodeURIComponent(url.pathname.slice(1)) };
  const set = (name: string, value: string | null): void => {
    if (value !== null && value !== "") env[name] = value;
  };
  set("PGHOST", url.searchParams.get("host") ?? decodeURIComponent(url.hostname).replace(/^\[|\]$/g, ""));
  set("PGPORT", url.port);
  set("PGUSER", decodeURIComponent(url.username));
  set("PGPASSWORD", decodeURIComponent(url.password));
  for (const name of ["sslmode", "sslrootcert", "sslcert", "sslkey"]) set(`PG${name.toUpperCase()}`, url.searchParams.get(name));
  set("PGTARGETSESSIONATTRS", url.searchParams.get("target_session_attrs"));
  return env;
}

function programs(folder: string, { uid, gid }: Partial<RunAs>, place: Record<string, string>): Omit<StoreAccess, "close"> {
  const env = {
    PATH: "/usr/bin:/bin",
    HOME: process.env["HOME"] ?? "/",
    LC_ALL: "C.UTF-8",
    PGAPPNAME: "polyvisor-backup",
    PGCONNECT_TIMEOUT: "10",
    PGCLIENTENCODING: "UTF8",
    ...(process.env["PGPASSWORD"] === undefined ? {} : { PGPASSWORD: process.env["PGPASSWORD"] }),
    ...place,
  };
  const options = { uid, gid, cwd: "/", env };
  const program = (name: string): string => path.join(folder, name);
  const quiet = ["--no-psqlrc", "--quiet", "--no-password", "--set=ON_ERROR_STOP=1"];
  return {
    async query(sql) {
      const { stdout } = await run(program("psql"), [...quiet, "--tuples-only", "--no-align", "--field-separator=\t", "--command", sql], {
        ...options,
        maxBuffer: mostOutput,
        timeout: 300_000,
      }).catch((error: Error & { stderr?: string }) => {
        throw new StartError(
          `The database cannot be used: ${(error.stderr ?? "").trim() || error.message}`,
          "Check that it runs, and the account that this was started as.",
          { cause: error },
        );
      });
      return stdout.split("\n").filter((line) => line !== "");
    },
    dump: (...more) => spawn(program("pg_dump"), ["--format=custom", "--no-password", ...more], { ...options, stdio: ["ignore", "pipe", "pipe"] }),
    restore: (...more) => spawn(program("pg_restore"), ["--file=-", ...more], { ...options, stdio: ["pipe", "pipe", "pipe"] }),
    psql: () => spawn(program("psql"), quiet, { ...options, stdio: ["pipe", "ignore", "pipe"] }),
  };
}
