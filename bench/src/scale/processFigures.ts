import { execFileSync } from "node:child_process";
import { readFileSync, readdirSync } from "node:fs";

const ticks = Number(execFileSync("getconf", ["CLK_TCK"], { encoding: "utf8" }));

interface Stat {
  parent: number;
  cpuSeconds: number;
}

/** Of a process, as /proc has it; undefined when it is gone. */
function statOf(pid: number): Stat | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    // its own, and those of its children that have ended
    return { parent: Number(fields[1]), cpuSeconds: (Number(fields[11]) + Number(fields[12])) / ticks };
  } catch {
    return undefined;
  }
}

/** Seconds of processor that a process has used so far, user and system. */
export const cpuSeconds = (pid: number): number => statOf(pid)?.cpuSeconds ?? NaN;

const kilobytes = (file: string, name: string): number => {
  try {
    return Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(readFileSync(file, "utf8"))?.[1] ?? NaN);
  } catch {
    return NaN;
  }
};

/** Resident bytes of a process now, and the most there ever were. */
export const residentBytes = (pid: number): { now: number; most: number } => ({
  now: kilobytes(`/proc/${pid}/status`, "VmRSS") * 1024,
  most: kilobytes(`/proc/${pid}/status`, "VmHWM") * 1024,
});

/** A process and all below it. */
export function familyOf(pid: number): number[] {
  const children = new Map<number, number[]>();
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const stat = statOf(Number(name));
    if (!stat) continue;
    const list = children.get(stat.parent);
    if (list) list.push(Number(name));
    else children.set(stat.parent, [Number(name)]);
  }
  const out = [pid];
  for (let i = 0; i < out.length; i++) out.push(...(children.get(out[i]!) ?? []));
  return out;
}

/** Bytes of several processes, what they share counted once. */
export const sharedBytes = (pids: readonly number[]): number => pids.reduce((sum, pid) => sum + (kilobytes(`/proc/${pid}/smaps_rollup`, "Pss") || 0), 0) * 1024;

/** Processors in use over a time, by process. */
export class CpuWatch {
  readonly #pids: () => readonly number[];
  #before: Map<number, number>;
  #at = performance.now();

  constructor(pids: () => readonly number[]) {
    this.#pids = pids;
    this.#before = this.#read();
  }

  /** Processors in use since the last reading (1 is one whole one). */
  share(): number {
    const now = this.#read();
    let used = 0;
    for (const [pid, seconds] of now) used += seconds - (this.#before.get(pid) ?? 0);
    const elapsed = (performance.now() - this.#at) / 1000;
    this.#before = now;
    this.#at = performance.now();
    return used / elapsed;
  }

  #read(): Map<number, number> {
    return new Map(this.#pids().map((pid) => [pid, cpuSeconds(pid) || 0]));
  }
}
