import { randomUUID } from "node:crypto";
import { uptime } from "node:os";
import { setTimeout as delay } from "node:timers/promises";
import type pg from "pg";
import type { Logger } from "pino";
import type { Store } from "../store/openStore.ts";
import { clusterChannel, LeaseRows } from "./leaseRows.ts";
import { Leases, type LeasesOptions } from "./leases.ts";
import { lockServerId } from "./serverLock.ts";
import { signsPool } from "./signsPool.ts";
import { standardTerm, type TermTimes } from "./term.ts";

/** Since the machine was switched on, with the time that it slept (CLOCK_BOOTTIME): no step of the wall clock moves it. */
export const bootClock = (): number => uptime() * 1000;

/** Between two looks for servers that do not come back. */
const forgetEveryMs = 10 * 60_000;

/** Where another server is reached. */
export interface Peer {
  id: string;
  url: string;
  /** Of its TLS, PEM; absent without TLS. */
  certificate: string | undefined;
}

/** A server as `GET /servers` shows it. */
export interface ServerFacts {
  id: string;
  name: string;
  url: string;
  version: string;
  /** Whether it gave a sign of life lately. */
  alive: boolean;
  /** Whether it is the one that answers. */
  self: boolean;
  startedAt: string;
  /** When it gave the last sign of life, by the database's clock. */
  lastSeen: string;
  /** Hosts that it looks after. */
  hosts: number;
}

export interface ClusterOptions extends Pick<LeasesOptions, "hosts" | "hostsChanged" | "idle" | "drain" | "gained" | "lost" | "superseded"> {
  store: Store;
  serverId: string;
  name: string;
  version: string;
  log: Logger;
  times?: TermTimes | undefined;
  clock?: (() => number) | undefined;
  /** A round was made: open tasks of servers that are dead or gone can be taken. */
  round(): Promise<void>;
  /** Another server told of something: `step HOST`, `task ID`, `host ID`, `refresh HOST` */
  told(what: string): void;
}

/** This server among the others that share its database. */
export class Cluster {
  readonly leases: Leases;
  readonly rows: LeaseRows;
  readonly #options: ClusterOptions;
  readonly #times: TermTimes;
  readonly #pool: pg.Pool;
  readonly #stop = new AbortController();
  #kick = new AbortController();
  #forgotAt = -Infinity;
  #running: Promise<void> | undefined;
  #lock: { release(): Promise<void> } | undefined;
  #listening: { close(): Promise<void> } | undefined;

  constructor(options: ClusterOptions) {
    const { store, serverId } = options;
    this.#options = options;
    this.#times = options.times ?? standardTerm;
    this.#pool = signsPool(store.pool.options, options.log);
    this.rows = new LeaseRows(this.#pool, { serverId, incarnation: randomUUID() });
    this.leases = new Leases({ ...options, store: this.rows, times: this.#times, clock: options.clock ?? bootClock });
  }

  /** Comes in, and takes what it should have. @throws StartError when another process has this server's id */
  async open(): Promise<void> {
    const { store, serverId, name, version } = this.#options;
    this.#lock = await lockServerId(this.#pool, serverId);
    await this.rows.enter({ name, url: "", version });
    this.#listening = await store.listen(
      clusterChannel,
      (payload) => this.#told(payload),
      () => this.hurry(),
    );
    await this.#round();
    await this.rows.notify("joined");
    this.#running = this.#keep();
  }

  /** Others reach this server there. */
  async announce(url: string, certificate?: string): Promise<void> {
    await this.#options.store.pool.query("update server set url = $2, certificate = $3 where id = $1", [this.#options.serverId, url, certificate ?? null]);
  }

  holds(hostId: string): boolean {
    return this.leases.held(hostId) !== undefined;
  }

  get hasPeers(): boolean {
    return this.leases.live.length > 1;
  }

  /** Whether others may have written what is not here yet. */
  get mayBeBehind(): boolean {
    return this.hasPeers || !this.leases.heard;
  }

  /** Whether a server gave a sign of life lately. */
  isLive(serverId: string): boolean {
    return this.leases.live.includes(serverId);
  }

  /** The next round is made now. */
  hurry(): void {
    this.#kick.abort();
  }

  /** Who looks after a host, as the store has it now; undefined where nobody does, or this server itself. */
  async holderOf(hostId: string): Promise<Peer | undefined> {
    const { rows } = await this.#options.store.pool.query<{ id: string; url: string; certificate: string | null }>(
      "select server.id, server.url, server.certificate from lease join server on server.id = lease.server_id where lease.host_id = $1",
      [hostId],
    );
    const row = rows[0];
    return row && row.id !== this.#options.serverId ? { ...row, certificate: row.certificate ?? undefined } : undefined;
  }

  async servers(): Promise<ServerFacts[]> {
    const { rows } = await this.#options.store.pool.query<Omit<ServerFacts, "alive" | "self" | "startedAt" | "lastSeen"> & { started_at: Date; beat_at: Date }>(
      `select id, name, url, version, started_at, beat_at, (select count(*)::int from lease where lease.server_id = server.id) as hosts from server order by name, id`,
    );
    const live = new Set(this.leases.live);
    return rows.map(({ started_at, beat_at, ...row }) => ({
      ...row,
      alive: live.has(row.id),
      self: row.id === this.#options.serverId,
      startedAt: started_at.toISOString(),
      lastSeen: beat_at.toISOString(),
    }));
  }

  /** Takes nothing more; what it holds ends soon. */
  async stop(): Promise<void> {
    this.#stop.abort();
    this.#kick.abort();
    await this.#running;
    await this.#listening?.close();
  }

  /** Gives up what it holds and goes. */
  async close(): Promise<void> {
    await this.stop();
    await this.leases.close().catch(() => undefined); // without the database the others find out by themselves
    await this.rows.leave().catch(() => undefined);
    await this.#lock?.release();
    await this.#pool.end().catch(() => undefined);
  }

  async #keep(): Promise<void> {
    const { log } = this.#options;
    let wait = this.#times.beat;
    while (!this.#stop.signal.aborted) {
      try {
        await delay(wait, undefined, { signal: this.#kick.signal }).catch(() => undefined);
        this.#kick = new AbortController();
        if (this.#stop.signal.aborted) return;
        await this.#round();
        wait = this.#times.beat;
      } catch (error) {
        log.warn({ err: error }, "the database did not take a sign of life");
        wait = this.#times.beat / 3;
      }
    }
  }

  async #round(): Promise<void> {
    await this.leases.round();
    await this.#options.round();
    const now = (this.#options.clock ?? bootClock)();
    if (this.leases.dead.length === 0 || now - this.#forgotAt < forgetEveryMs) return;
    this.#forgotAt = now;
    const gone = await this.rows.forgetGone(this.leases.dead);
    if (gone.length > 0) this.#options.log.info({ servers: gone }, "servers that gave no sign of life for a day are not listed any more");
  }

  #told(payload: string): void {
    const [from, ...what] = payload.split(" ");
    if (from === this.#options.serverId) return;
    if (what.length > 1) this.#options.told(what.join(" "));
    else this.hurry();
  }
}
