import { createHash } from "node:crypto";
import { PolyvisorError, type Failure, type PlanStep, type Task, type TaskStep } from "@polyvisor/model";
import type { Request } from "@polyvisor/api";
import type { Logger } from "pino";
import type pg from "pg";
import type { PlanAccess } from "../access/planAccess.ts";
import type { TaskOrder, TasksControl } from "../controlPlane.ts";
import type { Draft } from "../events/draft.ts";
import type { Journal } from "../events/journal.ts";
import { newId } from "../newId.ts";
import type { Work } from "../plans/work.ts";
import { Semaphore } from "../semaphore.ts";
import { isOver } from "./outcome.ts";
import type { StepPerformer } from "./performStep.ts";
import { TaskRun } from "./taskRun.ts";
import { listTasks, openTasks, readTask } from "./taskRows.ts";

/** Steps at the same time: on one host, and in all. A host's daemon does more at once badly; the server's limit is its memory. */
const stepsPerHost = 4;
/** The same for steps that mostly wait for a guest: a few that do not listen must not hold up the others. */
const waitsPerHost = 64;
const stepsInAll = 512;
/** Finished tasks that are kept in memory for those who waited for them. */
const finishedKept = 500;
/** Larger ones are read from the store again. */
const keptSteps = 32;

export interface TasksOptions {
  pool: pg.Pool;
  journal: Journal;
  performer: StepPerformer;
  plan(request: Request, account: string, reason: string, access?: PlanAccess): Promise<Work>;
  serverId: string;
  log: Logger;
  now(): number;
  boundary(point: string): void | Promise<void>;
}

/** Tasks: made of requests, durable before anything is done, resumed after a restart. */
export class Tasks implements TasksControl {
  readonly #options: TasksOptions;
  readonly #open = new Map<string, TaskRun>();
  readonly #finished = new Map<string, Task>();
  readonly #turns = new Map<string, { gate: Semaphore; users: number }>();
  readonly #all = new Semaphore(stepsInAll);
  /** Orders with a key that are on their way to the store. */
  readonly #orders = new Map<string, { hash: string; task: Promise<Task> }>();
  readonly ended: Record<string, number> = {};
  #closing = false;

  constructor(options: TasksOptions) {
    this.#options = options;
  }

