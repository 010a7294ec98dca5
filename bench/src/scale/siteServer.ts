import { spawn, type ChildProcess } from "node:child_process";
import { chmod, mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { createClient, type Client } from "@polyvisor/api";
import { freePort } from "../../../tests/lab/privateLibvirtd.ts";
import { familyOf } from "./processFigures.ts";

const main = new URL("../../../apps/server/src/main.ts", import.meta.url).pathname;

/** The real server on a private PostgreSQL, in a folder that outlives its restarts. */
export class SiteServer {
  readonly folder: string;
  readonly #nodeOptions: readonly string[];
  readonly #kept: boolean;
  #child: ChildProcess | undefined;
  #log = "";
  #database = 0;
  client!: Client;
  url = "";
  token = "";

  private constructor(folder: string, nodeOptions: readonly string[], kept: boolean) {
    this.folder = folder;
    this.#kept = kept;
    this.#nodeOptions = nodeOptions;
  }

  /**
   * @param nodeOptions of the server's process: `--cpu-prof` and the like
   * @param kept folder that stays for the next run; one that is thrown away where absent
   */
  static async make(nodeOptions: readonly string[] = [], kept?: string): Promise<SiteServer> {
    if (kept !== undefined) await mkdir(kept, { recursive: true });
    const folder = kept ?? (await mkdtemp(join(tmpdir(), "pv-scale-")));
    await chmod(folder, 0o711); // as root, PostgreSQL runs as another account and must get through
    return new SiteServer(folder, nodeOptions, kept !== undefined);
  }

  get pid(): number {
    return this.#child!.pid!;
  }

  /** The processes of its database. */
  database(): number[] {
    return familyOf(this.#database);
  }

  /** Starts it as the launcher does. @returns milliseconds until it said that it is ready */
  async start(): Promise<number> {
    const data = join(this.folder, "data");
    await rm(join(data, "server.json"), { force: true });
    const began = performance.now();
    const child = (this.#child = spawn(
      process.execPath,
      ["--max-semi-space-size=64", ...this.#nodeOptions, main, "--data", data, "--port", String(await freePort()), "--log-level", "warn"],
      {
        stdio: ["ignore", "ignore", "pipe"],
        cwd: this.folder,
      },
    ));
    child.stderr!.on("data", (chunk: Buffer) => (this.#log = (this.#log + chunk.toString()).slice(-8_000)));
    for (;;) {
      if (child.exitCode !== null || performance.now() - began > 300_000) throw new Error(`the server did not start: ${this.#log}`);
      try {
        const { url } = JSON.parse(await readFile(join(data, "server.json"), "utf8")) as { url: string };
        const ready = await fetch(`${url}/readyz`);
        if (!ready.ok) throw new Error("not ready");
        await ready.text();
        const ms = performance.now() - began;
        this.url = url;
        this.token = (await readFile(join(data, "local-token"), "utf8")).trim();
        this.client = createClient({ url, token: this.token, fetch, delay: (wait, signal) => delay(wait, undefined, { signal }) });
        this.#database = Number((await readFile(join(data, "postgres", "postmaster.pid"), "utf8")).split("\n")[0]);
        return ms;
      } catch {
        await delay(20);
      }
    }
  }

  /** Warnings of the server so far, for whoever asks why. */
  get log(): string {
    return this.#log;
  }

  async stop(signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const exited = new Promise((resolve) => child.once("exit", resolve));
    child.kill(signal);
    await exited;
  }

  async remove(): Promise<void> {
    await this.stop();
    if (!this.#kept) await rm(this.folder, { recursive: true, force: true });
  }
}
