import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { simUris } from "@polyvisor/hypervisors";
import type { FromHosts, ToHosts } from "./hostsProcess.ts";

export const vmsPerHost = 25;
const estate = "scale";

/** The simulated hosts, in a process of their own: what they take is not the server's. */
export class HostsProcess {
  readonly #child: ChildProcess;
  readonly #socket: string;
  #hosts = 0;

  private constructor(child: ChildProcess, socket: string) {
    this.#child = child;
    this.#socket = socket;
  }

  static async start(folder: string): Promise<HostsProcess> {
    const socket = join(folder, "hosts.sock");
    await rm(socket, { force: true }); // of the run before, where the folder stays
    const child = fork(new URL("hostsProcess.ts", import.meta.url).pathname, [socket], { execArgv: ["--max-old-space-size=8192"] });
    await once(child, "message");
    return new HostsProcess(child, socket);
  }

  get pid(): number {
    return this.#child.pid!;
  }

  /** URIs of so many hosts. @param where in the server's process (`sim://`) or in this one */
  uris(hosts: number, where: "own process" | "server" = "own process"): string[] {
    this.#hosts = hosts;
    const more = where === "server" ? undefined : { socket: this.#socket };
    const uris = simUris({ estate, hosts: 10_000, vmsPerHost }).slice(0, hosts);
    return more ? uris.map((uri) => `${uri.replace("sim:", "sim+unix:")}&socket=${encodeURIComponent(more.socket)}`) : uris;
  }

  /** VMs change by themselves for a time. @returns how many changes there were */
  async change(perSecond: number, seconds: number): Promise<{ changed: number; seconds: number }> {
    this.#tell({ change: { estate, hosts: this.#hosts, perSecond, seconds } });
    const [message] = (await once(this.#child, "message")) as [FromHosts];
    if (!("changed" in message)) throw new Error("the hosts answered something else");
    return message;
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null) return;
    const exited = once(this.#child, "exit");
    this.#tell({ exit: true });
    await exited;
  }

  #tell(message: ToHosts): void {
    this.#child.send(message);
  }
}
