import { spawn, type ChildProcessWithoutNullStreams } from "node:child_process";
import { chmodSync, chownSync, mkdtempSync, rmSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";

const root = join(import.meta.dirname, "../..");

/** Asks until the answer is true; rejects at the deadline with what was waited for. */
export async function until(what: string | (() => string), ask: () => Promise<boolean> | boolean, deadlineMs = 30_000): Promise<void> {
  const end = Date.now() + deadlineMs;
  while (!(await ask())) {
    if (Date.now() > end) throw new Error(`waited ${deadlineMs / 1000} s in vain: ${typeof what === "string" ? what : what()}`);
    await delay(20);
  }
}

export interface CliResult {
  code: number;
  out: string;
  err: string;
}

export interface CliProgramOptions {
  /** The account that server and command line run as, which owns the folder. */
  account?: { uid: number; gid: number };
  /** Variables of theirs, made of the folder. */
  env?: (folder: string) => Record<string, string>;
}

/** A server of the test's own on a fresh data folder and a free port, and the command line that finds it. */
export class CliProgram implements AsyncDisposable {
  readonly folder = mkdtempSync(join(tmpdir(), "polyvisor-lab-"));
  readonly data = join(this.folder, "data");
  readonly #account: { uid?: number; gid?: number };
  readonly #env: Record<string, string>;
  #server: ChildProcessWithoutNullStreams | undefined;
  #log = "";

  private constructor({ account, env }: CliProgramOptions) {
    this.#account = { ...account };
    this.#env = env?.(this.folder) ?? {};
    chmodSync(this.folder, 0o711); // under root the private PostgreSQL runs as another account, which comes through here
    if (account) chownSync(this.folder, account.uid, account.gid);
  }

  static async start(options: CliProgramOptions = {}): Promise<CliProgram> {
    const program = new CliProgram(options);
    await program.startServer();
    return program;
  }

  /** What the server has logged since the first start. */
  get log(): string {
    return this.#log;
  }

  async startServer(port = 0): Promise<void> {
    const server = spawn(process.execPath, [join(root, "apps/server/src/main.ts"), "--data", this.data, "--port", String(port)], {
      env: { ...process.env, HOME: this.folder, ...this.#env },
      cwd: root,
      ...this.#account,
    });
    this.#server = server;
    server.stdout.on("data", (chunk: Buffer) => (this.#log += chunk.toString()));
    server.stderr.on("data", (chunk: Buffer) => (this.#log += chunk.toString()));
    await until(
      "the server is ready",
      async () => {
        if (server.exitCode !== null) throw new Error(`the server ended:\n${this.#log}`);
        return (await readFile(join(this.data, "server.json"), "utf8").catch(() => "")) !== "";
      },
      60_000,
    );
  }

  /** Ends the server as an administrator does and waits for its end. */
  async stopServer(): Promise<void> {
    const server = this.#server;
    if (!server || server.exitCode !== null) return;
    const ended = new Promise((resolve) => server.once("exit", resolve));
    server.kill("SIGTERM");
    await ended;
  }

  get port(): Promise<number> {
    return readFile(join(this.data, "server.json"), "utf8").then((text) => Number(new URL((JSON.parse(text) as { url: string }).url).port));
  }

  get env(): NodeJS.ProcessEnv {
    return { PATH: process.env["PATH"], HOME: this.folder, POLYVISOR_DATA: this.data, XDG_CACHE_HOME: join(this.folder, "cache"), NO_COLOR: "1", ...this.#env };
  }

  /** A command that is still running. */
  spawn(argv: readonly string[], env: NodeJS.ProcessEnv = {}): ChildProcessWithoutNullStreams {
    return spawn(process.execPath, [join(root, "apps/cli/src/main.ts"), ...argv], { env: { ...this.env, ...env }, cwd: root, ...this.#account });
  }

  /** Runs a command to its end. */
  async run(argv: readonly string[], { input = "", env = {} }: { input?: string; env?: NodeJS.ProcessEnv } = {}): Promise<CliResult> {
    const child = this.spawn(argv, env);
    let out = "";
    let err = "";
    child.stdout.on("data", (chunk: Buffer) => (out += chunk.toString()));
    child.stderr.on("data", (chunk: Buffer) => (err += chunk.toString()));
    child.stdin.on("error", () => undefined); // it may end before it reads
    child.stdin.end(input);
    const code = await new Promise<number>((resolve) => child.once("close", (status) => resolve(status ?? -1)));
    return { code, out, err };
  }

  /** Runs a command that must succeed; its standard output. */
  async ok(...argv: string[]): Promise<string> {
    const { code, out, err } = await this.run(argv);
    if (code !== 0) throw new Error(`polyvisor ${argv.join(" ")} ended with ${code}:\n${err}${out}\nThe end of the server's log:\n${this.#log.slice(-4_000)}`);
    return out;
  }

  /** Runs a command with `-o json`. */
  async json<T>(...argv: string[]): Promise<T> {
    return JSON.parse(await this.ok(...argv, "-o", "json")) as T;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stopServer();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** What a running command has written so far. */
export function watchOutput(child: ChildProcessWithoutNullStreams): {
  out: () => string;
  until: (text: string | RegExp, deadlineMs?: number) => Promise<void>;
  ended: Promise<number>;
} {
  let out = "";
  child.stdout.on("data", (chunk: Buffer) => (out += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (out += chunk.toString()));
  let over = false;
  const ended = new Promise<number>((resolve) =>
    child.once("close", (status, signal) => {
      over = true;
      resolve(status ?? (signal ? 128 : -1));
    }),
  );
  return {
    out: () => out,
    until: (text, deadlineMs) =>
      until(
        () => `${String(text)} is shown; shown is:\n${out}`,
        () => {
          const shown = typeof text === "string" ? out.includes(text) : text.test(out);
          if (!shown && over) throw new Error(`the command ended without showing ${String(text)}:\n${out}`);
          return shown;
        },
        deadlineMs,
      ),
    ended,
  };
}
