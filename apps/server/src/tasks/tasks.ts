import { PolyvisorError, type Failure, type PlanStep, type Task, type TaskStep } from "@polyvisor/model";
import type { Request } from "@polyvisor/api";
import type { Logger } from "pino";
import type pg from "pg";
import type { PlanAccess } from "../access/planAccess.ts";
import type { TaskOrder, TasksControl } from "../controlPlane.ts";
import type { Leases } from "../cluster/leases.ts";
import type { Sign } from "../cluster/term.ts";
import { ClaimLost, type Claim } from "../events/claim.ts";
import type { Draft } from "../events/draft.ts";
import type { Journal } from "../events/journal.ts";
import { newId } from "../newId.ts";
import type { Work } from "../plans/work.ts";
import { uponRevisions } from "./ifRevisions.ts";
import { isOver } from "./outcome.ts";
import { hashOf, otherRequest } from "./otherRequest.ts";
import type { StepContext, StepPerformer } from "./performStep.ts";
import type { StepTurns } from "./stepTurns.ts";
import type { StepWork } from "./stepWork.ts";
import { TaskRun, type Performed } from "./taskRun.ts";
import { listTasks, openTasks, readTask } from "./taskRows.ts";

/** Finished tasks that are kept in memory for those who waited for them. */
const finishedKept = 500;
const keptSteps = 32; // larger ones are read from the store again

export interface TasksOptions {
  pool: pg.Pool;
  journal: Journal;
  performer: StepPerformer;
  plan(request: Request, account: string, reason: string, access?: PlanAccess): Promise<Work>;
  leases: Pick<Leases, "held" | "settled">;
  stepWork: StepWork;
  turns: StepTurns;
  hostExists(hostId: string): boolean;
  /** Takes open tasks of servers that are dead or gone into this server's hands. @returns their ids */
  claimTasks(dead: readonly Sign[]): Promise<string[]>;
  /** Tells the other servers of something. */
  tell(what: string): void;
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
  /** Orders with a key that are on their way to the store. */
  readonly #orders = new Map<string, { hash: string; task: Promise<Task> }>();
  /** On their way to the store, or right behind it. */
  readonly #making = new Set<string>();
  readonly ended: Record<string, number> = {};
  #closing = false;

  constructor(options: TasksOptions) {
    this.#options = options;
  }

