import { stateTable, vmStates, type LoadPoint } from "@polyvisor/model";
import type { Logger } from "pino";
import type pg from "pg";
import type { LoadRow, SamplesReader } from "../controlPlane.ts";
import type { Bits } from "../estate/bits.ts";
import type { Estate } from "../estate/estate.ts";
import { clean } from "../estate/facts.ts";
import { rankOf, type LoadRank } from "../estate/presentLoads.ts";
import type { Hosts } from "../hosts/hosts.ts";
import { LastLoads } from "./lastLoads.ts";
import { readPoints, resolutionFor } from "./readPoints.ts";
import { RollUp } from "./rollUp.ts";
import { SampleWriter } from "./sampleWriter.ts";
import { sampleStorage, type SampleStorage } from "./sampleStorage.ts";
import type { Keep } from "./tiers.ts";

/** An interval that was missed once is bridged, because its counters tell of all of it; what is longer is a gap. */
const longestIntervals = 2.5;
const rollUpEveryMs = 60_000;
/** Objects of which one tick asks whether they are still there. */
const forgetAtOnce = 500;
const activeStates = vmStates.filter((state) => stateTable[state].active);

export interface SamplerOptions {
  hosts: Hosts;
  estate: Estate;
  pool: pg.Pool;
  log: Logger;
  now: () => number;
  /** Milliseconds that no step of the clock touches; the process's own where absent. */
  monotonic?: () => number;
  intervalMs: number;
  /** Rows that all servers together write in a second at most: a larger estate is measured less often. */
  rowsPerSecond: number;
  keep: Keep;
}

/** Measures every connected host once in an interval, spread over it, and keeps what it measured. */
export class Sampler implements SamplesReader {
  readonly #options: SamplerOptions;
  readonly #monotonic: () => number;
  readonly #last = new LastLoads();
  readonly #busy = new Set<string>();
  readonly #writer: SampleWriter;
  readonly #rollUp: RollUp;
  #queue: string[] = [];
  #ticksLeft = 0;
  #forgetting: Generator<void, void, undefined> | undefined;
  #stretch = 1;
  #timers: NodeJS.Timeout[] = [];
  #closed = false;
  #rounds = 0;
  #failures = 0;

  constructor(options: SamplerOptions) {
    this.#options = options;
    this.#monotonic = options.monotonic ?? (() => performance.now());
    this.#writer = new SampleWriter(options);
    this.#rollUp = new RollUp({ ...options, monotonic: this.#monotonic });
  }

