/** How long what is new on a host waits, so that what runs there can end and the host can go to another server. */
const drainMs = 3_000;
/** What did not end in that time is something long: the next attempt is not made before. */
const drainAgainMs = 30_000;

/** Counts what is under way on each host, and keeps what is new away from one that is to be handed over. */
export class HostUsers {
  readonly #users = new Map<string, number>();
  readonly #drains = new Map<string, { open: PromiseWithResolvers<void>; timer: NodeJS.Timeout; idle(): void }>();
  readonly #drained = new Map<string, number>();
  readonly #now: () => number;

  /** @param now milliseconds on a clock that never steps */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  idle(hostId: string): boolean {
    return !this.#users.has(hostId);
  }

  /** Something is under way on a host until the answer is called. */
  enter(hostId: string): () => void {
    this.#users.set(hostId, (this.#users.get(hostId) ?? 0) + 1);
    let left = false;
    return () => {
      if (left) return;
      left = true;
      const users = this.#users.get(hostId)! - 1;
      if (users > 0) this.#users.set(hostId, users);
      else {
        this.#users.delete(hostId);
        this.#drains.get(hostId)?.idle();
      }
    };
  }

  /** Resolves when something new may begin on a host, or the host has gone. */
  admitted(hostId: string): Promise<void> {
    return this.#drains.get(hostId)?.open.promise ?? Promise.resolve();
  }

  /** Keeps what is new away from a host for a moment. @param idle called when nothing is under way on it any more */
  drain(hostId: string, idle: () => void): void {
    const now = this.#now();
    if (this.#drains.has(hostId) || now - (this.#drained.get(hostId) ?? -Infinity) < drainAgainMs) return;
    this.#drained.set(hostId, now);
    const timer = setTimeout(() => this.undrain(hostId), drainMs);
    this.#drains.set(hostId, { open: Promise.withResolvers(), timer, idle });
  }

  /** Lets in what waits. */
  undrain(hostId: string): void {
    const drain = this.#drains.get(hostId);
    if (!drain) return;
    clearTimeout(drain.timer);
    this.#drains.delete(hostId);
    drain.open.resolve();
  }
}
