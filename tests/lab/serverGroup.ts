import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { copyFile, readFile, rm } from "node:fs/promises";
import { createWriteStream } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import type { Client } from "@polyvisor/api/client";
import { clientOf, makeDataFolder } from "../../apps/server/src/lab/labServer.ts";
import { until } from "../../apps/server/src/lab/until.ts";

const program = fileURLToPath(new URL("../../apps/server/src/main.ts", import.meta.url));

/** A server in a process of its own, to be killed and stopped at will. */
export class GroupServer {
  readonly folder: string;
  readonly #database: string;
  readonly #inside: string | undefined;
  readonly #program: string;
  #child: ChildProcess | undefined;
  url = "";
  token = "";
  client!: Client;
  /** Variables of its own. */
  readonly env: Record<string, string> = {};
  /** Takes requests, as far as the test itself has not ended or stopped it. */
  up = false;

  /**
   * @param inside a module that is loaded into it before its own, and spoken to by messages of the process
   * @param main the server's first module; that of this tree where absent
   */
  constructor(folder: string, database: string, inside?: string, main = program) {
    this.folder = folder;
    this.#program = main;
    this.#database = database;
    this.#inside = inside;
  }

  get id(): Promise<string> {
    return readFile(path.join(this.folder, "server-id"), "utf8").then((text) => text.trim());
  }
  get pid(): number {
    return this.#child!.pid!;
  }
  /** The process of the last start. */
  get process(): ChildProcess {
    return this.#child!;
  }

  async start(): Promise<void> {
    await rm(path.join(this.folder, "server.json"), { force: true });
    const inside = this.#inside === undefined ? [] : ["--expose-gc", "--import", this.#inside];
    const child = spawn(process.execPath, [...inside, this.#program, "--data", this.folder, "--port", "0", "--log-level", process.env["LAB_LOG"] ?? "warn"], {
      env: { ...process.env, POLYVISOR_DATABASE_URL: this.#database, ...this.env },
      stdio: ["ignore", "ignore", "pipe", ...(inside.length > 0 ? ["ipc" as const] : [])],
    });
    this.#child = child;
    const log = createWriteStream(path.join(this.folder, "log"), { flags: "a" });
    child.stderr!.pipe(log);
    let ended: Error | undefined;
    const { url } = await until(
      "the server is ready",
      async () => {
        if (child.exitCode !== null) ended ??= new Error(`it ended with ${child.exitCode}: ${await this.log()}`);
        if (ended) return { url: "" };
        return JSON.parse(await readFile(path.join(this.folder, "server.json"), "utf8")) as { url: string };
      },
      60_000,
    );
    if (ended) throw new Error("the server did not start", { cause: ended });
    this.url = url;
    this.token = (await readFile(path.join(this.folder, "local-token"), "utf8")).trim();
    this.client = clientOf(this.url, this.token);
    this.up = true;
  }

  /** SIGKILL and SIGTERM resolve when it has ended. */
  async signal(name: "SIGKILL" | "SIGTERM" | "SIGSTOP" | "SIGCONT"): Promise<void> {
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    this.up = name === "SIGCONT";
    const ends = name === "SIGKILL" || name === "SIGTERM";
    const gone = ends ? once(child, "exit") : undefined;
    child.kill(name);
    await gone;
  }

  async log(): Promise<string> {
    return (await readFile(path.join(this.folder, "log"), "utf8").catch(() => "")).slice(-4_000);
  }
}

/** Servers on one database. The first one's key is the others' too. */
export async function serverGroup(database: string, count: number): Promise<{ servers: GroupServer[]; close(): Promise<void> }> {
  const servers: GroupServer[] = [];
  for (let i = 0; i < count; i++) {
    const folder = await makeDataFolder();
    if (i > 0) await copyFile(path.join(servers[0]!.folder, "secret.key"), path.join(folder, "secret.key"));
    const server = new GroupServer(folder, database);
    servers.push(server);
    await server.start();
  }
  return {
    servers,
    async close() {
      await Promise.all(
        servers.map(async (server) => {
          await server.signal("SIGCONT");
          await server.signal("SIGKILL");
          if (process.env["LAB_LOG"] === undefined) await rm(server.folder, { recursive: true, force: true });
        }),
      );
    },
  };
}
