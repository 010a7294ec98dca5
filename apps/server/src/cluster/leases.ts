import type { Logger } from "pino";
import { ClaimLost, type Claim } from "../events/claim.ts";
import { shares } from "./shares.ts";
import { Term, Watch, type Sign, type TermTimes } from "./term.ts";

/** Hosts that are handed over in one round: their new holder connects to all of them. */
const handedAtOnce = 200;

export interface Held {
  hostId: string;
  fence: number;
}

/** What leases need of the store. Each call is one transaction. */
export interface LeaseStore {
  /** Gives a sign of life. @returns all servers, or undefined when another process has this server's place */
  beat(): Promise<Sign[] | undefined>;
  /** What this server holds by the store. */
  own(): Promise<Held[]>;
  /** Takes those of the hosts that nobody holds, or one of the dead, if they still gave no sign. */
  claim(hostIds: readonly string[], dead: readonly Sign[]): Promise<Held[]>;
  /** Gives up what is still held under these numbers. */
  release(claims: readonly Held[]): Promise<void>;
}

export interface LeasesOptions {
  serverId: string;
  store: LeaseStore;
  times: TermTimes;
  /** Milliseconds on a clock that never steps and also counts while the machine sleeps. */
  clock(): number;
  log: Logger;
  /** Ids of all hosts that are to be looked after. */
  hosts(): Iterable<string>;
  /** Rises whenever `hosts()` gives others. */
  hostsChanged(): number;
  /** Whether nothing is under way on a host, so that it can be handed over. */
  idle(hostId: string): boolean;
  /** A host is to be handed over and is not idle: what is new on it may wait for a moment. */
  drain?(hostId: string): void;
  gained(claims: Claim[]): void;
  /** Resolves when nothing of them is used any more. */
  lost(claims: Claim[]): Promise<void>;
  superseded(): void;
}

/**
 * Which hosts this server looks after. A host has one holder at most: a lease is used only while this server's own beats
 * are confirmed in time, and taken from another only after it cannot use it any more.
 */
export class Leases {
  readonly #options: LeasesOptions;
  readonly #term: Term;
  readonly #watch: Watch;
  readonly #held = new Map<string, Claim>();
  /** Being handed over: no longer used, not yet given up. */
  readonly #leaving = new Set<string>();
  #live: string[] = [];
  #dead: Sign[] = [];
  #settled = "";
  #waiters: (() => void)[] = [];
  #over = false;
  #doubt = false;

  constructor(options: LeasesOptions) {
    this.#options = options;
    this.#term = new Term(options.times.hold);
    this.#watch = new Watch(options.times);
  }

  /** Servers that gave signs of life lately, this one included. */
  get live(): readonly string[] {
    return this.#live;
  }
  get dead(): readonly Sign[] {
    return this.#dead;
  }
  get size(): number {
    return this.#held.size;
  }

  /** The lease of a host, while it may be used. */
  of(hostId: string): Claim | undefined {
    const claim = this.#held.get(hostId);
    return claim && this.may(claim) ? claim : undefined;
  }

  /** The lease of a host as long as no other server has it; it may have to wait before it is used again. */
  held(hostId: string): Claim | undefined {
    return this.#held.get(hostId);
  }

  /** Whether this server was heard in time: one that was not may know nothing of what others did. */
  get heard(): boolean {
    return this.#term.holds(this.#options.clock());
  }

  /** What the store has is not certain: it is read in the next round. */
  doubt(): void {
    this.#doubt = true;
  }

  /** Whether a host may be used under a lease: asked right before each use, so that one that slept does not wake up and act. */
  may(claim: Claim): boolean {
    return !claim.lost && this.#term.holds(this.#options.clock());
  }

  /** @throws ClaimLost */
  check(claim: Claim): void {
    if (!this.may(claim)) throw new ClaimLost(claim);
  }

  /** Resolves after the next round that the store confirmed: it is known then who holds what. */
  settled(): Promise<void> {
    return this.#over ? Promise.resolve() : new Promise((resolve) => this.#waiters.push(resolve));
  }

  /** A lease that came about together with its host. */
  adopt(hostId: string, fence: number): Claim {
    const claim: Claim = { kind: "host", id: hostId, fence, lost: false };
    this.#held.set(hostId, claim);
    return claim;
  }

