import type { AuditDraft } from "./appendAudit.ts";

const windowMs = 60_000;
/** Different ones in a window, of who is not signed in and of who is; what comes above that is told together, without its address. */
const mostUnknown = 128;
const mostKnown = 2_000;

interface Repeated {
  draft: AuditDraft;
  times: number;
  since: string;
}

/**
 * Keeps what is refused over and over from filling the disk: of the same refusal the first in a minute is an entry at
 * once, the rest of that minute is one entry with their number. However many addresses take part, who is not signed
 * in makes at most 260 entries in a minute.
 */
export class Coalescer {
  readonly #seen = { unknown: new Map<string, Repeated>(), known: new Map<string, Repeated>() };
  readonly #record: (draft: AuditDraft) => void;
  readonly #now: () => number;
  readonly #timer: NodeJS.Timeout;

  constructor(record: (draft: AuditDraft) => void, now: () => number) {
    this.#record = record;
    this.#now = now;
    this.#timer = setInterval(() => this.flush(), windowMs).unref();
  }

  take(draft: AuditDraft): void {
    const seen = draft.by === undefined ? this.#seen.unknown : this.#seen.known;
    let key = JSON.stringify([draft.action, draft.outcome, draft.code, draft.from, draft.by, draft.by === undefined ? "" : draft.object]);
    let told = draft;
    if (!seen.has(key) && seen.size >= (draft.by === undefined ? mostUnknown : mostKnown)) {
      told = { action: "*", outcome: draft.outcome, code: draft.code, details: { many: true } };
      key = `* ${draft.outcome} ${draft.code}`;
    }
    const before = seen.get(key);
    if (before) {
      before.times++;
      return;
    }
    seen.set(key, { draft: told, times: 0, since: new Date(this.#now()).toISOString() });
    this.#record(told);
  }

  /** Tells of what was repeated, and begins anew. */
  flush(): void {
    for (const seen of Object.values(this.#seen)) {
      for (const { draft, times, since } of seen.values()) {
        if (times === 0) continue;
        const { request: _request, ...rest } = draft;
        this.#record({ ...rest, times, since });
      }
      seen.clear();
    }
  }

  close(): void {
    clearInterval(this.#timer);
    this.flush();
  }
}
