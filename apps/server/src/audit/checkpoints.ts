import { readFile } from "node:fs/promises";
import path from "node:path";
import type { AuditCheckpoint } from "@polyvisor/api";
import { PolyvisorError } from "@polyvisor/model";
import type { Logger } from "pino";
import type pg from "pg";
import { writeAtomically } from "../files.ts";
import type { AuditHead } from "./appendAudit.ts";
import type { CheckpointKey } from "./checkpointKey.ts";

const lookEveryMs = 60_000;
const longestMs = 10 * 60_000;
const mostEntries = 1_000;

export interface CheckpointsOptions {
  pool: pg.Pool;
  key: CheckpointKey;
  dataFolder: string;
  serverId: string;
  log: Logger;
  now(): number;
}

/**
 * Signs where the chain stands: every 1,000 entries, every 10 minutes where anything was added, and at a stop. The
 * latest is kept in the data folder too: who has only the database cannot make the chain another one unseen.
 */
export class Checkpoints {
  readonly #options: CheckpointsOptions;
  readonly #file: string;
  #last: AuditCheckpoint | undefined;
  #signedAt = 0;
  #timer: NodeJS.Timeout | undefined;
  #signing: Promise<AuditCheckpoint> | undefined;

  constructor(options: CheckpointsOptions) {
    this.#options = options;
    this.#file = path.join(options.dataFolder, "audit-checkpoint.json");
  }

  get publicKey(): string {
    return this.#options.key.publicKey;
  }

  /** Compares the chain with what this server signed last. @returns what is wrong with it */
  async check(): Promise<string | undefined> {
    try {
      this.#last = JSON.parse(await readFile(this.#file, "utf8")) as AuditCheckpoint;
    } catch {
      return undefined; // none was signed yet
    }
    return this.#fault(this.#last);
  }

  start(): void {
    this.#timer = setInterval(
      () => void this.#look().catch((error: unknown) => this.#options.log.warn({ err: error }, "no checkpoint could be signed")),
      lookEveryMs,
    ).unref();
  }

  /** Signs where the chain stands now. @throws PolyvisorError `conflict` when it is not the one that was signed before */
  sign(): Promise<AuditCheckpoint> {
    this.#signing ??= this.#sign().finally(() => (this.#signing = undefined));
    return this.#signing;
  }

  /** Signs an entry that is known to be the one, without keeping it: for the root of what stays behind an archive. */
  signAt(place: AuditHead): AuditCheckpoint {
    const { key, serverId, now } = this.#options;
    return key.sign({ ...place, at: new Date(now()).toISOString(), server: serverId });
  }

  /** Checkpoints behind an entry, of every server, in their order. */
  async after(seq: number, limit: number): Promise<AuditCheckpoint[]> {
    const { rows } = await this.#options.pool.query<{ body: AuditCheckpoint }>(
      "select body from audit_checkpoint where seq > $1 order by seq, server limit $2",
      [seq, limit],
    );
    return rows.map((row) => row.body);
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.sign().catch((error: unknown) => this.#options.log.warn({ err: error }, "no checkpoint could be signed at the stop"));
  }

  async #look(): Promise<void> {
    const { rows } = await this.#options.pool.query<AuditHead>("select seq from audit_head");
    const news = rows[0]!.seq - (this.#last?.seq ?? 0);
    if (news >= mostEntries || (news > 0 && this.#options.now() - this.#signedAt >= longestMs)) await this.sign();
  }

  async #sign(): Promise<AuditCheckpoint> {
    const { pool, key, serverId, now } = this.#options;
    const fault = this.#last && (await this.#fault(this.#last));
    if (fault !== undefined)
      throw new PolyvisorError("conflict", {
        detail: `the audit log is not what this server signed: ${fault}`,
        remedy: "Find out who changed the database. `polyvisor audit-log verify --checkpoint FILE` with a checkpoint that was kept elsewhere says where.",
      });
    const { rows } = await pool.query<AuditHead>("select chain, seq, hash from audit_head");
    const { chain, seq, hash } = rows[0]!;
    const at = new Date(now()).toISOString();
    if (this.#last?.seq === seq) return this.#last;
    const checkpoint = key.sign({ chain, seq, hash, at, server: serverId });
    await pool.query("insert into audit_checkpoint (seq, server, body) values ($1, $2, $3) on conflict do nothing", [
      seq,
      serverId,
      JSON.stringify(checkpoint),
    ]);
    await writeAtomically(this.#file, `${JSON.stringify(checkpoint)}\n`, 0o600);
    this.#last = checkpoint;
    this.#signedAt = now();
    return checkpoint;
  }

  async #fault({ chain, seq, hash }: AuditCheckpoint): Promise<string | undefined> {
    const { rows } = await this.#options.pool.query<{ chain: string; last: number; root: number; hash: string | null }>(
      "select chain, seq as last, coalesce((root ->> 'seq')::bigint, 0) as root, (select hash from audit_entry where audit_entry.seq = $1) as hash from audit_head",
      [seq],
    );
    const now = rows[0]!;
    if (now.chain !== chain) return `the chain is ${now.chain}, and was ${chain}`;
    if (now.last < seq) return `it ends at entry ${now.last}, and had ${seq}`;
    if (now.hash !== hash && now.root < seq) return `entry ${seq} is not what it was`;
    return undefined;
  }
}
