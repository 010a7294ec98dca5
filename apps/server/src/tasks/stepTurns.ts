import type { PlanStep } from "@polyvisor/model";
import { Semaphore } from "../semaphore.ts";

/** Steps at the same time: on one host, and in all. A host's daemon does more at once badly; the server's limit is its memory. */
const stepsPerHost = 4;
/** The same for steps that mostly wait for a guest: a few that do not listen must not hold up the others. */
const waitsPerHost = 64;
const stepsInAll = 512;

/**
 * Whose turn it is. There are two: that of a task's step to be begun at all, which is kept until the step is over,
 * wherever it is carried out; and that to be at the host, for whoever carries a step out here. Who is at a host waits for
 * no other server. Were there one turn for both, steps that wait for another server would keep away those by which
 * the other one, or this one when the host becomes its own, could end them.
 */
export class StepTurns {
  readonly #begun = new Line();
  readonly #atHosts = new Line();

  /** Waits until the step of a task of this server may begin. @returns to be called when it is over */
  begin(step: PlanStep, signal: AbortSignal): Promise<() => void> {
    return this.#begun.take(step, signal);
  }

  /** Waits for a turn at the step's host. @returns to be called when the step is carried out */
  enter(step: PlanStep, signal: AbortSignal | undefined): Promise<() => void> {
    return this.#atHosts.take(step, signal);
  }

  /** The same around a piece of work. */
  async atHost<T>(step: PlanStep, signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
    const leave = await this.enter(step, signal);
    try {
      return await work();
    } finally {
      leave();
    }
  }
}

class Line {
  readonly #turns = new Map<string, { gate: Semaphore; users: number }>();
  readonly #all = new Semaphore(stepsInAll);

  async take(step: PlanStep, signal: AbortSignal | undefined): Promise<() => void> {
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
