import type { InventoryKind } from "@polyvisor/model";

/** How long after a step the hypervisor may still tell of what it did. */
const graceMs = 2_000;

/** Which task is changing what, so that a change can name its task. */
export class Attribution {
  readonly #tasks = new Map<string, { taskId: string; until: number }>();
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  /**
   * A step begins to change something. A VM is known by its native id, the rest by name.
   * @returns to be called when the step is over
   */
  begin(taskId: string, hostId: string, kind: InventoryKind, key: string): () => void {
    const entry = { taskId, until: Infinity };
    const name = `${hostId} ${kind} ${key}`;
    this.#tasks.set(name, entry);
    return () => {
      entry.until = this.#now() + graceMs;
      setTimeout(() => this.#tasks.get(name) === entry && this.#tasks.delete(name), graceMs * 2).unref();
    };
  }

  taskOf(hostId: string, kind: InventoryKind, key: string): string | undefined {
    const entry = this.#tasks.get(`${hostId} ${kind} ${key}`);
    return entry && entry.until >= this.#now() ? entry.taskId : undefined;
  }
}
