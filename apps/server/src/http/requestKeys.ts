import { randomUUID } from "node:crypto";
import { PolyvisorError } from "@polyvisor/model";
import type { Logger } from "pino";
import type pg from "pg";
import type { Secrets } from "../controlPlane.ts";
import { otherRequest } from "../tasks/otherRequest.ts";

/** The first answer to a write, as it is repeated. */
export interface KeptAnswer {
  status: number;
  body?: string | undefined;
  etag?: string | undefined;
  location?: string | undefined;
}

/** A write with an Idempotency-Key. */
export interface KeyedRequest {
  account: string;
  key: string;
  route: string;
  /** Hash of all that makes the request what it is. */
  hash: string;
  /** The answer holds a token or code: it is repeated for minutes only. */
  secret: boolean;
  /** What was committed when no answer was: by the id of the object that it changed. */
  answerFor(object: string | undefined): KeptAnswer;
  /** Whether it may be carried out again where nobody knows if it was: its end is the same. */
  repeatable: boolean;
}

/** Writes in the journal's transaction that the request was carried out. */
export type MarkKept = (client: pg.ClientBase, object: string | undefined) => Promise<void>;

export interface RequestKeysOptions {
  pool: pg.Pool;
  secrets: Secrets;
  /** Of this server, the same after a restart. */
  serverId: string;
  log: Logger;
}

interface Row {
  request: Buffer;
  state: "begun" | "kept" | "done";
  holder: string;
  alive: boolean;
  object: string | null;
  answer: Buffer | null;
}

const keepHours = 24;
const keepSecretMinutes = 10;
/** A request whose server was not heard of for so long is nobody's any more. */
const aliveSeconds = 20;
const beatMs = 5_000;
const pruneMs = 600_000;
/** How long a repeat waits for the first. */
const patienceMs = 30_000;
const lookMs = 100;

/**
 * Carries each write with an Idempotency-Key out once, and repeats its answer. A row stands before anything is done
 * (`begun`); what the journal commits marks it in the same transaction (`kept`); then the answer is added (`done`).
 * A refusal did nothing, so it takes the row away again.
 */
export class RequestKeys {
  readonly #options: RequestKeysOptions;
  readonly #holder: string;
  readonly #here = new Map<string, { hash: string; end: Promise<void> }>();
  readonly #timers: NodeJS.Timeout[];

  private constructor(options: RequestKeysOptions) {
    this.#options = options;
    this.#holder = `${options.serverId} ${randomUUID()}`;
    const quietly = (work: () => Promise<unknown>) => () =>
      void work().catch((error: unknown) => options.log.debug({ err: error }, "keys of requests could not be looked after"));
    this.#timers = [
      setInterval(
        quietly(() => this.#beat()),
        beatMs,
      ).unref(),
      setInterval(
        quietly(() => this.prune()),
        pruneMs,
      ).unref(),
    ];
  }

  /** @param options.serverId what a former process of this server had begun is nobody's from now on */
  static async open(options: RequestKeysOptions): Promise<RequestKeys> {
    await options.pool.query("update request_key set alive_until = now() where state <> 'done' and left(holder, $1) = $2", [
      options.serverId.length + 1,
      `${options.serverId} `,
    ]);
    return new RequestKeys(options);
  }

