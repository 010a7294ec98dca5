import { setTimeout as delay } from "node:timers/promises";
import type { Hypervisor } from "@polyvisor/hypervisors";
import { failureOf, PolyvisorError, type Connection, type Host } from "@polyvisor/model";
import type { Logger } from "pino";
import { same } from "../estate/facts.ts";
import { ClaimLost, type Claim } from "../events/claim.ts";
import type { Journal } from "../events/journal.ts";
import type { Semaphore } from "../semaphore.ts";
import { backOff } from "./backOff.ts";
import type { HostFeed } from "./hostFeed.ts";

export interface HostConnectionOptions {
  /** The lease under which this server tells of the host. */
  claim: Claim;
  connect(signal: AbortSignal): Promise<Hypervisor>;
  feed: HostFeed;
  journal: Journal;
  log: Logger;
  gate: Semaphore;
  now(): number;
  reconnectMax: number;
  /** How long the first inventory may take. */
  inventoryTimeout: number;
  connected(hypervisor: Hypervisor): void;
}

/** Keeps one host connected for as long as it is wanted, and its document truthful about that. */
export class HostConnection {
  readonly #options: HostConnectionOptions;
  readonly #stopping = new AbortController();
  #hypervisor: Hypervisor | undefined;
  #failure: PolyvisorError | undefined;
  #stream: AbortController | undefined;
  #wake: AbortController = new AbortController();
  /** Another attempt was asked for during this one, which may have begun before what was wrong was put right. */
  #again = false;
  #waiters = new Set<(hypervisor: Hypervisor) => void>();
  #run: Promise<void> | undefined;
  /** When the host last told or answered something, milliseconds since 1970. */
  lastSeen: number | undefined;

  constructor(options: HostConnectionOptions) {
    this.#options = options;
  }

  /** Begins; with a connection that is already there, where one is. */
  start(already?: Hypervisor): void {
    this.#run ??= this.#keep(already);
  }

  /** Ends it; resolves when nothing of it runs any more. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#wake.abort();
    this.#stream?.abort(); // before its first inventory a session has no other end
    await this.#hypervisor?.close();
    await this.#run;
  }

  /** The next attempt is made now. */
  reconnect(): void {
    this.#again = !this.#hypervisor;
    this.#wake.abort();
  }

  /** Reads everything anew over the same connection. */
  refresh(): void {
    this.#stream?.abort();
  }