  /** Goes on with what a former process of this server left open, or another server that is gone; and cancels what was cancelled at another. */
  async resume(): Promise<void> {
    for (const { id, fence, cancelRequested } of await openTasks(this.#options.pool, this.#options.serverId)) {
      const run = this.#open.get(id);
      if (run) {
        if (cancelRequested) void run.cancel().catch(() => undefined);
        continue;
      }
      if (this.#making.has(id) || this.#closing) continue;
      const task = await readTask(this.#options.pool, id);
      if (!task || task.endedAt !== undefined || this.#open.has(id)) continue;
      this.#options.log.info({ task: id, title: task.title }, "a task is resumed");
      this.#begin(task, fence);
    }
  }

  /** Takes over what is open of servers that are dead or gone. */
  async takeOver(dead: readonly Sign[]): Promise<void> {
    const taken = await this.#options.claimTasks(dead);
    if (taken.length === 0) return;
    this.#options.log.warn({ tasks: taken.length }, "tasks of another server are taken over");
    await this.resume();
  }

  /** The store says that another server has them. */
  lost(claims: readonly Claim[]): void {
    for (const claim of claims) if (claim.kind === "task") this.#open.delete(claim.id);
  }

  async create(order: TaskOrder): Promise<Task> {
    if (order.idempotencyKey === undefined) return this.#make(order);
    const key = `${order.account} ${order.idempotencyKey}`;
    const hash = hashOf([order.request, order.reason, ...(order.ifRevisions === undefined ? [] : [order.ifRevisions])]);
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
    const run = this.#open.get(id);
    if (run) await run.cancel();
    else {
      const { rowCount } = await this.#options.pool.query(
        "update task set cancel_requested = true where id = $1 and state in ('queued', 'running') and not cancel_requested",
        [id],
      );
      if (rowCount === 1) this.#options.tell(`task ${id}`);
    }
    return this.get(id);
  }

  /** Another server told of a task: of a step that it carries out, or that it is to be cancelled. */
  async news(id: string): Promise<void> {
    this.#options.stepWork.news(id);
    const run = this.#open.get(id);
    if (!run) return;
    const { rows } = await this.#options.pool.query<{ cancel_requested: boolean }>("select cancel_requested from task where id = $1", [id]);
    if (rows[0]?.cancel_requested) await run.cancel();
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
    const idle = Promise.all([...[...this.#open.values()].map((run) => run.stop()), this.#options.stepWork.close()]);
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
      // Another server was faster; it may even have carried it out already, so that the plan finds nothing to do any more.
      if (error instanceof PolyvisorError && error.code === "storeUnavailable") throw error;
      const other = await this.#ordered(order).catch(() => undefined);
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
    const work = await this.#options.plan(order.request, order.account, order.reason, order.access);
    const { plan, failures } = uponRevisions(work, order.ifRevisions, this.#options.performer.estate);
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
          client.query({
            name: "journal-key",
            text: "insert into idempotency (account_id, key, request_hash, task_id) values ($1, $2, decode($3, 'hex'), $4)",
            values: [order.account, order.idempotencyKey, hash, task.id],
          }),
        );
      draft.tellTask(steps.length <= 8 ? task : { ...task, plan: { ...plan, steps: [] }, steps: [] }, { type: "created", taskId: task.id });
    };
    this.#making.add(task.id);
    try {
      await this.#options.boundary("task planned");
      await this.#options.journal.ask(keep);
      await this.#options.boundary("task created");
      this.#begin(task, 1);
    } catch (error) {
      if (error instanceof PolyvisorError && error.code === "storeUnavailable") this.#beginLater(task.id);
      throw error;
    } finally {
      this.#making.delete(task.id);
    }
    return task;
  }

  /**
   * The database failed while it took a task, and the answer may have been lost behind the commit. It is known when
   * the journal goes on, and what was kept is begun then: at the next start nobody would expect it any more.
   */
  #beginLater(id: string): void {
    void this.#options.journal
      .write(() => undefined)
      .then(() => this.resume())
      .catch((error: unknown) => this.#options.log.warn({ task: id, err: error }, "a task that may have been kept waits for the next start"));
  }

  #begin(task: Task, fence: number): void {
    const { journal, log, now, boundary } = this.#options;
    const claim: Claim = { kind: "task", id: task.id, fence, lost: false };
    const run = new TaskRun(task, {
      claim,
      journal,
      log,
      now,
      boundary,
      turn: (step, signal) => this.#options.turns.begin(step, signal),
      perform: (holding, step, context) => this.#perform(holding, step, context),
      ended: () => this.#end(run),
      lost: () => {
        claim.lost = true;
        log.warn({ task: run.id }, "another server took the task over");
        if (this.#open.get(run.id) === run) this.#open.delete(run.id);
      },
    });
    this.#open.set(task.id, run);
    run.start();
  }

  /** By this server, or by the one that looks after the step's host. */
  async #perform(task: Claim, step: PlanStep, context: StepContext): Promise<Performed> {
    const { performer, leases, stepWork, hostExists, turns } = this.#options;
    let { interrupted } = context;
    for (;;) {
      const { hostId } = step;
      const lease = hostId === undefined ? undefined : leases.held(hostId);
      if (hostId !== undefined && !lease && hostExists(hostId)) return await stepWork.offer(task, step, { ...context, interrupted });
      try {
        return await turns.atHost(step, interrupted ? undefined : context.signal, () => performer.perform(task.id, step, { ...context, interrupted }));
      } catch (error) {
        // The host was taken over in the middle, or it is not certain whether it was: whoever has it then looks at the world first.
        if (!lease || task.lost || this.#closing || !(error instanceof ClaimLost || lease.lost)) throw error;
        interrupted = true;
        await leases.settled();
      }
    }
  }

  #end(run: TaskRun): void {
    void this.#options.stepWork.forget(run.id);
    this.#open.delete(run.id);
    const task = run.shown();
    this.ended[task.state] = (this.ended[task.state] ?? 0) + 1;
    if (task.steps.length > keptSteps) return;
    this.#finished.set(task.id, task);
    if (this.#finished.size > finishedKept) this.#finished.delete(this.#finished.keys().next().value!);
  }
}
