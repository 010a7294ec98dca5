import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { open, readFile, readlink, realpath, rename, stat } from "node:fs/promises";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { RunAs } from "./postgresUser.ts";

/** A postmaster: one we started, or one that a server before us left. */
export interface PostgresProcess {
  readonly pid: number;
  readonly adopted: boolean;
  /** Resolves when it is gone. */
  readonly gone: Promise<void>;
}

/** Whether a process runs. */
export const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    // One that ended stays as a zombie until its parent asks, which an init of a container may never do.
    return !/^\d+ \(.*\) Z/s.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
};

/** The postmaster that runs on this cluster and listens in this folder, where one does. */
export async function runningPostgres(cluster: string, socketFolder: string): Promise<PostgresProcess | undefined> {
  const lines = (await readFile(path.join(cluster, "postmaster.pid"), "utf8").catch(() => "")).split("\n");
  const pid = Number(lines[0]);
  if (!Number.isInteger(pid) || pid <= 1 || !isAlive(pid)) return undefined;
  // The number may have gone to another program since: a postmaster works in its cluster's folder.
  const [works, is] = await Promise.all([readlink(`/proc/${pid}/cwd`).catch(() => undefined), realpath(cluster)]);
  if (works !== undefined && works !== is) return undefined;
  if (lines[4] !== socketFolder || lines[7]?.trim() === "stopping") {
    await stopPostgres({ pid, adopted: true, gone: goneOf(pid) });
    return undefined;
  }
  return { pid, adopted: true, gone: goneOf(pid) };
}

/** A process that is no child of ours tells nobody when it ends. */
async function goneOf(pid: number): Promise<void> {
  while (isAlive(pid)) await delay(200, undefined, { ref: false });
}

/** Starts it in a session of its own: a ^C in our terminal must not end it before us. */
export async function startPostgres(binaries: string, cluster: string, socketFolder: string, logFile: string, runAs: RunAs): Promise<PostgresProcess> {
  if (((await stat(logFile).catch(() => undefined))?.size ?? 0) > 8 * 1024 ** 2) await rename(logFile, `${logFile}.1`);
  const log = await open(logFile, "a", 0o600);
  try {
    const set = {
      listen_addresses: "",
      unix_socket_directories: socketFolder,
      unix_socket_permissions: "0700",
      port: "5432",
      fsync: "on",
      full_page_writes: "on",
      synchronous_commit: "on",
      logging_collector: "off",
    };
    const child = spawn(path.join(binaries, "postgres"), ["-D", cluster, ...Object.entries(set).flatMap(([name, value]) => ["-c", `${name}=${value}`])], {
      uid: runAs.uid,
      gid: runAs.gid,
      cwd: "/",
      detached: true,
      stdio: ["ignore", log.fd, log.fd],
      env: { PATH: "/usr/bin:/bin", LC_ALL: "C", TZ: "UTC" },
    });
    const gone = new Promise<void>((resolve) => child.once("exit", () => resolve()));
    await new Promise((resolve, reject) => child.once("spawn", resolve).once("error", reject));
    child.unref();
    return { pid: child.pid!, adopted: false, gone };
  } finally {
    await log.close();
  }
}

/** Fast shutdown: sessions are ended, everything is written. What hangs for half a minute is ended hard; its log replays at the next start. */
export async function stopPostgres(postgres: PostgresProcess): Promise<void> {
  for (const [signal, ms] of [
    ["SIGINT", 30_000],
    ["SIGQUIT", 10_000],
    ["SIGKILL", 5_000],
  ] as const) {
    try {
      process.kill(postgres.pid, signal);
    } catch {
      return; // gone
    }
    const ended = await Promise.race([postgres.gone.then(() => true), delay(ms, false)]);
    if (ended) return;
  }
}