  /**
   * Does `work` once for a key.
   * @throws PolyvisorError `conflict` for a key of another request, `interrupted` where nobody knows whether it was done
   */
  async once(request: KeyedRequest, work: (mark: MarkKept, anew: boolean) => Promise<KeptAnswer>): Promise<{ answer: KeptAnswer; repeated: boolean }> {
    const name = `${request.account} ${request.key}`;
    for (const deadline = performance.now() + patienceMs; ;) {
      const here = this.#here.get(name);
      if (here) {
        if (here.hash !== request.hash) otherRequest(request.key);
        await here.end;
        continue;
      }
      const end = Promise.withResolvers<void>();
      this.#here.set(name, { hash: request.hash, end: end.promise });
      try {
        const found = (await this.#take(request)) ?? (await this.#row(request));
        if (found === "taken" || found === "taken over") return { answer: await this.#carryOut(request, work, found === "taken over"), repeated: false };
        if (found === undefined) continue; // a refusal took it away just now
        const known = this.#answerOf(request, found);
        if (known) return { answer: known, repeated: true };
        if (!found.alive) throw unknown(request.route);
      } finally {
        this.#here.delete(name);
        end.resolve();
      }
      if (performance.now() > deadline)
        throw new PolyvisorError("conflict", {
          detail: "the first request with this key is still being carried out",
          remedy: "Repeat it later, with the same key.",
        });
      await new Promise((resolve) => setTimeout(resolve, lookMs));
    }
  }

  /** The answer of a request that was carried out before; undefined where none was. */
  async before(request: KeyedRequest): Promise<KeptAnswer | undefined> {
    const row = await this.#row(request);
    return row && this.#answerOf(request, row);
  }

  async prune(): Promise<void> {
    await this.#options.pool.query("delete from request_key where expires_at < now()");
  }

  close(): void {
    for (const timer of this.#timers) clearInterval(timer);
  }

  /** @returns undefined where another has the key */
  async #take(request: KeyedRequest): Promise<"taken" | "taken over" | undefined> {
    const values = [request.account, request.key, request.route, this.#seal(request, request.hash), this.#holder, aliveSeconds];
    const fresh = await this.#options.pool.query(
      `insert into request_key (account_id, key, route, request, holder, alive_until, expires_at)
       values ($1, $2, $3, $4, $5, now() + make_interval(secs => $6), now() + make_interval(hours => ${keepHours}))
       on conflict (account_id, key) do update set route = excluded.route, request = excluded.request, state = 'begun', holder = excluded.holder,
         alive_until = excluded.alive_until, object = null, answer = null, expires_at = excluded.expires_at
       where request_key.expires_at < now()`,
      values,
    );
    if (fresh.rowCount === 1) return "taken";
    const row = await this.#row(request);
    if (row?.state !== "begun" || row.alive || !request.repeatable) return undefined;
    const { rowCount } = await this.#options.pool.query(
      `update request_key set holder = $3, alive_until = now() + make_interval(secs => $4)
       where account_id = $1 and key = $2 and state = 'begun' and holder = $5 and alive_until <= now()`,
      [request.account, request.key, this.#holder, aliveSeconds, row.holder],
    );
    return rowCount === 1 ? "taken over" : undefined;
  }

  async #row(request: KeyedRequest): Promise<Row | undefined> {
    const { rows } = await this.#options.pool.query<Row>(
      "select request, state, holder, alive_until > now() as alive, object, answer from request_key where account_id = $1 and key = $2 and expires_at >= now()",
      [request.account, request.key],
    );
    const row = rows[0];
    if (row && this.#open(request, row.request) !== request.hash) otherRequest(request.key);
    return row;
  }

  #answerOf(request: KeyedRequest, row: Row): KeptAnswer | undefined {
    if (row.state === "done" && row.answer) return JSON.parse(this.#open(request, row.answer)) as KeptAnswer;
    return row.state === "kept" && !row.alive ? request.answerFor(row.object ?? undefined) : undefined;
  }

  async #carryOut(request: KeyedRequest, work: (mark: MarkKept, anew: boolean) => Promise<KeptAnswer>, anew: boolean): Promise<KeptAnswer> {
    const { pool, log } = this.#options;
    const mine = [request.account, request.key, this.#holder];
    const mark: MarkKept = async (client, object) => {
      const { rowCount } = await client.query(
        "update request_key set state = 'kept', object = coalesce(object, $4) where account_id = $1 and key = $2 and holder = $3 and state <> 'done'",
        [...mine, object ?? null],
      );
      if (rowCount !== 1) throw new PolyvisorError("conflict", { detail: "another request with the same key was faster" });
    };
    let answer: KeptAnswer;
    try {
      answer = await work(mark, anew);
    } catch (error) {
      const refused = error instanceof PolyvisorError && error.status < 500;
      // What was committed all the same stays: then only its answer is lost.
      await pool
        .query(
          refused
            ? "delete from request_key where account_id = $1 and key = $2 and holder = $3 and state = 'begun'"
            : "update request_key set alive_until = now() where account_id = $1 and key = $2 and holder = $3",
          mine,
        )
        .catch((inner: unknown) => log.debug({ err: inner }, "a key could not be given back"));
      throw error;
    }
    // It is done and will be answered. Where this cannot be kept, a repeat is answered by what it finds.
    await pool
      .query(
        `update request_key set state = 'done', answer = $4${request.secret ? `, expires_at = now() + make_interval(mins => ${keepSecretMinutes})` : ""}
         where account_id = $1 and key = $2 and holder = $3`,
        [...mine, this.#seal(request, JSON.stringify(answer))],
      )
      .catch((error: unknown) => log.warn({ err: error, route: request.route }, "the answer to a request with a key could not be kept"));
    return answer;
  }

  async #beat(): Promise<void> {
    if (this.#here.size === 0) return;
    await this.#options.pool.query(
      "update request_key set alive_until = now() + make_interval(secs => $2) where holder = $1 and state <> 'done' and account_id || ' ' || key = any($3)",
      [this.#holder, aliveSeconds, [...this.#here.keys()]],
    );
  }

  #seal({ account, key }: KeyedRequest, text: string): Buffer {
    return this.#options.secrets.seal(text, `request key ${account} ${key}`);
  }

  #open({ account, key }: KeyedRequest, sealed: Buffer): string {
    return this.#options.secrets.open(sealed, `request key ${account} ${key}`);
  }
}

const unknown = (route: string): PolyvisorError =>
  new PolyvisorError("interrupted", {
    detail: `the server stopped while it carried the first ${route} with this key out, and whether it was done is not known`,
    remedy: "Look whether it is there; then repeat it with a new key if it is still wanted.",
  });
