/** Milliseconds from one look to the next where there is time; with what a look takes, nothing stays unseen for 5 s. */
const shortest = 3_000;
/** Share of a processor that the looks of all endpoints of this process may take together. */
const share = 0.25;
/** Milliseconds of processor that a look takes, as measured (docs/decisions/2026-11-21-pace-of-looks.md). */
const perEndpoint = 0.5;
const perVm = 0.035;

/**
 * How often endpoints are looked at, so that all looks together take no more than their share, however many endpoints
 * there are: every 3 s up to some 15,000 VMs on 300 hosts, beyond that in proportion.
 */
export class LookPace {
  readonly #costs = new Map<object, number>();
  #total = 0;

  /** An endpoint is looked at from now on, or has another number of VMs. */
  weigh(endpoint: object, vms: number): void {
    const cost = perEndpoint + vms * perVm;
    this.#total += cost - (this.#costs.get(endpoint) ?? 0);
    this.#costs.set(endpoint, cost);
  }

  /** It is not looked at any more. */
  forget(endpoint: object): void {
    this.#total -= this.#costs.get(endpoint) ?? 0;
    this.#costs.delete(endpoint);
    if (this.#costs.size === 0) this.#total = 0; // no rest of rounding
  }

  /** Milliseconds from the beginning of one look to the next. */
  get period(): number {
    return Math.max(shortest, this.#total / share);
  }
}

/** Of this process. */
export const lookPace = new LookPace();
