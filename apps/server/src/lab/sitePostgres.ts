import { execFile, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { chmod, chown, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import pg from "pg";
import { findPostgres } from "../store/postgresBinaries.ts";
import { postgresUser } from "../store/postgresUser.ts";

const run = promisify(execFile);

/** A PostgreSQL as a site runs it: over TCP with a pass phrase, and an owner of one database who is no superuser. */
export interface SitePostgres {
  /** Of a new empty database, or of one that was made. */
  database(options?: { encoding?: string }): Promise<string>;
  /** As superuser, on a database of {@link database}. */
  query(url: string, sql: string): Promise<unknown[]>;
  /** To its first process. SIGKILL ends the others too, and what they had not made durable is brought back by {@link restart}. */
  signal(name: "SIGKILL" | "SIGSTOP" | "SIGCONT"): Promise<void>;
  /** Starts it again on the same port, and resolves when it answers. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

/** Starts one in a temporary folder; for tests. */
export async function startSitePostgres(): Promise<SitePostgres> {
  const folder = await mkdtemp(path.join(tmpdir(), "site-"));
  const runAs = await postgresUser(path.join(folder, "data"));
  await chmod(folder, 0o700);
  if (runAs.uid !== undefined && runAs.gid !== undefined) await chown(folder, runAs.uid, runAs.gid);
  const { folder: bin } = await findPostgres(runAs);
  const as = { uid: runAs.uid, gid: runAs.gid, cwd: "/", env: { PATH: "/usr/bin:/bin", LC_ALL: "C" } };
  const data = path.join(folder, "data");
  const password = path.join(folder, "password");
  await writeFile(password, "site-secret\n", { mode: 0o644 });
  await run(
    path.join(bin, "initdb"),
    ["-D", data, "-U", "boss", "--auth=scram-sha-256", `--pwfile=${password}`, "--encoding=UTF8", "--locale=C", "--no-sync"],
    as,
  );
  const port = await freePort();
  const start = (): ChildProcess =>
    spawn(
      path.join(bin, "postgres"),
      ["-D", data, "-c", "listen_addresses=127.0.0.1", "-c", `port=${port}`, "-c", "unix_socket_directories=", "-c", "fsync=off"],
      { ...as, stdio: "ignore" },
    );
  let child = start();
  let gone = once(child, "exit");
  let count = 0;

  async function boss(database: string, sql: string): Promise<unknown[]> {
    const client = new pg.Client({ host: "127.0.0.1", port, user: "boss", password: "site-secret", database });
    client.on("error", () => undefined);
    try {
      await client.connect();
      return (await client.query(sql)).rows as unknown[];
    } finally {
      await client.end().catch(() => undefined);
    }
  }
  const until = Date.now() + 60_000;
  for (;;) {
    try {
      await boss("postgres", "create role tenant login password 'tenant-secret'");
      break;
    } catch (error) {
      if (Date.now() > until) throw error;
      await delay(50);
    }
  }
  return {
    async database({ encoding = "UTF8" } = {}) {
      const name = `site${++count}`;
      await boss("postgres", `create database ${name} owner tenant encoding '${encoding}' template template0`);
      return `postgresql://tenant:tenant-secret@127.0.0.1:${port}/${name}`;
    },
    query: (url, sql) => boss(new URL(url).pathname.slice(1), sql),
    async signal(name) {
      child.kill(name);
      if (name === "SIGKILL") await gone;
    },
    async restart() {
      for (const end = Date.now() + 60_000; ; await delay(50)) {
        // Until the processes of the one that was killed have noticed, a new one refuses to start.
        if (child.exitCode !== null || child.signalCode !== null) {
          child = start();
          gone = once(child, "exit");
        }
        try {
          await boss("postgres", "select 1");
          return;
        } catch (error) {
          if (Date.now() > end) throw error;
        }
      }
    },
    async close() {
      child.kill("SIGQUIT");
      await gone;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** A TCP port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address() as { port: number };
  await new Promise((resolve) => probe.close(resolve));
  return port;
}
