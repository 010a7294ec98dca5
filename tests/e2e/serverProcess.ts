import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { clientOf, makeDataFolder } from "../../apps/server/src/lab/labServer.ts";
import type { Client } from "@polyvisor/api/client";
import { freePort } from "../lab/privateLibvirtd.ts";

const main = join(import.meta.dirname, "../../apps/server/src/main.ts");

/** A server as a process of its own, which can die and come back at the same address with the same data. */
export class ServerProcess {
  readonly folder: string;
  readonly port: number;
  client!: Client;
  #child: ChildProcess | undefined;

  private constructor(folder: string, port: number) {
    this.folder = folder;
    this.port = port;
  }

  static async make(): Promise<ServerProcess> {
    const made = new ServerProcess(await makeDataFolder(), await freePort());
    await made.start();
    return made;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  async start(): Promise<void> {
    const child = spawn(process.execPath, [main, "--data", this.folder, "--port", String(this.port)], { stdio: ["ignore", "ignore", "pipe"] });
    this.#child = child;
    let said = "";
    child.stderr.on("data", (chunk: Buffer) => (said = (said + chunk.toString()).slice(-2_000)));
    for (const end = Date.now() + 60_000; Date.now() < end; await delay(50)) {
      if (child.exitCode !== null) throw new Error(`the server ended at once: ${said}`);
      const answer = await fetch(`${this.url}/readyz`).catch(() => undefined);
      if (!answer?.ok) continue;
      this.client = clientOf(this.url, (await readFile(join(this.folder, "local-token"), "utf8")).trim());
      return;
    }
    throw new Error(`the server did not become ready: ${said}`);
  }

  /** Without a word to anybody. */
  async kill(): Promise<void> {
    await this.#end("SIGKILL");
  }

  async close(): Promise<void> {
    // Only a server that stops in order stops its database too.
    if (this.#child?.exitCode !== null || this.#child.signalCode !== null) await this.start().catch(() => undefined);
    await this.#end("SIGTERM");
    await rm(this.folder, { recursive: true, force: true });
  }

  async #end(signal: "SIGKILL" | "SIGTERM"): Promise<void> {
    const child = this.#child!;
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    child.kill(signal);
    await ended;
  }
}