  /** The host was removed, or its lease is known to be another's. */
  forget(claim: Claim): void {
    claim.lost = true;
    if (this.#held.get(claim.id) === claim) this.#held.delete(claim.id);
  }

  /** The store refused writes under these: another holds them. */
  refused(claims: readonly Claim[]): void {
    void this.#lose(claims.filter(({ kind }) => kind === "host"));
    this.#settled = "";
  }

  /** A beat and what follows of it. Rounds follow one another. Rejects with what the store says. */
  async round(): Promise<void> {
    try {
      await this.#go();
    } catch (error) {
      this.#doubt = true; // what was asked may be done, and only its answer be lost
      throw error;
    }
  }

  async #go(): Promise<void> {
    const { store, clock, serverId } = this.#options;
    const sentAt = clock();
    const signs = await store.beat();
    if (this.#over) return;
    if (!signs) {
      this.#term.end();
      this.#lose([...this.#held.values()]);
      return this.#options.superseded();
    }
    // Somebody may have taken over what was not used in time: that is known before it is used again.
    if (!this.#term.holds(clock()) || this.#doubt) {
      this.#doubt = false;
      this.#reconcile(await store.own());
    }
    this.#term.confirm(sentAt);
    this.#dead = this.#watch.look(
      clock(),
      signs.filter(({ id }) => id !== serverId),
    );
    const dead = new Set(this.#dead.map(({ id }) => id));
    this.#live = signs.map(({ id }) => id).filter((id) => !dead.has(id));
    await this.#assign();
    for (const waiter of this.#waiters.splice(0)) waiter();
  }

  /** Gives everything up, for the others to take at once. */
  async close(): Promise<void> {
    this.#over = true;
    const all = [...this.#held.values()];
    await this.#lose(all);
    for (const waiter of this.#waiters.splice(0)) waiter();
    await this.#options.store.release(all.map(({ id, fence }) => ({ hostId: id, fence })));
  }

  async #assign(): Promise<void> {
    const { serverId, hosts, hostsChanged, store } = this.#options;
    const state = `${[...this.#live].sort().join()} ${hostsChanged()}`;
    if (state === this.#settled) return;
    const wanted: string[] = [];
    const others: string[] = [];
    for (const [hostId, server] of shares(hosts(), this.#live)) {
      const mine = server === serverId;
      if (mine && !this.#held.has(hostId) && !this.#leaving.has(hostId)) wanted.push(hostId);
      else if (!mine && this.#held.has(hostId)) others.push(hostId);
    }
    const taken = wanted.length > 0 ? await store.claim(wanted, this.#dead) : [];
    if (this.#over) return void store.release(taken).catch(() => undefined);
    const claims = taken.map(({ hostId, fence }) => this.adopt(hostId, fence));
    if (claims.length > 0) {
      this.#options.log.info({ hosts: claims.length }, "hosts are looked after by this server from now on");
      this.#options.gained(claims);
    }
    this.#handOver(others);
    if (taken.length === wanted.length && others.length === 0) this.#settled = state;
  }

  /** Gives away what another should have, as it becomes idle. */
  #handOver(hostIds: readonly string[]): void {
    const going = hostIds.filter((id) => this.#options.idle(id)).slice(0, handedAtOnce);
    if (going.length === 0) for (const id of hostIds.slice(0, handedAtOnce)) this.#options.drain?.(id);
    if (going.length === 0) return;
    const claims = going.map((id) => this.#held.get(id)!);
    for (const id of going) this.#leaving.add(id);
    this.#options.log.info({ hosts: going.length }, "hosts are handed over to another server");
    void this.#lose(claims)
      .then(() => this.#options.store.release(claims.map(({ id, fence }) => ({ hostId: id, fence }))))
      .catch((error: unknown) => {
        this.#doubt = true;
        this.#options.log.warn({ err: error }, "hosts could not be handed over; they are taken again");
      })
      .finally(() => {
        for (const id of going) this.#leaving.delete(id);
        this.#settled = "";
      });
  }

  /** Compares with what the store says: what another took is lost, what this server has without knowing is used. */
  #reconcile(own: readonly Held[]): void {
    const fences = new Map(own.map(({ hostId, fence }) => [hostId, fence]));
    const lost = [...this.#held.values()].filter((claim) => fences.get(claim.id) !== claim.fence);
    if (lost.length > 0) this.#options.log.warn({ hosts: lost.length }, "another server took over while this one was away");
    void this.#lose(lost);
    const gained = own.filter(({ hostId }) => !this.#held.has(hostId) && !this.#leaving.has(hostId)).map(({ hostId, fence }) => this.adopt(hostId, fence));
    if (gained.length > 0) this.#options.gained(gained);
    this.#settled = "";
  }

  #lose(claims: readonly Claim[]): Promise<void> {
    // That one was lost may be told late, when its host is this server's again under a new number: that one stays.
    const used = claims.filter((claim) => this.#held.get(claim.id) === claim);
    for (const claim of claims) this.forget(claim);
    return used.length > 0 ? this.#options.lost(used) : Promise.resolve();
  }
}
