import { PolyvisorError, type Failure, type Plan, type PlanStep, type Task } from "@polyvisor/model";
import type { Request } from "@polyvisor/api";
import type { Logger } from "pino";
import type pg from "pg";
import type { PlanAccess } from "../access/planAccess.ts";
import type { Leases } from "../cluster/leases.ts";
import type { Sign } from "../cluster/term.ts";
import { ClaimLost, type Claim } from "../events/claim.ts";
import type { Draft } from "../events/draft.ts";
import type { Journal } from "../events/journal.ts";
import type { PlanEstate } from "../plans/planInput.ts";
import type { Work } from "../plans/work.ts";
import { askedOf } from "./asked.ts";
import { uponRevisions } from "./ifRevisions.ts";
import { newTask } from "./newTask.ts";
import { isOver } from "./outcome.ts";
import { hashOf } from "./otherRequest.ts";
import type { StepContext, StepPerformer } from "./performStep.ts";
import { retryRequest, type Retry } from "./retryRequest.ts";
import type { StepTurns } from "./stepTurns.ts";
import type { StepWork } from "./stepWork.ts";
import type { KeyedOrder, TaskKeys } from "./taskKeys.ts";
import { TaskRun, type Performed } from "./taskRun.ts";
import type { RetryOrder, TaskOrder, TasksControl } from "./tasksControl.ts";
import { listTasks, openTasks, readAsked, readTask } from "./taskRows.ts";
import { told } from "./told.ts";

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
  keys: TaskKeys;
  hostExists(hostId: string): boolean;
  /** Takes open tasks of servers that are dead or gone into this server's hands. @returns their ids */
  claimTasks(dead: readonly Sign[]): Promise<string[]>;
  /** Tells the other servers of something. */
  tell(what: string): void;
  serverId: string;
  log: Logger;
  now(): number;
  boundary(point: string, taskId?: string): void | Promise<void>;
}

/** Tasks: made of requests, durable before anything is done, resumed after a restart. */
export class Tasks implements TasksControl {
  readonly #options: TasksOptions;
  readonly #open = new Map<string, TaskRun>();
  readonly #finished = new Map<string, Task>();
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

  create(order: TaskOrder): Promise<Task> {
    return this.#once(order, [order.request, order.reason, ...(order.ifRevisions === undefined ? [] : [order.ifRevisions])], (keyed) =>
      this.#make(order, keyed),
    );
  }

  retry(order: RetryOrder): Promise<Task> {
    const { of, reason, ifRevisions } = order;
    return this.#once(order, ["retry", of, reason ?? null, ifRevisions ?? null], async (keyed) => {
      const { request, warnings, first } = await this.#again(order);
      return this.#make({ ...order, request, reason: reason ?? first.reason }, keyed, { of, warnings });
    });
  }

  async retryPlan(order: RetryOrder): Promise<Plan> {
    const { request, warnings, first } = await this.#again(order);
    const { plan } = await this.#options.plan(request, order.account, order.reason ?? first.reason, order.access);
    return { ...plan, warnings: [...warnings, ...plan.warnings] };
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

  async #once(order: Pick<TaskOrder, "account" | "idempotencyKey">, whole: unknown[], make: (keyed?: KeyedOrder) => Promise<Task>): Promise<Task> {
    if (order.idempotencyKey === undefined) return make();
    const keyed = { account: order.account, key: order.idempotencyKey, hash: hashOf(whole) };
    const reserved = async (): Promise<Task> => {
      await this.#options.boundary("task reserved");
      return make(keyed);
    };
    return this.#options.keys.once(keyed, reserved, (id) => this.get(id));
  }

  async #again({ of, access, own }: RetryOrder): Promise<Retry & { first: Task }> {
    const first = await this.get(of);
    const estate: PlanEstate = access?.estate ?? this.#options.performer.estate;
    const retry = retryRequest(first, await readAsked(this.#options.pool, of), estate);
    return { ...retry, request: own?.(retry.request) ?? retry.request, first };
  }

  async #make(order: TaskOrder, keyed?: KeyedOrder, retry?: { of: string; warnings: string[] }): Promise<Task> {
    const work = uponRevisions(
      await this.#options.plan(order.request, order.account, order.reason, order.access),
      order.ifRevisions,
      this.#options.performer.estate,
    );
    if (retry) work.plan = { ...work.plan, warnings: [...retry.warnings, ...work.plan.warnings] };
    const task = newTask(work, { ...order, retryOf: retry?.of }, this.#options.now());
    const { steps } = task;
    const keep = (draft: Draft): void => {
      draft.addTask(task, this.#options.serverId, askedOf(order.request));
      for (const step of steps) if (isOver(step)) draft.updateStep({ ...step, taskId: task.id, failure: step.failure as Failure | undefined });
      if (keyed) this.#options.keys.keep(draft, keyed, task.id);
      draft.tellTask(told(task, task.plan, steps, []), { type: "created", taskId: task.id });
    };
    this.#making.add(task.id);
    try {
      await this.#options.boundary("task planned", task.id);
      const kept = this.#options.journal.ask(keep);
      const created = kept.then(() => this.#options.boundary("task created", task.id));
      const over = created.catch(() => undefined);
      // Its first steps are marked in the same transaction. Where the task is not kept no mark of it is, and nothing is begun.
      this.#begin(task, 1, over);
      await created;
    } catch (error) {
      if (error instanceof PolyvisorError && error.code === "storeUnavailable") this.#beginLater(task.id);
      throw error;
    } finally {
      this.#making.delete(task.id);
    }
    return this.#open.get(task.id)?.shown() ?? this.#finished.get(task.id) ?? task;
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

  #begin(task: Task, fence: number, kept?: Promise<void>): void {
    const { journal, log, now, boundary } = this.#options;
    const claim: Claim = { kind: "task", id: task.id, fence, lost: false };
    const run = new TaskRun(task, {
      claim,
      journal,
      log,
      now,
      boundary: (point) => boundary(point, task.id),
      settled: (steps) => this.#options.performer.settled(steps),
      turn: (step, signal) => this.#options.turns.begin(step, signal),
      perform: (holding, step, context) => this.#perform(holding, step, context),
      ended: () => this.#end(run),
      lost: () => {
        claim.lost = true;
        log.info({ task: run.id }, "the task is not this server's any more");
        if (this.#open.get(run.id) === run) this.#open.delete(run.id);
      },
    });
    this.#open.set(task.id, run);
    run.start(kept);
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
