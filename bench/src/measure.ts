import { execFile } from "node:child_process";
import { promisify } from "node:util";

const run = promisify(execFile);

/** What one process measured of itself. */
export interface Measured {
  count: number;
  ms: number[];
}

/** Runs one process that prints its own measurement as a line of JSON. */
export async function measured(command: readonly string[], env: NodeJS.ProcessEnv = process.env): Promise<Measured> {
  const [file, ...args] = command;
  const { stdout } = await run(file!, args, { env, maxBuffer: 64 * 1024 ** 2, timeout: 600_000 });
  return JSON.parse(stdout.trim().split("\n").at(-1)!) as Measured;
}

/** The value below which the share `p` of `values` lies (nearest rank). */
export function quantile(values: readonly number[], p: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(p * sorted.length) - 1)] ?? Number.NaN;
}

/**
 * Runs the contestants in turn, round after round, so that a machine that slows down slows all of them,
 * and gives each one's best run of every round.
 */
export async function inTurns(contestants: Record<string, () => Promise<Measured>>, rounds: number): Promise<Record<string, { count: number; ms: number[] }>> {
  const out: Record<string, Measured> = {};
  for (let round = 0; round < rounds; round++) {
    for (const [name, contest] of Object.entries(contestants)) {
      const { count, ms } = await contest();
      (out[name] ??= { count, ms: [] }).ms.push(Math.min(...ms));
    }
  }
  return out;
}
