/** Milliseconds, measured on a monotonic clock; see docs/decisions/2026-11-21-several-servers.md for how they hang together. */
export interface TermTimes {
  /** Between two beats of a server. */
  beat: number;
  /** How long a confirmed beat lets its server use what it holds, counted from before it was sent. */
  hold: number;
  /** A server whose beat did not change for so long, as one other server saw it, is taken over: longer than `hold`. */
  dead: number;
}
export const standardTerm: TermTimes = { beat: 1_500, hold: 6_000, dead: 8_000 };

/** A server's own right to use what it holds. It ends by itself: nobody has to be heard for that. */
export class Term {
  readonly #hold: number;
  #until = -Infinity;

  constructor(hold: number) {
    this.#hold = hold;
  }

  /** A beat was confirmed. @param sentAt when it was sent */
  confirm(sentAt: number): void {
    this.#until = Math.max(this.#until, sentAt + this.#hold);
  }

  holds(now: number): boolean {
    return now < this.#until;
  }

  /** At once: another process has this server's place. */
  end(): void {
    this.#until = -Infinity;
  }
}

/** What is seen of another server: it changes with each of its beats. */
export interface Sign {
  id: string;
  mark: string;
}

/** Finds out which other servers are dead, by this server's own clock alone: what their clocks or the database's say counts nothing. */
export class Watch {
  readonly #times: TermTimes;
  readonly #seen = new Map<string, { mark: string; at: number }>();
  #last = -Infinity;

  constructor(times: TermTimes) {
    this.#times = times;
  }

  /** @returns those whose sign did not change for the time that makes them dead */
  look(now: number, signs: readonly Sign[]): Sign[] {
    // Who was away himself, or was without the database as all others may have been, begins to watch anew.
    const away = now - this.#last > this.#times.dead / 2;
    this.#last = now;
    const dead: Sign[] = [];
    for (const { id, mark } of signs) {
      const seen = this.#seen.get(id);
      if (!seen || seen.mark !== mark || away) this.#seen.set(id, { mark, at: now });
      else if (now - seen.at >= this.#times.dead) dead.push({ id, mark });
    }
    const present = new Set(signs.map(({ id }) => id));
    for (const id of this.#seen.keys()) if (!present.has(id)) this.#seen.delete(id);
    return dead;
  }
}
