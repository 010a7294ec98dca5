/** Counts what is under way on each host. */
export class HostUsers {
  readonly #users = new Map<string, number>();

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
      else this.#users.delete(hostId);
    };
  }
}
