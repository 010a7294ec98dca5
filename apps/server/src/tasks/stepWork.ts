import { failureOf, PolyvisorError, type ErrorCode, type Failure, type PlanStep } from "@polyvisor/model";
import type { Logger } from "pino";
import type pg from "pg";
import type { Leases } from "../cluster/leases.ts";
import { ClaimLost, type Claim } from "../events/claim.ts";
import { persistent } from "../store/persistent.ts";
import type { StepContext, StepPerformer } from "./performStep.ts";
import type { StepTurns } from "./stepTurns.ts";
import type { Performed } from "./taskRun.ts";

/** Told at once; this is for a notice that was lost with its connection. */
const lookEveryMs = 2_000;
const progressEveryMs = 500;

interface Row {
  task_id: string;
  n: number;
  host_id: string;
  step: PlanStep;
  state: "offered" | "begun" | "done";
  interrupted: boolean;
  cancel: boolean;
  coordinator: string;
}
interface Outcome {
  state: Row["state"];
  progress: number;
  message: string | null;
  failure: Failure | null;
}

export interface StepWorkOptions {
  pool: pg.Pool;
  serverId: string;
  leases: Pick<Leases, "of" | "may">;
  performer: StepPerformer;
  turns: StepTurns;
  /** Resolves when everything that hosts told so far is committed. */
  heard(): Promise<void>;
  /** Tells the other servers of something. */
  tell(what: string): void;
  log: Logger;
}

/**
 * Steps of tasks of one server on hosts of another. The coordinator puts a step down in the store; who holds the host's
 * lease carries it out and puts down what came of it. When the holder dies, the next one finds the step begun and looks
 * at the world first; when the coordinator dies, the one that takes the task over finds the step, or its outcome, there.
 */
export class StepWork {
  readonly #options: StepWorkOptions;
  readonly #doing = new Map<string, AbortController>();
  readonly #waiting = new Map<string, Set<() => void>>();
  readonly #offered = new Set<string>();
  #closed = false;
  #busy = 0;
  #idle = Promise.withResolvers<void>();
  #looking: Promise<void> | undefined;
  #again = false;

  constructor(options: StepWorkOptions) {
    this.#options = options;
  }

