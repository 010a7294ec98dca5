import { randomBytes } from "node:crypto";
import { firstPrevious, type AuditLine } from "@polyvisor/api";
import { PolyvisorError } from "@polyvisor/model";
import type { Logger } from "pino";
import type pg from "pg";
import { inTransaction } from "../store/inTransaction.ts";
import { archiveAudit, exportAudit, listAudit, type AuditQuery } from "./auditReader.ts";
import { appendAudit, type AuditDraft } from "./appendAudit.ts";
import { openCheckpointKey } from "./checkpointKey.ts";
import { Checkpoints } from "./checkpoints.ts";
import { Coalescer } from "./coalescer.ts";

/** Entries of one transaction, and entries that wait while the database is away; older ones of refusals go first. */
const batchSize = 500;
const mostWaiting = 20_000;
/** How long an answer is held back for its entry. */
const patienceMs = 5_000;

export interface AuditLogOptions {
  pool: pg.Pool;
  dataFolder: string;
  serverId: string;
  log: Logger;
  now?: () => number;
}

interface Waiting {
  draft: AuditDraft;
  at: string;
  kept(): void;
}

/**
 * The audit log of all servers on one database: entries are only ever added, each with the hash of all before it.
 * What the journal commits for a request has its entry in the same transaction (`Draft.audited`); everything else
 * comes here, and as many as are there go into one transaction.
 */
export class AuditLog {
  readonly #options: Required<AuditLogOptions>;
  readonly #waiting: Waiting[] = [];
  readonly #coalescer: Coalescer;
  readonly checkpoints: Checkpoints;
  #running: Promise<void> | undefined;
  #closed = false;
  readonly #stop = new AbortController();
  lost = 0;

  private constructor(options: Required<AuditLogOptions>, checkpoints: Checkpoints) {
    this.#options = options;
    this.checkpoints = checkpoints;
    this.#coalescer = new Coalescer((draft) => void this.#enqueue(draft), options.now);
  }

  /** Opens it, and begins the chain where there is none. */
  static async open(options: AuditLogOptions): Promise<AuditLog> {
    const all = { now: Date.now, ...options };
    const key = await openCheckpointKey(options.dataFolder);
    const chain = randomBytes(12).toString("hex");
    const begun = await options.pool.query("insert into audit_head (chain, seq, hash) values ($1, 0, $2) on conflict do nothing", [chain, firstPrevious]);
    const checkpoints = new Checkpoints({ ...all, key });
    const audit = new AuditLog(all, checkpoints);
    if (begun.rowCount === 1) await audit.record({ action: "chain.begin", outcome: "done", details: { chain } });
    await audit.record({ action: "server.start", outcome: "done", details: { key: key.publicKey } });
    const fault = await checkpoints.check();
    if (fault !== undefined) {
      options.log.error({ fault }, "the audit log is not what this server signed");
      await audit.record({ action: "audit.tampered", outcome: "failed", details: { fault } });
    }
    checkpoints.start();
    return audit;
  }

  /** Resolves when the entry is kept, or after a while: then it is kept as soon as the database answers again. Never rejects. */
  async record(draft: AuditDraft): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    await Promise.race([this.#enqueue(draft), new Promise<void>((resolve) => (timer = setTimeout(resolve, patienceMs)))]);
    clearTimeout(timer);
  }

  /**
   * For what must not happen unseen: nothing may be done before this resolves.
   * @throws PolyvisorError `storeUnavailable` when the entry cannot be kept now
   */
  async must(draft: AuditDraft): Promise<void> {
    const kept = this.#enqueue(draft);
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<true>((resolve) => (timer = setTimeout(() => resolve(true), patienceMs)));
    const isLate = await Promise.race([kept, late]);
    clearTimeout(timer);
    if (isLate === true) throw new PolyvisorError("storeUnavailable", { detail: "this must stand in the audit log, and the database does not take it" });
  }

  /** For what may be repeated without end by who is refused: see `Coalescer`. */
  refused(draft: AuditDraft): void {
    this.#coalescer.take(draft);
  }

  list(query: AuditQuery): ReturnType<typeof listAudit> {
    return listAudit(this.#options.pool, query);
  }

  /** See `exportAudit`. */
  export(): AsyncGenerator<string> {
    return exportAudit(this.#options.pool, this.checkpoints);
  }

  /** See `archiveAudit`. */
  archive(upTo: { seq: number; hash: string }): ReturnType<typeof archiveAudit> {
    return inTransaction(this.#options.pool, (client) => archiveAudit(client, this.checkpoints, upTo));
  }

  /** Writes what is waiting, tells of the stop, and signs where the chain stands. */
  async close(): Promise<void> {
    this.#coalescer.close();
    await this.record({ action: "server.stop", outcome: "done" });
    this.#closed = true;
    this.#stop.abort();
    await this.#running;
    await this.checkpoints.close();
    if (this.#waiting.length > 0) this.#options.log.error({ entries: this.#waiting.length }, "entries of the audit log could not be kept");
  }

  #enqueue(draft: AuditDraft): Promise<void> {
    return new Promise((resolve) => {
      if (this.#waiting.length >= mostWaiting) {
        const refusal = this.#waiting.findIndex((each, i) => i >= batchSize && each.draft.outcome === "refused");
        this.#waiting.splice(refusal < 0 ? batchSize : refusal, 1); // those before are on their way
        this.lost++;
      }
      this.#waiting.push({ draft, at: new Date(this.#options.now()).toISOString(), kept: resolve });
      this.#running ??= this.#drain().finally(() => (this.#running = undefined));
    });
  }

  async #drain(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve)); // what arrives in the same turn goes together
    // The last entry of a batch whose connection may have died behind the commit: it is looked for before it is written again.
    let uncertain: AuditLine | undefined;
    for (let attempt = 0; this.#waiting.length > 0;) {
      const batch = this.#waiting.slice(0, batchSize);
      try {
        if (uncertain === undefined || !(await this.#has(uncertain))) {
          uncertain = undefined;
          await inTransaction(this.#options.pool, async (client) => (uncertain = (await appendAudit(client, batch, this.#options.serverId)).at(-1)));
        }
        uncertain = undefined;
        attempt = 0;
        this.#waiting.splice(0, batch.length);
        for (const each of batch) each.kept();
      } catch (error) {
        if (attempt++ === 0)
          this.#options.log.warn({ err: error, waiting: this.#waiting.length }, "the database did not take entries of the audit log; trying again");
        if (this.#closed) return;
        await this.#pause(Math.min(2_000, 50 * 2 ** Math.min(attempt, 6)));
      }
    }
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#stop.signal.addEventListener("abort", () => (clearTimeout(timer), resolve()), { once: true });
    });
  }

  async #has({ entry, hash }: AuditLine): Promise<boolean> {
    return (await this.#options.pool.query("select 1 from audit_entry where seq = $1 and hash = $2", [entry.seq, hash])).rowCount === 1;
  }
}