  get figures(): { rounds: number; failures: number; rowsWritten: number; refused: number; lost: number; waiting: number; interval: number } {
    return { rounds: this.#rounds, failures: this.#failures, ...this.#writer.figures, waiting: this.#writer.waiting, interval: this.interval() };
  }

  /** Seconds between two measurements of an object, as they are now. */
  interval(): number {
    return (this.#options.intervalMs * this.#stretch) / 1000;
  }

  start(): void {
    const { intervalMs } = this.#options;
    // a tick measures its share of the hosts, so that thousands are not asked in the same moment
    const ticks = Math.max(1, Math.min(100, Math.floor(intervalMs / 100)));
    this.#timers.push(
      setInterval(() => this.#tick(ticks), intervalMs / ticks).unref(),
      setInterval(() => void this.#writer.write(), Math.min(1_000, intervalMs)).unref(),
      setInterval(() => void this.#rollUp.run(), rollUpEveryMs).unref(),
    );
  }

  /** A host has just connected: the first measurement is made at once, so that the next gives rates. */
  connected(hostId: string): void {
    void this.#measure(hostId);
  }

  async history(
    _kind: "vm" | "host",
    id: string,
    query: { from: number; to: number; step?: number | undefined },
  ): Promise<{ step: number; tier: string; points: LoadPoint[] }> {
    const { pool, keep, now } = this.#options;
    const resolution = resolutionFor(query, now(), keep, Math.max(1, Math.round(this.interval())));
    return { step: resolution.step, tier: resolution.tier.name, points: await readPoints(pool, id, query.from, query.to, resolution) };
  }

  storage(): Promise<SampleStorage> {
    const { estate, pool, keep } = this.#options;
    const objects = this.#activeVms() + estate.tables.host.byId.size;
    return sampleStorage(pool, { keep, interval: this.interval(), objects });
  }

  present(kind: "vm" | "host", by: LoadRank, limit: number, within?: Bits): LoadRow[] {
    const { estate } = this.#options;
    const table = estate.tables[kind];
    const since = this.#presentSince();
    const order = (a: LoadRow, b: LoadRow): number => rankOf(b.load, by) - rankOf(a.load, by) || (a.id < b.id ? -1 : 1);
    const rows = (slots: readonly number[]): LoadRow[] => slots.flatMap((slot) => this.#row(kind, table.idOf(slot), since) ?? []).sort(order);
    if (!within) return rows(estate.loads[kind].highest(by, limit, since));
    // Who sees a part is answered by that part alone: how long it takes must not tell of the rest.
    let best: LoadRow[] = [];
    for (const slot of within) {
      const row = this.#row(kind, table.idOf(slot), since);
      if (row && best.push(row) >= limit * 2 + 1_000) best = best.sort(order).slice(0, limit);
    }
    return best.sort(order).slice(0, limit);
  }

  /** Present loads of all objects of a kind. */
  *loads(kind: "vm" | "host"): Generator<LoadRow> {
    const since = this.#presentSince();
    for (const id of this.#last.ids()) {
      const row = this.#row(kind, id, since);
      if (row) yield row;
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const timer of this.#timers) clearInterval(timer);
    await this.#writer.write();
    await this.#rollUp.close();
  }

  #presentSince(): number {
    return this.#options.now() - this.interval() * 3_000;
  }

  /** The load of an object of a kind, where it has a present one. */
  #row(kind: "vm" | "host", id: string, since: number): LoadRow | undefined {
    const { estate } = this.#options;
    const object = estate.get(kind, id);
    const load = object && this.#last.last(id, since);
    if (!load) return undefined;
    if (object.kind === "host") return { id, name: object.name, host: object.name, state: object.connection.state, load };
    if (!stateTable[object.state].active) return undefined;
    return { id, name: object.name, host: estate.get("host", object.hostId)?.name ?? object.hostId, state: object.state, load };
  }

  #activeVms(): number {
    const counts = this.#options.estate.counts();
    return activeStates.reduce((sum, state) => sum + counts[state], 0);
  }

  #tick(ticks: number): void {
    if (this.#ticksLeft === 0) {
      const { estate, hosts, intervalMs, rowsPerSecond } = this.#options;
      this.#rounds++;
      const objects = this.#activeVms() + estate.tables.host.byId.size;
      this.#stretch = Math.max(1, Math.ceil(objects / ((rowsPerSecond * intervalMs) / 1000)));
      estate.keepLoads(this.interval() * 3_000);
      this.#queue = hosts.connected();
      this.#ticksLeft = ticks * this.#stretch;
      this.#forgetting ??= this.#last.forget((id) => estate.get("vm", id) ?? estate.get("host", id));
    }
    // A few of them in each tick: all at once would hold up whoever asks for something meanwhile.
    for (let left = forgetAtOnce; left > 0 && this.#forgetting; left--) if (this.#forgetting.next().done) this.#forgetting = undefined;
    for (const hostId of this.#queue.splice(0, Math.ceil(this.#queue.length / this.#ticksLeft))) void this.#measure(hostId);
    this.#ticksLeft--;
  }

  async #measure(hostId: string): Promise<void> {
    const { hosts, estate, log, now } = this.#options;
    if (this.#busy.has(hostId) || this.#closed) return;
    this.#busy.add(hostId);
    try {
      const connection = hosts.connection(hostId);
      const hypervisor = connection.hypervisor();
      if (!hypervisor.features["host.samples"].supported && !hypervisor.features["vm.samples"].supported) return;
      const intervalMs = this.interval() * 1_000;
      const samples = clean(await hypervisor.samples(AbortSignal.timeout(Math.max(intervalMs, 10_000)))) as Awaited<ReturnType<typeof hypervisor.samples>>;
      connection.lastSeen = now();
      const idOf = (nativeId: string): string | undefined => estate.byNative("vm", hostId, nativeId)?.id;
      const loads = this.#last.take(hostId, samples, idOf, this.#monotonic(), intervalMs * longestIntervals);
      for (const [id, load] of loads) estate.setLoad(id === hostId ? "host" : "vm", id, load);
      this.#writer.add([...loads]);
    } catch (error) {
      this.#failures++;
      log.debug({ host: hostId, err: error }, "a host could not be measured");
    } finally {
      this.#busy.delete(hostId);
    }
  }
}
