import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { chmodSync, chownSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect as connectSocket, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface PrivateLibvirtdOptions {
  /** Lines of libvirtd.conf beside the defaults, such as `{ auth_unix_rw: "sasl" }`. */
  conf?: Record<string, string | number | string[]>;
  /** Listen on loopback for `tcp` or `tls` too; the port is chosen. */
  listen?: "tcp" | "tls";
  /** PEM texts that `listen: "tls"` needs. */
  tls?: { ca: string; cert: string; key: string };
  /** SASL users, and the mechanisms on offer. */
  sasl?: { mechanisms: string; users: Record<string, string> };
}

/** The account an unprivileged daemon runs as when the tests run as root: `nobody`, which owns nothing. */
const NOBODY = 65_534;
const ROOT = process.getuid?.() === 0;
const STARTS_WITHIN_MS = 60_000;

/** A port on loopback that is free now. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

/**
 * A libvirtd of the test's own: unprivileged, every folder of its own, on a socket of its own, to be hung and killed at
 * will. Offers the test driver and QEMU in session mode. Everything is gone when it is disposed of.
 */
export class PrivateLibvirtd {
  /** Holds everything of this daemon; owned by the account it runs as. */
  readonly folder: string;
  readonly socket: string;
  /** XDG_RUNTIME_DIR that makes libvirt's own tools find it as `qemu:///session`. */
  readonly runtimeFolder: string;
  readonly port: number;
  readonly #options: PrivateLibvirtdOptions;
  #process: ChildProcess | undefined;

  private constructor(folder: string, port: number, options: PrivateLibvirtdOptions) {
    this.folder = folder;
    this.port = port;
    this.#options = options;
    this.runtimeFolder = join(folder, "run");
    this.socket = join(this.runtimeFolder, "libvirt/libvirt-sock");
  }

  static async start(options: PrivateLibvirtdOptions = {}): Promise<PrivateLibvirtd> {
    const folder = mkdtempSync(join(tmpdir(), "libvirtd-"));
    chmodSync(folder, 0o755);
    const daemon = new PrivateLibvirtd(folder, options.listen ? await freePort() : 0, options);
    daemon.#write();
    try {
      await daemon.run();
    } catch (error) {
      await daemon[Symbol.asyncDispose]();
      throw error;
    }
    return daemon;
  }

  #write(): void {
    for (const sub of ["run", "home", "config/libvirt", "cache", "data", "sasl"]) mkdirSync(join(this.folder, sub), { recursive: true, mode: 0o700 });
    const { listen, conf, sasl, tls } = this.#options;
    const pem = { ca_file: tls?.ca, cert_file: tls?.cert, key_file: tls?.key };
    const lines: Record<string, string | number | string[]> = {
      log_outputs: `3:file:${join(this.folder, "log")}`,
      listen_tls: listen === "tls" ? 1 : 0,
      listen_tcp: listen === "tcp" ? 1 : 0,
      listen_addr: "127.0.0.1",
      ...(listen ? { [`${listen}_port`]: String(this.port) } : {}),
      ...(listen === "tcp" ? { auth_tcp: "none" } : {}),
      ...conf,
    };
    for (const [key, text] of Object.entries(pem)) if (text !== undefined) lines[key] = this.file(`${key}.pem`, text);
    const value = (each: string | number | string[]): string =>
      Array.isArray(each) ? `[${each.map((one) => JSON.stringify(one)).join(", ")}]` : JSON.stringify(each);
    writeFileSync(
      join(this.folder, "libvirtd.conf"),
      Object.entries(lines)
        .map(([key, each]) => `${key} = ${value(each)}\n`)
        .join(""),
    );
    writeFileSync(join(this.folder, "config/libvirt/qemu.conf"), 'stdio_handler = "file"\n');
    if (sasl) {
      const database = join(this.folder, "sasl/users.db");
      writeFileSync(join(this.folder, "sasl/libvirt.conf"), `mech_list: ${sasl.mechanisms}\nsasldb_path: ${database}\n`);
      for (const [user, password] of Object.entries(sasl.users))
        execFileSync("saslpasswd2", ["-c", "-p", "-f", database, "-a", "libvirt", user], { input: password });
    }
    if (ROOT) execFileSync("chown", ["-R", `${NOBODY}:${NOBODY}`, this.folder]);
  }

  /** Starts the daemon (again) and waits until its socket takes connections. */
  async run(): Promise<void> {
    const args = ["-f", join(this.folder, "libvirtd.conf"), "-p", join(this.folder, "pid"), ...(this.#options.listen ? ["--listen"] : [])];
    const env = {
      PATH: process.env["PATH"] ?? "",
      HOME: join(this.folder, "home"),
      XDG_RUNTIME_DIR: this.runtimeFolder,
      XDG_CONFIG_HOME: join(this.folder, "config"),
      XDG_CACHE_HOME: join(this.folder, "cache"),
      XDG_DATA_HOME: join(this.folder, "data"),
      SASL_CONF_PATH: join(this.folder, "sasl"),
    };
    const child = spawn("/usr/sbin/libvirtd", args, { env, stdio: "ignore", ...(ROOT ? { uid: NOBODY, gid: NOBODY } : {}) });
    this.#process = child;
    let failure: Error | undefined;
    child.once("error", (error) => {
      failure = error;
    });
    const deadline = performance.now() + STARTS_WITHIN_MS;
    while (!(await accepts({ path: this.socket })) || (this.port > 0 && !(await accepts({ host: "127.0.0.1", port: this.port })))) {
      if (failure || child.exitCode !== null || performance.now() > deadline)
        throw new Error(`libvirtd did not start (${failure?.message ?? child.exitCode ?? "too slow"}): ${this.log()}`);
      await new Promise((resolve) => {
        setTimeout(resolve, 20);
      });
    }
  }

  get pid(): number {
    return this.#process?.pid ?? 0;
  }

  /** Signals the daemon: SIGSTOP hangs it, SIGKILL ends it as a crash would. Resolves when an ending signal has ended it. */
  async signal(name: "SIGSTOP" | "SIGCONT" | "SIGKILL" | "SIGTERM"): Promise<void> {
    const child = this.#process;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ends = name === "SIGKILL" || name === "SIGTERM";
    const gone = new Promise<void>((resolve) => {
      child.once("exit", () => resolve());
    });
    child.kill(name);
    if (ends) await gone;
  }

  /** What the daemon has logged: warnings and errors. */
  log(): string {
    try {
      return readFileSync(join(this.folder, "log"), "utf8").slice(-4_000);
    } catch {
      return "no log";
    }
  }

  /** A file in the daemon's folder, readable by it. */
  file(name: string, content: string | Uint8Array): string {
    const path = join(this.folder, name);
    writeFileSync(path, content, { mode: 0o600 });
    if (ROOT) chownSync(path, NOBODY, NOBODY);
    return path;
  }

  /** Ends guests and helpers that outlive the daemon: their command lines name its folder, which is nobody else's. */
  #endGuests(): void {
    for (const entry of readdirSync("/proc")) {
      try {
        if (/^\d+$/.test(entry) && Number(entry) !== process.pid && readFileSync(`/proc/${entry}/cmdline`, "utf8").includes(`${this.folder}/`))
          process.kill(Number(entry), "SIGKILL");
      } catch {
        /* it ended meanwhile */
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.signal("SIGKILL");
    this.#endGuests();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function accepts(target: { path: string } | { host: string; port: number }): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connectSocket(target);
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}
