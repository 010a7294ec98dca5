import type { AuditCheckpoint, AuditEntry } from "./auditEntry.ts";
import { canonicalJson } from "./canonicalJson.ts";

/** What hashes and checks signatures; this room has none of its own. */
export interface AuditCrypto {
  /** SHA-256 of the text in UTF-8, in hexadecimal. */
  sha256(text: string): string;
  /** Whether it is the Ed25519 signature of the text by the key (32 bytes in base64). */
  verify(key: string, text: string, signature: string): boolean;
}

/** What the first entry of a chain follows. */
export const firstPrevious = "0".repeat(64);

/** The text whose SHA-256 is an entry's hash. */
export const hashedText = (previous: string, entry: AuditEntry): string => `${previous}\n${canonicalJson(entry)}`;

/** The text that a checkpoint's signature is over. */
export function signedText(checkpoint: Omit<AuditCheckpoint, "signature">): string {
  const { signature: _signature, ...rest } = checkpoint as AuditCheckpoint;
  return `polyvisor audit log checkpoint\n${canonicalJson(rest)}`;
}

export interface AuditFault {
  /** Number of the entry, or of the line of the file where it has none. */
  at: string;
  what: string;
}

export interface AuditVerdict {
  ok: boolean;
  entries: number;
  first?: number;
  last?: number;
  checkpoints: number;
  /** Public keys that signed. */
  keys: string[];
  /** At most 20: behind the first one nothing is certain. */
  faults: AuditFault[];
}

export interface VerifyOptions {
  crypto: AuditCrypto;
  /** Checkpoints that were kept elsewhere: the chain must go through each that is not before its beginning. */
  kept?: readonly AuditCheckpoint[];
  /** The only keys that are trusted; any where absent. */
  keys?: readonly string[];
}

const most = 20;

/**
 * Checks an export line by line in constant memory. The first line is the root: what the first entry follows. Then
 * entries and checkpoints; the last line is a checkpoint. Every line must be in canonical form, so that not one byte
 * of the file can differ unseen.
 */
export class ChainVerifier {
  readonly #options: VerifyOptions;
  readonly #faults: AuditFault[] = [];
  readonly #keys = new Set<string>();
  readonly #kept: AuditCheckpoint[];
  #line = 0;
  #chain: string | undefined;
  #seq = 0;
  #hash = firstPrevious;
  #first: number | undefined;
  #entries = 0;
  #checkpoints = 0;
  #closed = false;

  constructor(options: VerifyOptions) {
    this.#options = options;
    this.#kept = [...(options.kept ?? [])].sort((a, b) => a.seq - b.seq);
  }

  line(text: string): void {
    this.#line++;
    let value: Record<string, unknown>;
    try {
      value = JSON.parse(text) as Record<string, unknown>;
      if (canonicalJson(value) !== text) return this.#fault(`line ${this.#line}`, "it is not in the form in which it was exported");
    } catch {
      return this.#fault(`line ${this.#line}`, "it is not JSON as it was exported");
    }
    const keys = value === null || typeof value !== "object" ? "" : Object.keys(value).join(" ");
    if (this.#line === 1) {
      if (keys === "root") this.#root(value["root"] as Root);
      else this.#fault("line 1", "an export begins with its root");
    } else if (keys === "entry hash") this.#entry(value["entry"] as AuditEntry, value["hash"]);
    else if (keys === "checkpoint") this.#checkpoint(value["checkpoint"] as AuditCheckpoint);
    else this.#fault(`line ${this.#line}`, "it is neither an entry nor a checkpoint");
  }

