import { errorCatalogue, PolyvisorError, type Failure, type PlanStep } from "@polyvisor/model";
import type { PlanInput } from "./planInput.ts";
import type { Work } from "./work.ts";

/** Blockers that an answer names; more are counted. */
const shown = 10;

/** Gathers the steps of a plan. */
export class WorkBuilder {
  readonly steps: PlanStep[] = [];
  readonly expect: string[] = [];
  readonly warnings: string[] = [];
  readonly #failures = new Map<number, Failure>();
  readonly #blockers: Failure[] = [];
  #items = 0;
  readonly #input: Pick<PlanInput, "request" | "access"> | undefined;

  /** @param input whose access each item is asked of, so that what is not permitted fails by itself */
  constructor(input?: Pick<PlanInput, "request" | "access">) {
    this.#input = input;
  }

  /** Adds a step; gives its number. */
  step(step: Omit<PlanStep, "n">): number {
    const n = this.steps.length + 1;
    this.steps.push({ n, ...step });
    return n;
  }

  warn(text: string): void {
    if (!this.warnings.includes(text)) this.warnings.push(text);
  }

  /** One object of the request: its steps, or why it cannot be done. A step that stands for it is kept to carry the failure. */
  item(stand: Omit<PlanStep, "n" | "reasons" | "after">, make: () => void): void {
    this.#items++;
    const before = this.steps.length;
    try {
      this.#input?.access?.permit(this.#input.request, stand, this.steps);
      make();
    } catch (error) {
      if (!(error instanceof PolyvisorError)) throw error;
      this.steps.length = before;
      const { code, detail, remedy, where } = error;
      const failure: Failure = { code, detail, remedy, ...(where === undefined ? {} : { where }) };
      this.#blockers.push(failure);
      this.#failures.set(this.step({ ...stand, reasons: [`it cannot be done: ${detail}`], after: [] }), failure);
    }
  }

  /**
   * The plan. Where nothing of it is possible that is an error that names the blockers: the one there is, or
   * `preCheckFailed` with all of them; where some of many objects are possible, the others are told as failed.
   */
  done(title: string, reason: string): Work {
    const [first] = this.#blockers;
    if (first && this.#items === 1)
      throw new PolyvisorError(first.code, { detail: first.detail, remedy: first.remedy, ...(first.where === undefined ? {} : { where: first.where }) });
    if (first && this.#blockers.length === this.#items) {
      const rest = this.#blockers.length - shown;
      throw new PolyvisorError("preCheckFailed", {
        detail: `none of ${this.#items} can be done: ${this.#blockers
          .slice(0, shown)
          .map((each) => each.detail)
          .join("; ")}${rest > 0 ? `; and ${rest} more` : ""}`,
      });
    }
    if (first) this.warn(`${this.#blockers.length} of ${this.#items} cannot be done and will be reported as failed`);
    if (this.steps.length > 10_000)
      throw new PolyvisorError("tooLarge", {
        detail: `the plan would have ${this.steps.length} steps; 10,000 is the limit`,
        remedy: "Choose fewer objects at a time.",
      });
    return { plan: { title, reason, steps: this.steps, expect: this.expect, warnings: this.warnings }, failures: this.#failures };
  }
}

/** A failure of the catalogue as an error. */
export function blocked(code: keyof typeof errorCatalogue, detail: string, remedy?: string): never {
  throw new PolyvisorError(code, { detail, ...(remedy === undefined ? {} : { remedy }) });
}
