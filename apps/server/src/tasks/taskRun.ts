import { failureOf, PolyvisorError, type Failure, type Plan, type PlanStep, type Task, type TaskStep } from "@polyvisor/model";
import type { Logger } from "pino";
import { ClaimLost, type Claim } from "../events/claim.ts";
import type { Draft } from "../events/draft.ts";
import type { Journal } from "../events/journal.ts";
import { cancelled, told } from "./told.ts";
import { endOf, isOver, leftovers, progressOf, skippedBehind, stepsBehind } from "./outcome.ts";

const progressEveryMs = 500;

export interface Performed {
  message: string;
  /** Never rejects: see RunResult. The task's end waits for it. */
  told?: Promise<void> | undefined;
}

export interface TaskRunOptions {
  /** Under it everything is written: a task that another server took over is its alone. */
  claim: Claim;
  journal: Journal;
  log: Logger;
  now(): number;
  /** Waits for a turn on the step's host. @returns to be called when the step is over */
  turn(step: PlanStep, signal: AbortSignal): Promise<() => void>;
  /** Carries a step out. `interrupted`: it was begun before and nobody knows how far it came. */
  perform(
    claim: Claim,
    step: PlanStep,
    context: { signal: AbortSignal; interrupted: boolean; progress(fraction: number, message?: string): void },
  ): Promise<Performed>;
  /** Resolves when what these steps made is there for everybody to see, or after a while. */
  settled(steps: readonly PlanStep[]): Promise<void>;
  boundary(point: string): void | Promise<void>;
  ended(run: TaskRun): void;
  /** Another server has the task. */
  lost(run: TaskRun): void;
}

/**
 * One task being carried out. Each step is marked as running before it begins and as what it became afterwards, each
 * in the same transaction as its event, so that whoever comes after a crash knows exactly what may have been begun.
 */
export class TaskRun {
  readonly plan: Plan;
  readonly #options: TaskRunOptions;
  readonly #cancel = new AbortController();
  readonly #steps: TaskStep[];
  readonly #index: Map<number, number>;
  readonly #dependents: number[][];
  readonly #missing: number[];
  /** As committed: what readers get. */
  readonly #shown: TaskStep[];
  #head: Omit<Task, "plan" | "steps">;
  #shownHead: Omit<Task, "plan" | "steps">;
  readonly #told: Promise<void>[] = [];
  #left: number;
  #stopped = false;
  #active = 0;
  #idle = Promise.withResolvers<void>();

  constructor(task: Task, options: TaskRunOptions) {
    const { plan, steps, ...head } = task;
    this.plan = plan;
    this.#options = options;
    this.#head = this.#shownHead = head;
    this.#steps = [...steps];
    this.#shown = [...steps];
    this.#index = new Map(plan.steps.map((step, i) => [step.n, i]));
    this.#dependents = plan.steps.map(() => []);
    this.#missing = plan.steps.map((step) => step.after.length);
    plan.steps.forEach((step, i) => {
      for (const n of step.after) this.#dependents[this.#index.get(n)!]!.push(i);
    });
    this.#left = steps.filter((step) => !isOver(step)).length;
    if (head.cancelRequested) this.#cancel.abort(cancelled());
  }

  get id(): string {
    return this.#head.id;
  }
  get state(): Task["state"] {
    return this.#head.state;
  }
  get stepsRunning(): number {
    return this.#active;
  }