  end(): AuditVerdict {
    if (this.#line === 0) this.#fault("line 1", "there is nothing");
    else if (!this.#closed) this.#fault(`entry ${this.#seq}`, "no checkpoint stands behind the last entry: the end may have been cut off");
    for (const kept of this.#kept) {
      if (kept.seq > this.#seq)
        this.#fault(`entry ${kept.seq}`, `it is gone: a kept checkpoint says that there were ${kept.seq} entries, and here they end at ${this.#seq}`);
    }
    const verdict: AuditVerdict = {
      ok: this.#faults.length === 0,
      entries: this.#entries,
      checkpoints: this.#checkpoints,
      keys: [...this.#keys],
      faults: this.#faults.slice(0, most),
    };
    if (this.#first !== undefined) Object.assign(verdict, { first: this.#first, last: this.#seq });
    return verdict;
  }

  #root(root: Root): void {
    if (typeof root !== "object" || root === null || typeof root.chain !== "string" || !Number.isSafeInteger(root.seq) || typeof root.hash !== "string")
      return this.#fault("line 1", "the root is not complete");
    this.#chain = root.chain;
    this.#seq = root.seq;
    this.#hash = root.hash;
    if (root.seq === 0 && root.hash !== firstPrevious) this.#fault("line 1", "the root is not that of a beginning");
    if (root.checkpoint !== undefined) this.#signed(root.checkpoint, "line 1");
    else if (root.seq !== 0) this.#fault("line 1", "the beginning was taken away and no checkpoint vouches for it");
    this.#passKept();
  }

  #entry(entry: AuditEntry, hash: unknown): void {
    this.#closed = false;
    this.#entries++;
    const name = `entry ${String(entry?.seq)}`;
    if (entry === null || typeof entry !== "object" || entry.seq !== this.#seq + 1) {
      this.#fault(name, `entry ${this.#seq + 1} should stand here: entries were removed, added or put in another order`);
    } else if (this.#options.crypto.sha256(hashedText(this.#hash, entry)) !== hash) {
      this.#fault(name, "it was changed, or the one before it was");
    } else if (entry.seq === 1 && entry.details?.["chain"] !== this.#chain) this.#fault(name, "it begins another chain");
    this.#seq = Number.isSafeInteger(entry?.seq) ? entry.seq : this.#seq + 1;
    this.#hash = String(hash);
    this.#first ??= this.#seq;
    this.#passKept();
  }

  #checkpoint(checkpoint: AuditCheckpoint): void {
    this.#checkpoints++;
    this.#closed = true;
    this.#signed(checkpoint, `line ${this.#line}`);
  }

  /** A checkpoint of the file itself, for where we are. */
  #signed(checkpoint: AuditCheckpoint, at: string): void {
    const faults = checkpointFaults(checkpoint, this.#options);
    for (const what of faults) this.#fault(at, what);
    if (faults.length > 0) return;
    this.#keys.add(checkpoint.key);
    if (checkpoint.chain !== this.#chain) this.#fault(at, "the checkpoint is of another chain");
    if (checkpoint.seq !== this.#seq || checkpoint.hash !== this.#hash) this.#fault(at, `what stands here as entry ${this.#seq} is not what the server signed`);
  }

  #passKept(): void {
    while (this.#kept[0] && this.#kept[0].seq <= this.#seq) {
      const kept = this.#kept.shift()!;
      const faults = checkpointFaults(kept, this.#options);
      for (const what of faults) this.#fault(`kept checkpoint ${kept.seq}`, what);
      if (faults.length > 0) continue;
      if (kept.chain !== this.#chain) this.#fault(`kept checkpoint ${kept.seq}`, "it is of another chain");
      else if (kept.seq === this.#seq && kept.hash !== this.#hash)
        this.#fault(`entry ${kept.seq}`, "it is not what it was when the kept checkpoint was signed");
    }
  }

  #fault(at: string, what: string): void {
    if (this.#faults.length < most) this.#faults.push({ at, what });
  }
}

interface Root {
  chain: string;
  seq: number;
  hash: string;
  checkpoint?: AuditCheckpoint;
}

/** What is wrong with a checkpoint by itself. */
export function checkpointFaults(checkpoint: AuditCheckpoint, options: VerifyOptions): string[] {
  const { key, signature } = checkpoint ?? {};
  if (typeof key !== "string" || typeof signature !== "string") return ["the checkpoint is not complete"];
  if (options.keys && !options.keys.includes(key)) return [`the checkpoint is signed by ${key}, which is not a key that was given`];
  let good = false;
  try {
    good = options.crypto.verify(key, signedText(checkpoint), signature);
  } catch {
    // not a key, or not JSON: not a signature
  }
  return good ? [] : ["the checkpoint's signature is wrong: it was changed after it was signed"];
}
