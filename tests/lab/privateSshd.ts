import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect as connectSocket } from "node:net";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { freePort } from "./privateLibvirtd.ts";

/** An SSH server of the test's own on loopback, with its own host keys, for the account that runs the test. */
export class PrivateSshd {
  readonly folder: string;
  readonly port: number;
  readonly user = userInfo().username;
  /** Private key file that is let in, without a passphrase. */
  readonly keyFile: string;
  #process: ChildProcess | undefined;
  #said = "";

  private constructor(folder: string, port: number) {
    this.folder = folder;
    this.port = port;
    this.keyFile = join(folder, "user_key");
  }

  /** `config` adds lines to sshd_config, such as `ForceCommand false`. */
  static async start(config: string[] = []): Promise<PrivateSshd> {
    const sshd = new PrivateSshd(mkdtempSync(join(tmpdir(), "sshd-")), await freePort());
    const { folder } = sshd;
    if (process.getuid?.() === 0) mkdirSync("/run/sshd", { recursive: true });
    for (const name of ["host_ed25519", "user_key"]) execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", join(folder, name)]);
    execFileSync("ssh-keygen", ["-q", "-t", "ecdsa", "-N", "", "-f", join(folder, "host_ecdsa")]);
    execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "secret words", "-f", join(folder, "locked_key")]);
    writeFileSync(join(folder, "authorized_keys"), ["user_key.pub", "locked_key.pub"].map((name) => readFileSync(join(folder, name), "utf8")).join(""));
    writeFileSync(
      join(folder, "sshd_config"),
      [
        `Port ${sshd.port}`,
        "ListenAddress 127.0.0.1",
        `HostKey ${join(folder, "host_ecdsa")}`,
        `HostKey ${join(folder, "host_ed25519")}`,
        `AuthorizedKeysFile ${join(folder, "authorized_keys")}`,
        "PidFile none",
        "StrictModes no",
        "UsePAM no",
        "PasswordAuthentication no",
        "PermitRootLogin yes",
        ...config,
        "",
      ].join("\n"),
    );
    await sshd.#run();
    return sshd;
  }

  async #run(): Promise<void> {
    const child = spawn("/usr/sbin/sshd", ["-D", "-e", "-f", join(this.folder, "sshd_config")], { stdio: ["ignore", "ignore", "pipe"] });
    this.#process = child;
    child.stderr.on("data", (chunk: Buffer) => {
      this.#said = (this.#said + chunk.toString()).slice(-4_000);
    });
    const deadline = performance.now() + 20_000;
    while (!(await answers(this.port))) {
      if (child.exitCode !== null || performance.now() > deadline) throw new Error(`sshd did not start: ${this.#said}`);
      await new Promise((resolve) => {
        setTimeout(resolve, 20);
      });
    }
  }

  get pid(): number {
    return this.#process?.pid ?? 0;
  }

  /** What the server has said on its standard error. */
  get log(): string {
    return this.#said;
  }

  /** A line for known_hosts; another type, or another server's key, can be asked for. */
  knownHosts(type: "ed25519" | "ecdsa" = "ed25519", name = `[127.0.0.1]:${this.port}`): string {
    return `${name} ${readFileSync(join(this.folder, `host_${type}.pub`), "utf8")}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const child = this.#process;
    if (child && child.exitCode === null) {
      const gone = new Promise((resolve) => {
        child.once("exit", resolve);
      });
      child.kill("SIGTERM");
      await gone;
    }
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connectSocket(port, "127.0.0.1");
    socket.once("data", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}