  /** The task as it was last committed. */
  shown(): Task {
    return { ...this.#shownHead, plan: this.plan, steps: [...this.#shown] };
  }

  /** Begins, or goes on where the former server stopped. @param kept when the task is there: nothing is done before */
  start(kept?: Promise<void>): void {
    const ready: number[] = [];
    this.#steps.forEach((step, i) => {
      if (step.state === "succeeded") for (const next of this.#dependents[i]!) this.#missing[next]!--;
    });
    for (const [i, step] of this.#steps.entries()) {
      if (isOver(step) && step.state !== "succeeded") this.#skipAfter(i);
    }
    this.#steps.forEach((step, i) => {
      if (step.state === "running" || (step.state === "waiting" && this.#missing[i] === 0)) ready.push(i);
    });
    if (this.#left === 0) void this.#cleanUp().catch(() => undefined);
    for (const i of ready) void this.#run(i, this.#steps[i]!.state === "running", kept);
  }

  /** Asks it to stop. Resolves when that is durable. */
  async cancel(): Promise<void> {
    if (this.#left === 0 || this.#head.cancelRequested) return;
    const before = this.#head;
    // at once, so that no write that is made meanwhile takes it back
    const head = (this.#head = { ...before, cancelRequested: true, revision: before.revision + 1 });
    try {
      await this.#options.journal.ask((draft) => {
        draft.under(this.#options.claim);
        draft.updateTask(this.#whole(head));
        draft.tellTask(told(head, this.plan, this.#steps, []), { type: "changed", fields: ["cancelRequested"], taskId: this.id });
      });
    } catch (error) {
      this.#head = { ...this.#head, cancelRequested: false };
      throw error;
    }
    if (head.revision > this.#shownHead.revision) this.#shownHead = head;
    this.#cancel.abort(cancelled());
  }

  /** Begins nothing more. Resolves when no step runs, or never; what runs then stays marked as running. */
  stop(): Promise<void> {
    this.#stopped = true;
    if (this.#active === 0) this.#idle.resolve();
    return this.#idle.promise;
  }

  /** @param after on its way to the store, and in front of what this one writes: nothing is done before it is there */
  async #run(i: number, interrupted: boolean, after?: Promise<void>): Promise<void> {
    const step = this.plan.steps[i]!;
    let together = after !== undefined;
    after?.finally(() => (together = false)).catch(() => undefined);
    let leave: (() => void) | undefined;
    try {
      leave = await this.#options.turn(step, interrupted ? new AbortController().signal : this.#cancel.signal);
    } catch {
      // The journal is closing: the next server cancels it, because the wish to is durable.
      await this.#end(i, { state: "cancelled" }).catch((error: unknown) => this.#notKept(step, error));
      return;
    }
    if (this.#stopped) return leave();
    this.#active++;
    try {
      if (!interrupted) {
        if (this.#cancel.signal.aborted) return void (await this.#end(i, { state: "cancelled" }));
        // In one transaction with what it follows there is nothing between the two.
        if (!together) await this.#options.boundary(`step ${step.n} ready`);
        const marked = this.#write([[i, { state: "running", startedAt: this.#time() }]], () => this.#begin());
        await Promise.all([after, marked]);
        await this.#options.boundary(`step ${step.n} running`);
      }
      const end = await this.#perform(i, step, interrupted);
      await this.#options.boundary(`step ${step.n} done`);
      await this.#end(i, end);
    } catch (error) {
      // The journal is closing: the step stays marked as running and the next server finds out.
      this.#notKept(step, error);
    } finally {
      leave();
      if (--this.#active === 0 && this.#stopped) this.#idle.resolve();
    }
  }

  #notKept(step: PlanStep, error: unknown): void {
    if (error instanceof ClaimLost) {
      this.#stopped = true; // nothing more is begun here
      this.#cancel.abort(error);
      return this.#options.lost(this);
    }
    const closing = error instanceof PolyvisorError && error.code === "starting";
    if (!this.#stopped && !closing) this.#options.log.error({ task: this.id, step: step.n, err: error }, "a step could not be kept");
  }

  async #perform(i: number, step: PlanStep, interrupted: boolean): Promise<Partial<TaskStep> & { state: TaskStep["state"] }> {
    let lastTold = this.#options.now();
    const progress = (fraction: number, message?: string): void => {
      const now = this.#options.now();
      if (isOver(this.#steps[i]!) || now - lastTold < progressEveryMs || !(fraction >= 0 && fraction <= 1)) return;
      lastTold = now;
      void this.#write([[i, { progress: fraction, ...(message === undefined ? {} : { message: message.slice(0, 1024) }) }]]).catch(() => undefined);
    };
    try {
      const { message, told } = await this.#options.perform(this.#options.claim, step, { signal: this.#cancel.signal, interrupted, progress });
      if (told) this.#told.push(told);
      return { state: "succeeded", progress: 1, message };
    } catch (error) {
      if (error instanceof ClaimLost || this.#options.claim.lost) throw error;
      if (!(error instanceof PolyvisorError)) this.#options.log.error({ task: this.id, step: step.n, err: error }, "a step failed unexpectedly");
      const failure = failureOf(error);
      if (error instanceof PolyvisorError && error.cause !== undefined) this.#options.log.info({ task: this.id, step: step.n, err: error }, "a step failed");
      if (failure.code === "cancelled" && this.#cancel.signal.aborted) return { state: "cancelled", message: failure.detail };
      return { state: failure.code === "interrupted" ? "interrupted" : "failed", failure, message: failure.detail };
    }
  }

  /**
   * A step is over: those that waited for it go on or are skipped, and with the last one the task is over. Its end and
   * their beginning are written together where there is a turn for them.
   */
  async #end(i: number, end: Partial<TaskStep> & { state: TaskStep["state"] }): Promise<void> {
    const changes: [number, Partial<TaskStep>][] = [[i, { ...end, endedAt: this.#time() }]];
    const ready: number[] = [];
    if (end.state === "succeeded") {
      for (const next of this.#dependents[i]!) if (--this.#missing[next]! === 0 && this.#steps[next]!.state === "waiting") ready.push(next);
    } else for (const skipped of stepsBehind(this.#dependents, this.#steps, i)) changes.push([skipped, this.#skipped(i, end.state)]);
    const last = this.#left === changes.length;
    const isDone = (at: number): boolean => (at === i ? end : this.#steps[at]!).state === "succeeded";
    if (last) await Promise.all([...this.#told, this.#options.settled(this.plan.steps.filter((_, at) => isDone(at)))]);
    this.#left -= changes.length;
    changes.forEach(([at, change]) => (this.#steps[at] = { ...this.#steps[at]!, ...change }));
    const rest = last && leftovers(this.plan, this.#steps).length > 0;
    const ended = this.#write(changes, () => (last && !rest ? this.#finish() : undefined)).then(() =>
      this.#options.boundary(`step ${this.plan.steps[i]!.n} ended`),
    );
    for (const next of ready) void this.#run(next, false, ended);
    await ended;
    if (rest) await this.#cleanUp();
  }

  /** Removes volumes that were made for nothing, says so at their steps, and ends the task. May be repeated after a crash. */
  async #cleanUp(): Promise<void> {
    const changes: [number, Partial<TaskStep>][] = [];
    for (const step of leftovers(this.plan, this.#steps)) {
      if (step.action.verb !== "volume.create" || this.#stopped) continue;
      const { datastore, volume } = step.action;
      const i = this.#index.get(step.n)!;
      await this.#options.boundary(`step ${step.n} left over`);
      const outcome = await this.#options
        .perform(
          this.#options.claim,
          { ...step, action: { verb: "volume.delete", datastore, volume } },
          { signal: new AbortController().signal, interrupted: true, progress: () => undefined },
        )
        .then(
          () => "removed again, because what it was for was not done",
          (error: unknown) => `could not be removed again: ${failureOf(error).detail}`,
        );
      await this.#options.boundary(`step ${step.n} removed`);
      changes.push([i, { message: `${this.#steps[i]!.message ?? "made"}; ${outcome}` }]);
    }
    if (!this.#stopped) await this.#write(changes, () => this.#finish());
  }

  #skipAfter(i: number): void {
    const changes = stepsBehind(this.#dependents, this.#steps, i).map((skipped): [number, Partial<TaskStep>] => [
      skipped,
      this.#skipped(i, this.#steps[i]!.state),
    ]);
    if (changes.length === 0) return;
    this.#left -= changes.length;
    void this.#write(changes).catch(() => undefined);
  }

  #skipped(i: number, state: TaskStep["state"]): Partial<TaskStep> {
    return skippedBehind(this.plan.steps[i]!.n, state, this.#time());
  }

  #begin(): Partial<Task> | undefined {
    return this.#head.state === "queued" ? { state: "running", startedAt: this.#time() } : undefined;
  }

  #finish(): Partial<Task> {
    return { endedAt: this.#time(), ...endOf(this.plan, this.#steps, this.#head.cancelRequested) };
  }

  /** Changes steps and task, and resolves when that is committed. */
  async #write(changes: [number, Partial<TaskStep>][], task: () => Partial<Task> | undefined = () => undefined): Promise<void> {
    const changed = changes.map(([i, change]) => (this.#steps[i] = { ...this.#steps[i]!, ...change }));
    const more = task();
    const head = (this.#head = { ...this.#head, ...more, progress: progressOf(this.#steps), revision: this.#head.revision + 1 });
    const fields = [...Object.keys(more ?? {}), ...(changed.length > 0 ? ["progress", "steps"] : [])];
    const event = told(head, this.plan, this.#steps, changed); // as it is now: what is written behind it in the same transaction has its own
    await this.#options.journal.write((draft: Draft) => {
      draft.under(this.#options.claim);
      for (const step of changed) draft.updateStep({ ...step, taskId: head.id, failure: step.failure as Failure | undefined });
      draft.updateTask(this.#whole(head));
      draft.tellTask(event, { type: "changed", fields, taskId: head.id });
    });
    changes.forEach(([i], at) => (this.#shown[i] = changed[at]!));
    if (head.revision > this.#shownHead.revision) this.#shownHead = head;
    if (more?.endedAt !== undefined) this.#options.ended(this);
  }

  #whole(head: Omit<Task, "plan" | "steps">): Task {
    return { ...head, plan: this.plan, steps: this.#steps };
  }

  #time(): string {
    return new Date(this.#options.now()).toISOString();
  }
}