  /** Goes on with what a former process of this server left open. */
  async resume(): Promise<void> {
    for (const id of await openTasks(this.#options.pool, this.#options.serverId)) {
      const task = await readTask(this.#options.pool, id);
      if (!task) continue;
      this.#options.log.info({ task: id, title: task.title }, "a task is resumed");
      this.#begin(task);
    }
  }

  async create(order: TaskOrder): Promise<Task> {
    if (order.idempotencyKey === undefined) return this.#make(order);
    const key = `${order.account} ${order.idempotencyKey}`;
    const hash = createHash("sha256")
      .update(JSON.stringify([order.request, order.reason]))
      .digest("hex");
    const underWay = this.#orders.get(key);
    if (underWay) return underWay.hash === hash ? await underWay.task : otherRequest(order.idempotencyKey);
    const task = this.#makeOnce(order, hash);
    this.#orders.set(key, { hash, task });
    try {
      return await task;
    } finally {
      this.#orders.delete(key);
    }
  }

  async get(id: string): Promise<Task> {
    const task = this.#open.get(id)?.shown() ?? this.#finished.get(id) ?? (await readTask(this.#options.pool, id));
    if (!task) throw new PolyvisorError("notFound", { detail: `there is no task "${id.slice(0, 64)}"` });
    return task;
  }

  async list(query: Parameters<TasksControl["list"]>[0]): ReturnType<TasksControl["list"]> {
    const page = await listTasks(this.#options.pool, query);
    return {
      ...page,
      items: page.items.map((item) => {
        const run = this.#open.get(item.id);
        if (!run) return item;
        const { plan: _plan, steps: _steps, ...head } = run.shown();
        return head;
      }),
    };
  }

  async cancel(id: string): Promise<Task> {
    await this.#open.get(id)?.cancel();
    return this.get(id);
  }

  figures(): { open: Record<"queued" | "running", number>; ended: Record<string, number>; stepsRunning: number } {
    const open = { queued: 0, running: 0 };
    let stepsRunning = 0;
    for (const run of this.#open.values()) {
      open[run.state === "queued" ? "queued" : "running"]++;
      stepsRunning += run.stepsRunning;
    }
    return { open, ended: { ...this.ended }, stepsRunning };
  }

  /** Begins nothing more, and waits for what runs as long as it is given. */
  async close(graceMs: number): Promise<void> {
    this.#closing = true;
    const idle = Promise.all([...this.#open.values()].map((run) => run.stop()));
    let timer: NodeJS.Timeout | undefined;
    await Promise.race([idle, new Promise((resolve) => (timer = setTimeout(resolve, graceMs)))]);
    clearTimeout(timer);
  }

  async #makeOnce(order: TaskOrder, hash: string): Promise<Task> {
    const known = await this.#ordered(order);
    if (known) return known.hash === hash ? this.get(known.taskId) : otherRequest(order.idempotencyKey!);
    try {
      return await this.#make(order, hash);
    } catch (error) {
      if ((error as { code?: string }).code !== "23505") throw error;
      const other = await this.#ordered(order); // another server was faster
      if (!other) throw error;
      return other.hash === hash ? this.get(other.taskId) : otherRequest(order.idempotencyKey!);
    }
  }

  async #ordered(order: TaskOrder): Promise<{ hash: string; taskId: string } | undefined> {
    const { rows } = await this.#options.pool.query<{ hash: string; task_id: string }>(
      "select encode(request_hash, 'hex') as hash, task_id from idempotency where account_id = $1 and key = $2",
      [order.account, order.idempotencyKey],
    );
    return rows[0] && { hash: rows[0].hash, taskId: rows[0].task_id };
  }

  async #make(order: TaskOrder, hash?: string): Promise<Task> {
    const { plan, failures } = await this.#options.plan(order.request, order.account, order.reason, order.access);
    const at = new Date(this.#options.now()).toISOString();
    const steps = plan.steps.map(({ n }): TaskStep => {
      const failure: Failure | undefined = failures.get(n);
      return failure ? { n, state: "failed", progress: 0, startedAt: at, endedAt: at, message: failure.detail, failure } : { n, state: "waiting", progress: 0 };
    });
    const task: Task = {
      kind: "task",
      id: newId("task"),
      revision: 1,
      title: plan.title,
      state: "queued",
      progress: 0,
      by: order.account,
      reason: order.reason,
      createdAt: at,
      cancelRequested: false,
      plan,
      steps,
    };
    const keep = (draft: Draft): void => {
      draft.addTask(task, this.#options.serverId);
      for (const step of steps) if (isOver(step)) draft.updateStep({ ...step, taskId: task.id, failure: step.failure as Failure | undefined });
      if (hash !== undefined)
        draft.also((client) =>
          client.query("insert into idempotency (account_id, key, request_hash, task_id) values ($1, $2, decode($3, 'hex'), $4)", [
            order.account,
            order.idempotencyKey,
            hash,
            task.id,
          ]),
        );
      draft.tellTask(steps.length <= 8 ? task : { ...task, plan: { ...plan, steps: [] }, steps: [] }, { type: "created", taskId: task.id });
    };
    try {
      await this.#options.journal.ask(keep);
    } catch (error) {
      if (error instanceof PolyvisorError && error.code === "storeUnavailable") this.#beginLater(task.id);
      throw error;
    }
    await this.#options.boundary("task created");
    this.#begin(task);
    return task;
  }

  /**
   * The database failed while it took a task, and the answer may have been lost behind the commit. It is known when
   * the journal goes on, and what was kept is begun then: at the next start nobody would expect it any more.
   */
  #beginLater(id: string): void {
    void this.#options.journal
      .write(() => undefined)
      .then(() => readTask(this.#options.pool, id))
      .then((task) => task && !this.#closing && this.#begin(task))
      .catch((error: unknown) => this.#options.log.warn({ task: id, err: error }, "a task that may have been kept waits for the next start"));
  }

  #begin(task: Task): void {
    const { journal, log, now, boundary, performer } = this.#options;
    const run = new TaskRun(task, {
      journal,
      log,
      now,
      boundary,
      turn: (step, signal) => this.#turn(step, signal),
      perform: (taskId, step, context) => performer.perform(taskId, step, context),
      ended: () => this.#end(run),
    });
    this.#open.set(task.id, run);
    run.start();
  }

  #end(run: TaskRun): void {
    this.#open.delete(run.id);
    const task = run.shown();
    this.ended[task.state] = (this.ended[task.state] ?? 0) + 1;
    if (task.steps.length > keptSteps) return;
    this.#finished.set(task.id, task);
    if (this.#finished.size > finishedKept) this.#finished.delete(this.#finished.keys().next().value!);
  }

  async #turn(step: PlanStep, signal: AbortSignal): Promise<() => void> {
    const waits = step.action.verb === "vm.shutdown";
    const key = `${step.hostId ?? "this server"}${waits ? " waits" : ""}`;
    let turn = this.#turns.get(key);
    if (!turn) this.#turns.set(key, (turn = { gate: new Semaphore(waits ? waitsPerHost : stepsPerHost), users: 0 }));
    turn.users++;
    const forget = (): void => {
      if (--turn.users === 0) this.#turns.delete(key);
    };
    let leaveHost: () => void;
    try {
      leaveHost = await turn.gate.enter(signal);
    } catch (error) {
      forget();
      throw error;
    }
    try {
      const leaveAll = await this.#all.enter(signal);
      return () => {
        leaveAll();
        leaveHost();
        forget();
      };
    } catch (error) {
      leaveHost();
      forget();
      throw error;
    }
  }
}

function otherRequest(key: string): never {
  throw new PolyvisorError("conflict", {
    detail: `the idempotency key "${key.slice(0, 128)}" was used for another request`,
    where: "Idempotency-Key",
    remedy: "Use a new key for a new request.",
  });
}
