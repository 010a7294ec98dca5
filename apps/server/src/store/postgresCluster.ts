import { execFile } from "node:child_process";
import { appendFile, chown, mkdir, readFile, rename, rm, statfs } from "node:fs/promises";
import { userInfo } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import type { Logger } from "pino";
import { writeAtomically } from "../files.ts";
import { StartError } from "../startError.ts";
import { findPostgres, type PostgresBinaries } from "./postgresBinaries.ts";
import type { RunAs } from "./postgresUser.ts";

const run = promisify(execFile);

/** Name of the database's superuser, who is also its only one. */
export const databaseUser = "polyvisor";

// For a machine with 2 cores that runs VMs beside us; the site may change them, `ALTER SYSTEM` included.
const settings = `
# Written by Polyvisor when it made this cluster; yours to change.
# The address, the socket and what keeps data safe are given on the command line.
max_connections = 40
shared_buffers = 128MB
work_mem = 8MB
maintenance_work_mem = 64MB
max_wal_size = 512MB
checkpoint_timeout = 15min
wal_compression = on
max_parallel_workers_per_gather = 0
max_worker_processes = 4
jit = off
timezone = 'UTC'
log_timezone = 'UTC'
log_min_error_statement = panic	# statements never stand in the log
`;

/** A new cluster has 40 MB; without room to work in it PostgreSQL's programs die in ways that do not tell why. */
const leastRoom = 128 * 1024 ** 2;

async function checkRoom(folder: string): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  if (bavail * bsize < leastRoom)
    throw new StartError(
      `The disk of the data folder ${folder} is full: ${Math.floor((bavail * bsize) / 1024 ** 2)} MB are left.`,
      "Free at least 200 MB there, or choose another with --data DIR.",
    );
}

/**
 * The cluster in `DIR/postgres`, made where there is none. It is made beside and renamed, so that one that was
 * interrupted half-way is thrown away at the next start and never used.
 */
export async function preparePostgres(cluster: string, runAs: RunAs, log: Logger): Promise<PostgresBinaries> {
  const version = await readFile(path.join(cluster, "PG_VERSION"), "utf8").catch(() => undefined);
  if (version !== undefined) return findPostgres(runAs, Number(version));
  const binaries = await findPostgres(runAs);
  log.info({ postgres: binaries.major, as: runAs.name }, "making the database");
  await checkRoom(path.dirname(cluster));
  const beside = `${cluster}.new`;
  await rm(beside, { recursive: true, force: true });
  await mkdir(beside, { mode: 0o700 });
  if (runAs.uid !== undefined && runAs.gid !== undefined) await chown(beside, runAs.uid, runAs.gid);
  try {
    await run(
      path.join(binaries.folder, "initdb"),
      ["--pgdata", beside, "--username", databaseUser, "--encoding=UTF8", "--no-locale", "--data-checksums", "--auth=peer"],
      {
        uid: runAs.uid,
        gid: runAs.gid,
        cwd: "/",
        timeout: 300_000,
        env: { PATH: "/usr/bin:/bin", LC_ALL: "C", TZ: "UTC" },
      },
    );
    await writeAccess(beside, runAs);
    await appendFile(path.join(beside, "postgresql.conf"), settings);
    await rename(beside, cluster);
  } catch (error) {
    await rm(beside, { recursive: true, force: true });
    const { stderr = "", message } = error as Error & { stderr?: string };
    const why = (stderr.trim() || message).split("\n").slice(-3).join(" ");
    if (/No space left|ENOSPC|Disk quota/i.test(why))
      throw new StartError("The disk of the data folder is full.", "Free at least 200 MB there, or choose another with --data DIR.", { cause: error });
    throw new StartError(`The database in ${cluster} could not be made: ${why}`, "Remove what the message names and start again.", { cause: error });
  }
  return binaries;
}

/**
 * Who comes in: our own account and the one that PostgreSQL runs as, by the kernel's word for who they are. Written at
 * every start, because the account that starts the server may be another than the time before.
 * @returns whether it was otherwise before
 */
export async function writeAccess(cluster: string, runAs: RunAs): Promise<boolean> {
  const who = [...new Set([userInfo().username, runAs.name])];
  const files = {
    "pg_hba.conf": `local all ${databaseUser} peer map=server\n`,
    "pg_ident.conf": who.map((each) => `server "${each}" ${databaseUser}\n`).join(""),
  };
  let changed = false;
  for (const [name, content] of Object.entries(files)) {
    const file = path.join(cluster, name);
    if ((await readFile(file, "utf8").catch(() => undefined)) === content) continue;
    changed = true;
    await writeAtomically(file, content, 0o600);
    if (runAs.uid !== undefined && runAs.gid !== undefined) await chown(file, runAs.uid, runAs.gid);
  }
  return changed;
}