  /** As coordinator: has a step carried out by whoever looks after its host. @throws ClaimLost when the task is another server's */
  async offer(task: Claim, step: PlanStep, { signal, interrupted, progress }: StepContext): Promise<Performed> {
    const { pool, serverId, tell } = this.#options;
    const gone = (): Error | undefined => (task.lost || this.#closed ? new ClaimLost(task) : undefined);
    const { rowCount } = await persistent(gone, () =>
      pool.query(
        `insert into step_work (task_id, n, host_id, coordinator, step, state, interrupted)
       select $1::text, $2::int, $3::text, $4::text, $5::jsonb, 'offered', $6::boolean where exists (select from task where id = $1 and owner = $4 and fence = $7)
       on conflict (task_id, n) do update set coordinator = excluded.coordinator, step = excluded.step,
         state = case when step_work.step = excluded.step then step_work.state else 'offered' end,
         interrupted = case when step_work.step = excluded.step then step_work.interrupted else excluded.interrupted end`,
        [task.id, step.n, step.hostId, serverId, JSON.stringify(step), interrupted, task.fence],
      ),
    );
    if (rowCount === 0) throw new ClaimLost(task);
    this.#offered.add(task.id);
    tell(`step ${step.hostId}`);
    let cancelled = false;
    for (;;) {
      const { rows } = await persistent(gone, () =>
        pool.query<Outcome>("select state, progress, message, failure from step_work where task_id = $1 and n = $2", [task.id, step.n]),
      );
      const row = rows[0];
      if (gone() || !row) throw new ClaimLost(task);
      if (row.state === "done") {
        if (row.failure) throw new PolyvisorError(row.failure.code as ErrorCode, row.failure);
        return { message: row.message ?? "done" };
      }
      if (row.progress > 0) progress(row.progress, row.message ?? undefined);
      // The host may be this server's own by now, and where no other is left nobody tells of the step.
      if (this.#options.leases.of(step.hostId!)) void this.look();
      if (signal.aborted && !cancelled) {
        cancelled = true;
        await persistent(gone, () => pool.query("update step_work set cancel = true where task_id = $1 and n = $2", [task.id, step.n]));
        tell(`step ${step.hostId}`);
        void this.look();
      }
      await this.#news(task.id, signal, cancelled);
    }
  }

  /** The task is over: what came of its steps is kept with it. */
  async forget(taskId: string): Promise<void> {
    if (!this.#offered.delete(taskId)) return;
    await this.#options.pool.query("delete from step_work where task_id = $1", [taskId]).catch(() => undefined); // it goes with the task else
  }

  /** As coordinator: something was put down about a task. */
  news(taskId: string): void {
    for (const wake of this.#waiting.get(taskId) ?? []) wake();
  }

  /** As holder: carries out what is put down for hosts of this server. */
  look(): Promise<void> {
    this.#again = true;
    this.#looking ??= this.#lookOn().finally(() => (this.#looking = undefined));
    return this.#looking;
  }

  /** Begins nothing more. Resolves when nothing is carried out; what runs then stays as begun. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const taskId of this.#waiting.keys()) this.news(taskId);
    if (this.#busy > 0) await this.#idle.promise;
  }

  async #lookOn(): Promise<void> {
    while (this.#again && !this.#closed) {
      this.#again = false;
      try {
        const { rows } = await this.#options.pool.query<Row>(
          `select task_id, n, step_work.host_id, step, state, interrupted, cancel, coordinator
           from step_work join lease on lease.host_id = step_work.host_id where lease.server_id = $1 and state <> 'done'`,
          [this.#options.serverId],
        );
        for (const row of rows) {
          const doing = this.#doing.get(keyOf(row));
          if (!doing) void this.#carryOut(row);
          else if (row.cancel) doing.abort(new PolyvisorError("cancelled", { detail: "an operator cancelled the task" }));
        }
      } catch (error) {
        this.#options.log.debug({ err: error }, "steps for this server could not be read");
        return;
      }
    }
  }

  async #carryOut(row: Row): Promise<void> {
    const { pool, leases, serverId, performer, turns, tell, log } = this.#options;
    const claim = leases.of(row.host_id);
    if (!claim) return;
    const cancel = new AbortController();
    if (row.cancel) cancel.abort(new PolyvisorError("cancelled", { detail: "an operator cancelled the task" }));
    this.#doing.set(keyOf(row), cancel);
    this.#busy++;
    let leave: (() => void) | undefined;
    try {
      const interrupted = row.interrupted || row.state === "begun";
      leave = await turns.enter(row.step, interrupted ? undefined : cancel.signal).catch(() => undefined);
      if (this.#closed || !leases.may(claim)) return;
      // Fenced: one who lost the host meanwhile begins nothing.
      const begun = await pool.query(
        `update step_work set state = 'begun', performer = $3, fence = $4 where task_id = $1 and n = $2 and state <> 'done' and step = $5
         and exists (select from lease where host_id = step_work.host_id and server_id = $3 and fence = $4)`,
        [row.task_id, row.n, serverId, claim.fence, JSON.stringify(row.step)],
      );
      if (begun.rowCount === 0) return;
      const { message, failure } = await this.#perform(row, claim, cancel.signal, interrupted, performer);
      await this.#options.heard(); // what the host told of it is known to all before its end is
      if (claim.lost) return; // whoever has the host now looks at the world and tells
      // What it came to is known here only: a database that is away for a moment must not make it unknown.
      await persistent(
        () => (claim.lost || this.#closed ? new ClaimLost(claim) : undefined),
        () =>
          pool.query(
            "update step_work set state = 'done', progress = 1, message = $5, failure = $6 where task_id = $1 and n = $2 and performer = $3 and fence = $4 and state = 'begun'",
            [row.task_id, row.n, serverId, claim.fence, message, failure ? JSON.stringify(failure) : null],
          ),
      );
      tell(`task ${row.task_id}`);
      this.news(row.task_id);
    } catch (error) {
      if (!(error instanceof ClaimLost))
        log.warn({ task: row.task_id, step: row.n, err: error }, "a step for another server could not be kept; it is looked at again");
    } finally {
      leave?.();
      this.#doing.delete(keyOf(row));
      if (--this.#busy === 0) {
        this.#idle.resolve();
        this.#idle = Promise.withResolvers<void>();
      }
    }
  }

  async #perform(row: Row, claim: Claim, signal: AbortSignal, interrupted: boolean, performer: StepPerformer): Promise<{ message: string; failure?: Failure }> {
    const { pool, tell } = this.#options;
    let told = performance.now();
    const progress = (fraction: number, message?: string): void => {
      const now = performance.now();
      if (now - told < progressEveryMs || !(fraction >= 0 && fraction <= 1)) return;
      told = now;
      void pool
        .query("update step_work set progress = $4, message = $5 where task_id = $1 and n = $2 and fence = $3 and state = 'begun'", [
          row.task_id,
          row.n,
          claim.fence,
          fraction,
          message?.slice(0, 1024) ?? null,
        ])
        .then(
          () => tell(`task ${row.task_id}`),
          () => undefined,
        );
    };
    try {
      const performed = await performer.perform(row.task_id, row.step, { signal, interrupted, progress });
      await performed.told;
      return performed;
    } catch (error) {
      if (error instanceof ClaimLost) throw error;
      const failure = failureOf(error);
      return { message: failure.detail, failure };
    }
  }

  /** Resolves when there may be something new about a task. */
  #news(taskId: string, signal: AbortSignal, cancelled: boolean): Promise<void> {
    return new Promise((resolve) => {
      const wakers = this.#waiting.get(taskId) ?? new Set();
      this.#waiting.set(taskId, wakers);
      const wake = (): void => {
        clearTimeout(timer);
        signal.removeEventListener("abort", wake);
        wakers.delete(wake);
        if (wakers.size === 0) this.#waiting.delete(taskId);
        resolve();
      };
      const timer = setTimeout(wake, lookEveryMs);
      wakers.add(wake);
      if (!cancelled) signal.addEventListener("abort", wake, { once: true });
    });
  }
}

const keyOf = ({ task_id, n }: Pick<Row, "task_id" | "n">): string => `${task_id} ${n}`;