  /** The connection. @throws PolyvisorError with the last failure */
  hypervisor(): Hypervisor {
    if (this.#hypervisor) return this.#hypervisor;
    throw this.#failure ?? new PolyvisorError("hostUnreachable", { detail: "the host is not connected yet" });
  }

  get isConnected(): boolean {
    return this.#hypervisor !== undefined;
  }

  /** The connection, as soon as there is one. Rejects by the signal. */
  whenConnected(signal: AbortSignal): Promise<Hypervisor> {
    if (this.#hypervisor) return Promise.resolve(this.#hypervisor);
    return new Promise((resolve, reject) => {
      const done = (hypervisor: Hypervisor): void => {
        signal.removeEventListener("abort", gone);
        this.#stopping.signal.removeEventListener("abort", gone);
        resolve(hypervisor);
      };
      const gone = (): void => {
        this.#waiters.delete(done);
        if (this.#options.claim.lost) reject(new ClaimLost(this.#options.claim));
        else reject(this.#failure ?? new PolyvisorError("hostUnreachable", { detail: "the host is not connected" }));
      };
      if (signal.aborted || this.#stopping.signal.aborted) return gone();
      this.#stopping.signal.addEventListener("abort", gone, { once: true });
      this.#waiters.add(done);
      signal.addEventListener("abort", gone, { once: true });
    });
  }

  async #keep(already: Hypervisor | undefined): Promise<void> {
    const { signal } = this.#stopping;
    let failures = 0;
    let next = already;
    while (!signal.aborted) {
      let hypervisor: Hypervisor | undefined = next;
      this.#again = false;
      next = undefined;
      try {
        hypervisor ??= await this.#connect();
        const reason = await this.#session(hypervisor, () => (failures = 0));
        this.#failure =
          reason instanceof PolyvisorError
            ? reason
            : new PolyvisorError("hostUnreachable", { detail: reason ? "the connection broke" : "the host closed the connection", cause: reason });
      } catch (error) {
        this.#failure =
          error instanceof PolyvisorError
            ? error
            : new PolyvisorError("hostProtocol", { detail: "the connection failed in an unexpected way; the log has it", cause: error });
        if (!(error instanceof PolyvisorError) && !signal.aborted)
          this.#options.log.error({ host: this.#options.claim.id, err: error }, "a host's connection failed unexpectedly");
      } finally {
        this.#hypervisor = undefined;
        await hypervisor?.close().catch(() => undefined);
      }
      if (signal.aborted) return;
      if (this.#again) continue;
      const wait = backOff(failures++, this.#failure.code, this.#options.reconnectMax);
      void this.#tell("lost", this.#failure, wait);
      this.#wake = new AbortController();
      await delay(wait, undefined, { signal: this.#wake.signal }).catch(() => undefined);
    }
  }

  async #connect(): Promise<Hypervisor> {
    const leave = await this.#options.gate.enter(this.#stopping.signal);
    try {
      return await this.#options.connect(this.#stopping.signal);
    } finally {
      leave();
    }
  }

  /** Takes changes until the connection is over. @returns why it is */
  async #session(hypervisor: Hypervisor, healthy: () => void): Promise<Error | undefined> {
    let over: { reason: Error | undefined } | undefined;
    void hypervisor.closed.then((reason) => {
      over = { reason };
      this.#stream?.abort();
    });
    while (!over && !this.#stopping.signal.aborted) {
      const stream = (this.#stream = new AbortController());
      let late = false;
      const timer = setTimeout(() => {
        late = true;
        stream.abort();
      }, this.#options.inventoryTimeout);
      try {
        for await (const change of hypervisor.changes(stream.signal)) {
          this.lastSeen = this.#options.now();
          if (change.type === "inventory") clearTimeout(timer); // the host kept its time; how long the store takes is not its fault
          await this.#options.feed.take(change);
          if (change.type !== "inventory" || over) continue;
          if (this.#hypervisor) continue;
          healthy();
          await this.#tell("connected", undefined, 0, hypervisor);
          this.#hypervisor = hypervisor;
          this.#failure = undefined;
          for (const waiter of this.#waiters) waiter(hypervisor);
          this.#waiters.clear();
          this.#options.connected(hypervisor);
        }
      } catch (error) {
        if (!stream.signal.aborted) throw error;
      } finally {
        clearTimeout(timer);
      }
      if (late) throw new PolyvisorError("hostTimeout", { detail: `the host's inventory did not come within ${this.#options.inventoryTimeout / 1000} s` });
      if (!stream.signal.aborted) {
        // the stream ended by itself: the connection is over or about to say so
        return await Promise.race([hypervisor.closed, delay(5_000, undefined, { ref: false })]);
      }
    }
    return over?.reason;
  }

  /** Writes how the connection is, when that differs from what is known. */
  async #tell(state: Connection["state"], failure: PolyvisorError | undefined, wait: number, hypervisor?: Hypervisor): Promise<void> {
    const { claim, journal, now } = this.#options;
    const { id } = claim;
    const at = now();
    const since = new Date(at).toISOString();
    const lastSeen = this.lastSeen === undefined ? undefined : new Date(this.lastSeen).toISOString();
    await journal
      .write((draft) => {
        draft.under(claim);
        const host = draft.get("host", id);
        // What an operator decided meanwhile stands: nobody would ever take back what is said of a disabled host.
        if (!host || host.connection.state === "disabled" || this.#stopping.signal.aborted) return;
        const { code, detail, remedy } = failure ? failureOf(failure) : {};
        const told: Connection = {
          state,
          since: host.connection.state === state ? host.connection.since : since,
          lastSeen: lastSeen ?? host.connection.lastSeen,
          ...(failure ? { failure: { code: code!, detail: detail!, remedy: remedy! } } : {}),
          ...(wait > 5_000 ? { nextAttempt: new Date(at + wait).toISOString() } : {}),
        };
        const after: Host = { ...host, connection: told, features: hypervisor?.features ?? host.features, revision: host.revision + 1 };
        const fields = [...(same(told, host.connection) ? [] : ["connection"]), ...(same(after.features, host.features) ? [] : ["features"])];
        if (fields.length > 0) draft.put(after, { type: "changed", fields, cause: failure?.detail });
      })
      .catch(() => undefined); // the journal is closing
  }
}
