import type pg from "pg";
import type { Credential, Secrets } from "../controlPlane.ts";
import type { Draft } from "../events/draft.ts";

/** What is kept to connect to a host: what it is signed in to with, and by which SSH key it is known. */
export type HostKeys = Partial<Credential> & { fingerprint?: string };

/** The part of a request that is kept here; undefined where there is none. */
export function hostKeysOf({ credential, fingerprint }: { credential?: Credential | undefined; fingerprint?: string | undefined }): HostKeys | undefined {
  if (credential === undefined && fingerprint === undefined) return undefined;
  return { ...credential, ...(fingerprint === undefined ? {} : { fingerprint }) };
}

/** What hosts are signed in to with: sealed in the store, opened only to connect. */
export class Credentials {
  readonly #pool: pg.Pool;
  readonly #secrets: Secrets;

  constructor(pool: pg.Pool, secrets: Secrets) {
    this.#pool = pool;
    this.#secrets = secrets;
  }

  /** @throws PolyvisorError `internal` when it was sealed with another key */
  async of(hostId: string): Promise<HostKeys | undefined> {
    const { rows } = await this.#pool.query<{ sealed: Buffer }>("select sealed from credential where host_id = $1", [hostId]);
    return rows[0] && this.#opened(rows[0].sealed, hostId);
  }

  /** In the transaction of the draft. What is not given stays as it was. */
  keep(draft: Draft, hostId: string, keys: HostKeys): void {
    draft.also(async (client) => {
      const { rows } = await client.query<{ sealed: Buffer }>("select sealed from credential where host_id = $1 for update", [hostId]);
      const before = rows[0] && this.#readable(rows[0].sealed, hostId);
      const sealed = this.#secrets.seal(JSON.stringify({ ...before, ...keys }), hostId);
      return client.query("insert into credential (host_id, sealed) values ($1, $2) on conflict (host_id) do update set sealed = excluded.sealed", [
        hostId,
        sealed,
      ]);
    }, true);
  }

  #opened(sealed: Buffer, hostId: string): HostKeys {
    return JSON.parse(this.#secrets.open(sealed, hostId)) as HostKeys;
  }

  /** What was sealed with a key that is gone is no reason to refuse what takes its place. */
  #readable(sealed: Buffer, hostId: string): HostKeys | undefined {
    try {
      return this.#opened(sealed, hostId);
    } catch {
      return undefined;
    }
  }

  /** In the transaction of the draft. */
  forget(draft: Draft, hostId: string): void {
    draft.also((client) => client.query("delete from credential where host_id = $1", [hostId]));
  }
}
