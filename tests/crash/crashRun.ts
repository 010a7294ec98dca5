import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { requestSchema } from "@polyvisor/api";
import { connectHypervisor, simWorld } from "@polyvisor/hypervisors";
import type { Action, Task } from "@polyvisor/model";
import type { TaskOrder } from "../../apps/server/src/controlPlane.ts";
import type { HostsRecord } from "../../apps/server/src/lab/remoteHypervisor.ts";
import { CrashWorld, crashCases, type CrashCase } from "./cases.ts";
import { startCrashProcess, type CrashProcess } from "./crashProcess.ts";
import type { CrashServerOptions, CrashTold } from "./crashServer.ts";

/**
 * Where something dies: at the n-th boundary of the task, or while its n-th action is on its way to the host, which
 * then never hears of it (`lost`) or does it and finds nobody to tell (`unheard`).
 */
export type CrashPoint = { boundary: number } | { action: number; fate: "lost" | "unheard" };

/** One task in a world of its own. */
export interface CrashRun {
  what: string;
  its: CrashCase;
  point: CrashPoint | undefined;
  /** Where it dies once more, while what the first death left is being mended. */
  again: CrashPoint | undefined;
  world: CrashWorld;
  order: TaskOrder;
  /** Boundaries that it passed before the crash, the last one being where it was held. */
  passed: string[];
  /** Actions that reached its hosts, and those that changed something. */
  actions: number;
  done: Action[];
  /** Its task, as soon as that has an id. */
  taskId?: string | undefined;
  /** The same two of the mending. */
  mended: { passed: string[]; actions: number };
  task?: Task;
}

let worlds = 0;

/** A run for each point; its world is as the task finds it. */
export async function makeRun(what: string, point?: CrashPoint, again?: CrashPoint): Promise<CrashRun> {
  const its = crashCases[what]!;
  const world = new CrashWorld(`world-${++worlds}`);
  await world.make(its);
  const request = requestSchema.parse(JSON.parse(JSON.stringify(its.request(world))));
  const order = { request, reason: "crash", account: "test", idempotencyKey: world.name };
  return { what, its, point, again, world, order, passed: [], actions: 0, done: [], mended: { passed: [], actions: 0 } };
}

/** Many tasks at once on one server that can be killed and started again. */
export class CrashField {
  readonly #options: CrashServerOptions;
  readonly #runs: Map<string, CrashRun>;
  readonly #reached = new Set<CrashRun>();
  #all = Promise.withResolvers<void>();
  #killed = Promise.withResolvers<void>();
  #server: CrashProcess | undefined;
  /** How often it was started. */
  #life = 0;
  #repeating = false;

  constructor(options: CrashServerOptions, runs: readonly CrashRun[]) {
    this.#options = options;
    this.#runs = new Map(runs.map((run) => [run.world.name, run]));
  }

