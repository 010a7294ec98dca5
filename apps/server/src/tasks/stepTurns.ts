import type { PlanStep } from "@polyvisor/model";
import { Semaphore } from "../semaphore.ts";

/** Steps at the same time: on one host, and in all. A host's daemon does more at once badly; the server's limit is its memory. */
const stepsPerHost = 4;
/** The same for steps that mostly wait for a guest: a few that do not listen must not hold up the others. */
const waitsPerHost = 64;
const stepsInAll = 512;

/** Whose turn it is: steps of many tasks, also of other servers', on the hosts of this one. */
export class StepTurns {
  readonly #turns = new Map<string, { gate: Semaphore; users: number }>();
  readonly #all = new Semaphore(stepsInAll);

  /** Waits for a turn on the step's host. @returns to be called when the step is over */
  async take(step: PlanStep, signal: AbortSignal): Promise<() => void> {
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
