/**
 * Listens to abort signals for many calls each. One listener a signal, however many calls share it: adding a listener
 * to a signal takes longer the more it has.
 */
export class AbortGroups {
  readonly #groups = new Map<AbortSignal, { calls: Set<number>; listener: () => void }>();
  readonly #aborted: (call: number, reason: unknown) => void;

  /** `aborted` is told of each call whose signal aborts; the call is forgotten before. */
  constructor(aborted: (call: number, reason: unknown) => void) {
    this.#aborted = aborted;
  }

  add(signal: AbortSignal, call: number): void {
    let group = this.#groups.get(signal);
    if (group === undefined) {
      group = { calls: new Set(), listener: () => this.#abort(signal) };
      this.#groups.set(signal, group);
      signal.addEventListener("abort", group.listener, { once: true });
    }
    group.calls.add(call);
  }

  remove(signal: AbortSignal, call: number): void {
    const group = this.#groups.get(signal);
    if (group === undefined) return;
    group.calls.delete(call);
    if (group.calls.size > 0) return;
    this.#groups.delete(signal);
    signal.removeEventListener("abort", group.listener);
  }

  #abort(signal: AbortSignal): void {
    const calls = this.#groups.get(signal)?.calls ?? [];
    this.#groups.delete(signal);
    for (const call of calls) this.#aborted(call, signal.reason);
  }

  /** Forgets all. */
  clear(): void {
    for (const [signal, { listener }] of this.#groups) signal.removeEventListener("abort", listener);
    this.#groups.clear();
  }
}
