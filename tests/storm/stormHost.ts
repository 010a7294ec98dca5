import { execFile, spawn, type ChildProcess } from "node:child_process";
import { existsSync } from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import { until } from "../../apps/server/src/lab/until.ts";
import { PrivateLibvirtd } from "../lab/privateLibvirtd.ts";
import { FaultProxy } from "./faultProxy.ts";

const run = promisify(execFile);

/** A libvirtd that servers reach through a proxy, and a witness beside it that writes down what happens there. */
export class StormHost {
  readonly name: string;
  readonly driver: "test" | "qemu";
  readonly daemon: PrivateLibvirtd;
  readonly proxy: FaultProxy;
  /** How many daemons there were before this one. The test driver's world ends with its daemon; QEMU's guests outlive it. */
  epoch = 0;
  /** What its witnesses saw, in order. */
  readonly witnessed: { epoch: number; vm: string; event: string }[] = [];
  up = true;
  /** Daemons that died without being killed: faults of libvirt's. What its witness last saw of them is not complete. */
  readonly diedBySelf = new Set<number>();
  #witness: ChildProcess | undefined;
  #marks = 0;

  private constructor(name: string, driver: "test" | "qemu", daemon: PrivateLibvirtd, proxy: FaultProxy) {
    this.name = name;
    this.driver = driver;
    this.daemon = daemon;
    this.proxy = proxy;
  }

  static async start(name: string, driver: "test" | "qemu", folder: string, dice: () => number): Promise<StormHost> {
    const daemon = await PrivateLibvirtd.start();
    const proxy = await FaultProxy.listen(path.join(folder, `${name}.sock`), { path: daemon.socket }, dice);
    const host = new StormHost(name, driver, daemon, proxy);
    await host.#watch();
    return host;
  }

  #uri(socket: string): string {
    return `${this.driver}+unix:///${this.driver === "test" ? "default" : "session"}?socket=${encodeURIComponent(socket)}`;
  }
  /** As a server reaches it. */
  uri(folder: string): string {
    return this.#uri(path.join(folder, `${this.name}.sock`));
  }

  /** What virsh says, past the proxy. */
  async virsh(...args: string[]): Promise<string> {
    const { stdout } = await run("virsh", ["-q", "-k", "0", "-c", this.#uri(this.daemon.socket), ...args], {
      timeout: 20_000,
      killSignal: "SIGKILL",
      maxBuffer: 2 ** 26,
    });
    return stdout.trim();
  }

  /** Several commands over one connection; an answer for each. */
  async virshAll(commands: readonly string[]): Promise<string[]> {
    const script = commands.map((command, i) => `echo @@${i}@@; ${command}`).join("; ");
    const text = await this.virsh(`${script}; echo @@end@@`);
    return text
      .split(/@@\w+@@/)
      .slice(1, -1)
      .map((each) => each.trim());
  }

  /** A file that the daemon may read. */
  define(name: string, xml: string): Promise<string> {
    return this.virsh("define", this.daemon.file(`${name}.xml`, xml));
  }

  /** The smallest VM that this driver takes. */
  xmlOf(name: string, memoryMiB: number): string {
    const machine = this.driver === "qemu" ? " arch='x86_64' machine='q35'" : "";
    return `<domain type='${this.driver}'><name>${name}</name><memory unit='MiB'>${memoryMiB}</memory><os><type${machine}>hvm</type></os></domain>`;
  }

  /** As `virsh domstate` says; `absent` where there is none. Waits for a daemon that is away. */
  async stateOf(name: string): Promise<string> {
    for (;;) {
      try {
        const names = (await this.virsh("list", "--all", "--name")).split("\n");
        return names.includes(name) ? await this.virsh("domstate", name) : "absent";
      } catch {
        await delay(200);
      }
    }
  }

  /** The witness sees everything from when this resolves; it is also who keeps the test driver's world. */
  async #watch(): Promise<void> {
    const { epoch } = this;
    const args = ["-oL", "virsh", "-q", "-k", "0", "-c", this.#uri(this.daemon.socket), "event", "--event", "lifecycle", "--loop", "--timestamp"];
    const child = spawn("stdbuf", args, { stdio: ["ignore", "pipe", "ignore"] });
    this.#witness = child;
    createInterface({ input: child.stdout }).on("line", (line) => {
      const [, vm, event] = /event 'lifecycle' for domain '(.*)': (.*)$/.exec(line) ?? [];
      if (vm !== undefined) this.witnessed.push({ epoch, vm, event: event!.trim() });
    });
    await this.settled();
  }

  /** The witness has told of everything that happened until now. */
  async settled(): Promise<void> {
    const { epoch } = this;
    await until(
      `the witness of ${this.name}`,
      async () => {
        const mark = `mark-${++this.#marks}`;
        await this.define(mark, this.xmlOf(mark, 16));
        await this.virsh("undefine", mark);
        const end = Date.now() + 500;
        while (Date.now() < end) {
          if (epoch !== this.epoch || this.witnessed.some((each) => each.vm === mark && each.event.startsWith("Undefined"))) return true;
          await delay(20);
        }
        return false;
      },
      60_000,
    );
  }

  /** Kills the daemon as a crash would, and brings it back. @param awayMs how long it is away */
  async crash(awayMs: number): Promise<void> {
    this.up = false;
    await this.daemon.signal("SIGKILL");
    this.#witness?.kill("SIGKILL");
    this.proxy.weather = { kind: "refuse" };
    this.epoch++;
    await delay(awayMs);
    await this.daemon.run();
    await this.#watch();
    this.proxy.weather = { kind: "clear" };
    this.up = true;
  }

  /** Brings a daemon back that died by itself, as a supervisor does. */
  async revive(tell: (line: string) => void): Promise<void> {
    if (!this.up || existsSync(`/proc/${this.daemon.pid}`)) return;
    tell(`${this.name}: libvirtd died by itself`);
    this.diedBySelf.add(this.epoch);
    await this.crash(0);
  }

  async pause(ms: number): Promise<void> {
    await this.daemon.signal("SIGSTOP");
    await delay(ms);
    await this.daemon.signal("SIGCONT");
  }

  async close(): Promise<void> {
    this.#witness?.kill("SIGKILL");
    await this.proxy.close();
    await this.daemon[Symbol.asyncDispose]();
  }
}
