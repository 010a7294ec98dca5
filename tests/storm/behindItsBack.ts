import { setTimeout as delay } from "node:timers/promises";
import type { Random } from "./random.ts";
import type { StormHost } from "./stormHost.ts";

const verbs = [
  "start",
  "destroy",
  "suspend",
  "resume",
  "shutdown",
  "undefine",
  "autostart",
  "desc",
  "setmem",
  "snapshot",
  "volume",
  "network",
  "rename",
] as const;

/** Changes a host by virsh, as someone does who knows nothing of Polyvisor. What virsh refuses is nothing. */
export async function behindItsBack(host: StormHost, names: readonly string[], random: Random, stop: AbortSignal): Promise<number> {
  let done = 0;
  while (!stop.aborted) {
    const vm = random.pick(names);
    const n = random.int(1, 99);
    const verb = random.pick(verbs);
    const test = host.driver === "test";
    const commands: Record<(typeof verbs)[number], string[]> = {
      start: ["start", vm],
      destroy: ["destroy", vm],
      suspend: ["suspend", vm],
      resume: ["resume", vm],
      shutdown: ["shutdown", vm],
      undefine: ["undefine", vm, "--snapshots-metadata"],
      autostart: ["autostart", vm, ...(n % 2 ? ["--disable"] : [])],
      desc: ["desc", vm, "--config", "--title", `by virsh ${n}`],
      setmem: ["setmem", vm, `${16 + (n % 16)}M`, "--config"],
      snapshot: test ? (n % 3 ? ["snapshot-create-as", vm, `virsh-${n % 7}`] : ["snapshot-delete", vm, `virsh-${n % 7}`]) : ["domstate", vm],
      volume: test
        ? n % 3
          ? ["vol-create-as", "default-pool", `volume-${n % 9}`, "1M"]
          : ["vol-delete", `volume-${n % 9}`, "default-pool"]
        : ["domstate", vm],
      network: test ? [n % 2 ? "net-destroy" : "net-start", "default"] : ["domstate", vm],
      rename: ["domrename", vm, `${vm}-renamed`],
    };
    try {
      await host.virsh(...commands[verb]);
      if (verb === "rename") await host.virsh("domrename", `${vm}-renamed`, vm).catch(() => undefined);
      done++;
    } catch {
      // not in this state, or the daemon is away: then perhaps it is not there at all
      if (random.int(0, 2) === 0) await host.define(vm, host.xmlOf(vm, 32)).catch(() => undefined);
    }
    await delay(random.int(20, test ? 300 : 1_500));
  }
  return done;
}
