import { stateTable, type Load } from "@polyvisor/model";
import type { Logger } from "pino";
import type pg from "pg";
import type { LoadRow, SamplesReader } from "../controlPlane.ts";
import type { Estate } from "../estate/estate.ts";
import { clean } from "../estate/facts.ts";
import type { Hosts } from "../hosts/hosts.ts";
import { LoadRing } from "./loadRing.ts";
import { keepPartitions, readLoads, writeLoads } from "./sampleRows.ts";

const pointsAtMost = 1_000;
/** Rows that wait for the store at most; what is more is a gap. */
const waitingAtMost = 200_000;
const batchRows = 2_000;

export interface SamplerOptions {
  hosts: Hosts;
  estate: Estate;
  pool: pg.Pool;
  log: Logger;
  now(): number;
  intervalMs: number;
  keepDays: number;
}

/** Measures every connected host once in an interval, spread over it, and keeps what it measured. */
export class Sampler implements SamplesReader {
  readonly #options: SamplerOptions;
  readonly #ring = new LoadRing();
  readonly #busy = new Set<string>();
  #queue: string[] = [];
  #rows: Map<string, Load>[] = [];
  #rowCount = 0;
  #round = 0;
  #timers: NodeJS.Timeout[] = [];
  #writing: Promise<void> | undefined;
  #closed = false;
  #partitionsOf = "";
  readonly figures = { rounds: 0, failures: 0, rowsWritten: 0 };

  constructor(options: SamplerOptions) {
    this.#options = options;
  }

  start(): void {
    const { intervalMs } = this.#options;
    // a tick measures its share of the hosts, so that thousands are not asked in the same moment
    const ticks = Math.max(1, Math.min(100, Math.floor(intervalMs / 100)));
    this.#timers.push(
      setInterval(() => this.#tick(ticks), intervalMs / ticks).unref(),
      setInterval(() => void this.#write(), Math.min(1_000, intervalMs)).unref(),
    );
  }

  /** A host has just connected: the first measurement is made at once, so that the next gives rates. */
  connected(hostId: string): void {
    void this.#measure(hostId);
  }

  async history(_kind: "vm" | "host", id: string, from: number, to: number): Promise<{ step: number; points: Load[] }> {
    const base = Math.max(1, Math.round(this.#options.intervalMs / 1000));
    const steps = Math.max(1, Math.ceil((to - from) / 1000 / pointsAtMost / base));
    const step = base * steps;
    return { step, points: to <= from ? [] : (await readLoads(this.#options.pool, id, from, to, step)).slice(0, pointsAtMost) };
  }

  present(kind: "vm" | "host", sort: "cpu" | "memory" | "disk" | "network", limit: number): LoadRow[] {
    const figure = (load: Load): number => {
      if (sort === "cpu") return load.cpu ?? -1;
      if (sort === "memory") return load.memoryUsed ?? -1;
      return sort === "disk"
        ? (load.diskReadBytesPerSecond ?? -1) + (load.diskWriteBytesPerSecond ?? 0)
        : (load.netReceiveBytesPerSecond ?? -1) + (load.netTransmitBytesPerSecond ?? 0);
    };
    const rows = [...this.loads(kind)].sort((a, b) => figure(b.load) - figure(a.load) || (a.id < b.id ? -1 : 1));
    return rows.slice(0, limit);
  }

  /** Present loads of all objects of a kind. */
  *loads(kind: "vm" | "host"): Generator<LoadRow> {
    const { estate, now, intervalMs } = this.#options;
    const since = now() - intervalMs * 3;
    for (const id of this.#ring.ids()) {
      const load = this.#ring.last(id, since);
      if (!load) continue;
      if (kind === "host") {
        const host = estate.get("host", id);
        if (host) yield { id, name: host.name, host: host.name, state: host.connection.state, load };
      } else {
        const vm = estate.get("vm", id);
        if (vm && stateTable[vm.state].active) yield { id, name: vm.name, host: estate.get("host", vm.hostId)?.name ?? vm.hostId, state: vm.state, load };
      }
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const timer of this.#timers) clearInterval(timer);
    await this.#write();
    await this.#writing;
  }

  #tick(ticks: number): void {
    if (this.#round++ % ticks === 0) {
      this.figures.rounds++;
      this.#queue = this.#options.hosts.connected();
      this.#ring.keepOnly((id) => this.#options.estate.get(id.startsWith("h-") ? "host" : "vm", id) !== undefined);
    }
    const left = ticks - ((this.#round - 1) % ticks);
    for (const hostId of this.#queue.splice(0, Math.ceil(this.#queue.length / left))) void this.#measure(hostId);
  }

  async #measure(hostId: string): Promise<void> {
    const { hosts, estate, log, intervalMs } = this.#options;
    if (this.#busy.has(hostId) || this.#closed) return;
    this.#busy.add(hostId);
    try {
      const connection = hosts.connection(hostId);
      const hypervisor = connection.hypervisor();
      if (!hypervisor.features["host.samples"].supported && !hypervisor.features["vm.samples"].supported) return;
      const samples = clean(await hypervisor.samples(AbortSignal.timeout(Math.max(intervalMs, 10_000)))) as Awaited<ReturnType<typeof hypervisor.samples>>;
      connection.lastSeen = this.#options.now();
      const loads = this.#ring.take(hostId, samples, (nativeId) => estate.byNative("vm", hostId, nativeId)?.id);
      if (loads.size === 0) return;
      for (const [id, load] of loads) estate.setLoad(id === hostId ? "host" : "vm", id, load);
      this.#rows.push(loads);
      this.#rowCount += loads.size;
      while (this.#rowCount > waitingAtMost) this.#rowCount -= this.#rows.shift()!.size;
    } catch (error) {
      this.figures.failures++;
      log.debug({ host: hostId, err: error }, "a host could not be measured");
    } finally {
      this.#busy.delete(hostId);
    }
  }

  #write(): Promise<void> {
    this.#writing ??= this.#writeAll().finally(() => (this.#writing = undefined));
    return this.#writing;
  }

  async #writeAll(): Promise<void> {
    const { pool, log, now, keepDays } = this.#options;
    while (this.#rows.length > 0) {
      const taken: Map<string, Load>[] = [];
      let count = 0;
      while (this.#rows.length > 0 && count < batchRows) {
        const next = this.#rows.shift()!;
        taken.push(next);
        count += next.size;
      }
      try {
        const today = new Date(now()).toISOString().slice(0, 10);
        if (this.#partitionsOf !== today) await keepPartitions(pool, now(), keepDays);
        this.#partitionsOf = today;
        await writeLoads(
          pool,
          taken.flatMap((loads) => [...loads]),
        );
        this.#rowCount -= count;
        this.figures.rowsWritten += count;
      } catch (error) {
        this.#rows.unshift(...taken);
        log.warn({ err: error, rows: this.#rowCount }, "samples could not be written; they wait");
        return;
      }
    }
  }
}
