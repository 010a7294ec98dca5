import type pg from "pg";
import type { Credential, Secrets } from "../controlPlane.ts";
import type { Draft } from "../events/draft.ts";

/** What hosts are signed in to with: sealed in the store, opened only to connect. */
export class Credentials {
  readonly #pool: pg.Pool;
  readonly #secrets: Secrets;

  constructor(pool: pg.Pool, secrets: Secrets) {
    this.#pool = pool;
    this.#secrets = secrets;
  }

  /** @throws PolyvisorError `internal` when it was sealed with another key */
  async of(hostId: string): Promise<Credential | undefined> {
    const { rows } = await this.#pool.query<{ sealed: Buffer }>("select sealed from credential where host_id = $1", [hostId]);
    return rows[0] && (JSON.parse(this.#secrets.open(rows[0].sealed, hostId)) as Credential);
  }

  /** In the transaction of the draft. */
  keep(draft: Draft, hostId: string, credential: Credential): void {
    const sealed = this.#secrets.seal(JSON.stringify(credential), hostId);
    draft.also((client) =>
      client.query("insert into credential (host_id, sealed) values ($1, $2) on conflict (host_id) do update set sealed = excluded.sealed", [hostId, sealed]),
    );
  }

  /** In the transaction of the draft. */
  forget(draft: Draft, hostId: string): void {
    draft.also((client) => client.query("delete from credential where host_id = $1", [hostId]));
  }
}
