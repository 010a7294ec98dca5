import { readFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { GroupServer } from "../lab/serverGroup.ts";
import type { FaultProxy } from "./faultProxy.ts";
import type { Ask, Weight } from "./inServer.ts";

const inside = fileURLToPath(new URL("./inServer.ts", import.meta.url));

/** A server of the storm: it reaches the database through a proxy of its own, and its clock can be stepped. */
export class StormServer extends GroupServer {
  readonly name: string;
  readonly database: FaultProxy;
  /** Ends that nobody ordered. */
  readonly crashes: string[] = [];
  /** When this process was ready (`performance.now()`), and what it weighed then. */
  since = 0;
  first: Weight | undefined;
  /** Milliseconds that its clock is ahead. */
  clock = 0;
  #asked = 0;
  #ending = false;

  constructor(name: string, folder: string, databaseUrl: string, database: FaultProxy) {
    super(folder, databaseUrl, inside);
    this.name = name;
    this.database = database;
  }

  /** As a supervisor does: a start that the database's absence ended is tried again. @param clock milliseconds that its clock is ahead */
  override async start(clock = 0): Promise<void> {
    this.#ending = false;
    this.first = undefined;
    this.clock = clock;
    this.env["STORM_CLOCK"] = String(clock);
    for (const end = Date.now() + 120_000; ;) {
      try {
        await super.start();
        break;
      } catch (error) {
        const { exitCode, signalCode } = this.process;
        if (exitCode === 1 || signalCode !== null) this.crashes.push(`${this.name} ended in its start with ${exitCode ?? signalCode}: ${String(error)}`);
        if (Date.now() > end) throw error;
        if (exitCode === null && signalCode === null) await this.signal("SIGKILL"); // it hangs
        this.#ending = false;
      }
    }
    const { process: child } = this;
    const gone = (code: number | null, signal: string | null): void => {
      this.up = false;
      if (!this.#ending) this.crashes.push(`${this.name} ended by itself with ${code ?? signal}`);
    };
    if (child.exitCode !== null || child.signalCode !== null) gone(child.exitCode, child.signalCode);
    else child.once("exit", gone);
    this.since = performance.now();
  }

  override signal(name: "SIGKILL" | "SIGTERM" | "SIGSTOP" | "SIGCONT"): Promise<void> {
    if (name === "SIGKILL" || name === "SIGTERM") this.#ending = true;
    return super.signal(name);
  }

  weigh(): Promise<Weight> {
    return this.#ask({ n: ++this.#asked, weigh: true });
  }

  /** Steps the clock of the wall, as this server sees it. */
  async step(offset: number): Promise<void> {
    await this.#ask({ n: ++this.#asked, clock: offset });
    this.clock = offset;
  }

  /** Lines of its log of some levels, as objects. */
  async logged(levels: readonly string[]): Promise<Record<string, unknown>[]> {
    const text = await readFile(path.join(this.folder, "log"), "utf8");
    return (
      text
        .split("\n")
        // What a start that failed says is for whoever started it.
        .filter((line) => line !== "" && !/^polyvisor: The database |^Check that it runs/.test(line))
        .map((line): Record<string, unknown> => {
          try {
            return JSON.parse(line) as Record<string, unknown>;
          } catch {
            return { level: "fatal", msg: `not a line of the log: ${line}` };
          }
        })
        .filter((line) => levels.includes(line["level"] as string))
    );
  }

  #ask(ask: Ask): Promise<Weight> {
    const { process: child } = this;
    return new Promise((resolve, reject) => {
      const over = (): void => {
        child.off("message", heard);
        child.off("exit", gone);
        clearTimeout(timer);
      };
      const gone = (): void => {
        over();
        reject(new Error(`${this.name} did not answer`));
      };
      const heard = (answer: unknown): void => {
        const { n, weight } = answer as { n: number; weight: Weight };
        if (n !== ask.n) return;
        over();
        resolve(weight);
      };
      const timer = setTimeout(gone, 30_000);
      child.on("message", heard).once("exit", gone);
      if (child.exitCode !== null || child.signalCode !== null || !child.connected) gone();
      else child.send(ask);
    });
  }
}