  get server(): CrashProcess {
    return this.#server!;
  }
  get runs(): CrashRun[] {
    return [...this.#runs.values()];
  }

  async start(): Promise<void> {
    const life = ++this.#life;
    this.#reached.clear();
    this.#all = Promise.withResolvers();
    const record: HostsRecord = {
      done: [],
      active: 0,
      around: async (uri, action, carryOut) => {
        const run = this.#runs.get(new URL(uri).hostname)!;
        const point = this.#repeating ? undefined : [run.point, run.again][life - 1];
        const n = life === 2 && !this.#repeating ? ++run.mended.actions : ++run.actions;
        const counted = async (): ReturnType<typeof carryOut> => {
          const result = await carryOut();
          if (!result.already) run.done.push(action);
          return result;
        };
        if (n !== (point && "action" in point ? point.action : 0)) return counted();
        if ("fate" in point! && point.fate === "unheard") await counted().catch(() => undefined);
        this.#reach(run);
        await this.#killed.promise;
        throw new Error("nobody is there any more to be answered");
      },
    };
    const hold = this.runs.flatMap(({ again, taskId }) => (again && "boundary" in again && taskId !== undefined ? [[taskId, again.boundary]] : []));
    const options = life === 2 ? { ...this.#options, holdResumed: Object.fromEntries(hold) as Record<string, number> } : this.#options;
    this.#server = await startCrashProcess(options, record, (told) => this.#told(told));
  }

  /** Adds the hosts of all runs. */
  async addHosts(): Promise<void> {
    const hosts = this.runs.flatMap(({ world }) => [
      { uri: world.a, name: world.nameA },
      { uri: world.b, name: world.nameB },
    ]);
    await this.server.ask({ hosts, vms: this.runs.map(({ world }) => world.vm) });
  }

  /** Orders everything; of what is held the answer never comes. @returns when each run is where it shall be */
  async orderAll(): Promise<void> {
    for (const run of this.runs)
      void this.#order(run).catch((error: unknown) => {
        if (!/died|database/.test(String(error))) this.#all.reject(new Error(`${tell(run)}`, { cause: error }));
      });
    await Promise.race([this.#all.promise, this.#late()]);
  }

  /** Waits until each run has come to the place where it dies once more. */
  async mendedSoFar(): Promise<void> {
    await Promise.race([this.#all.promise, this.#late()]);
  }

  /** The same orders with the same keys, to the end. */
  async repeatAll(): Promise<void> {
    await this.server.ask({ idle: true });
    this.#repeating = true;
    for (const run of this.runs) run.task = await this.#order(run, true);
  }

  async kill(): Promise<void> {
    await this.server.kill();
    this.#killed.resolve();
    this.#killed = Promise.withResolvers();
  }

  /** Lets a held task go on. */
  async release(): Promise<void> {
    await this.server.ask({ release: true });
  }

  async #order(run: CrashRun, again = false): Promise<Task> {
    const holdAt = !again && run.point && "boundary" in run.point ? { holdAt: run.point.boundary } : {};
    const task = await this.server.ask<Task>({ order: run.order, point: again ? "again" : run.world.name, ...holdAt });
    if (!again && run.point === undefined) {
      run.task = task;
      this.#reach(run);
    }
    return task;
  }

  #told({ point, task, boundary, held }: CrashTold): void {
    const run = point === undefined ? this.runs.find(({ taskId }) => taskId === task) : this.#runs.get(point);
    if (!run) return;
    run.taskId ??= task;
    if (point !== undefined) run.passed.push(boundary);
    else if (this.#life === 2) run.mended.passed.push(boundary);
    if (held) this.#reach(run);
  }

  #reach(run: CrashRun): void {
    this.#reached.add(run);
    if (this.#reached.size === this.#runs.size) this.#all.resolve();
  }

  async #late(): Promise<never> {
    await new Promise((resolve) => setTimeout(resolve, 60_000).unref());
    const missing = this.runs.filter((run) => !this.#reached.has(run)).map(tell);
    throw new Error(`${missing.length} tasks did not get where they shall die: ${missing.slice(0, 10).join("; ")}`);
  }
}

/** A run in words. */
export function tell({ what, point, again, passed, mended, world }: CrashRun): string {
  const where = (at: CrashPoint, by: readonly string[]): string =>
    "boundary" in at ? `at "${by[at.boundary - 1] ?? "?"}" (${at.boundary})` : `action ${at.action} ${at.fate}`;
  return `${what}, ${point === undefined ? "undisturbed" : where(point, passed)}${again === undefined ? "" : `, then ${where(again, mended.passed)}`}, ${world.name}`;
}

/** Everything on the hosts of a world, without what chance or the time decided. */
export async function worldText(world: CrashWorld): Promise<string[]> {
  const texts: string[] = [];
  for (const uri of [world.a, world.b]) {
    const host = await connectHypervisor(uri, { signal: new AbortController().signal, openTimeoutMs: 5_000, callTimeoutMs: 20_000 });
    const { vms, datastores, networks } = await host.inventory();
    await host.close();
    for (const each of [...vms, ...datastores, ...networks].map((object) => JSON.stringify(object))) texts.push(`${new URL(uri).pathname} ${each}`);
  }
  return texts
    .map((text) =>
      text
        .replace(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, "UUID")
        .replace(/[0-9a-f]{2}(:[0-9a-f]{2}){5}/g, "MAC")
        .replace(/"10\.\d+\.\d+\.\d+"/g, "ADDRESS")
        .replaceAll(world.name, "WORLD")
        .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, "TIME"),
    )
    .sort();
}

/** A recipe that takes no time and nothing from elsewhere. */
export async function makeRecipe(folder: string, name: string): Promise<void> {
  const home = path.join(folder, name);
  await mkdir(home, { recursive: true, mode: 0o755 });
  await writeFile(
    path.join(home, "build.sh"),
    `#!/bin/sh
printf kernel > "$1/vmlinuz"
printf '%s' '{"name":"${name}","description":"for tests","spec":{"memory":67108864,"boot":{"kernel":"image:vmlinuz"}}}' > "$1/template.json"
`,
    { mode: 0o755 },
  );
}

export const forget = (runs: readonly CrashRun[]): void => runs.forEach(({ world }) => simWorld(world.name).reset());
