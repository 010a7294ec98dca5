import type pg from "pg";
import { standInLine } from "../events/writeBatch.ts";
import type { Held, LeaseStore } from "./leases.ts";
import type { Sign } from "./term.ts";

/** Told when hosts or tasks can be taken, or a step waits for the holder of its host. */
export const clusterChannel = "polyvisor_cluster";

/** One process of one server. */
export interface Incarnation {
  serverId: string;
  /** Made anew at each start. */
  incarnation: string;
}

/**
 * Leases in PostgreSQL. What is taken from a dead server is taken under the lock of its row, which its next beat needs
 * too: either it is known to live, or it finds out when it wakes up. Takers stand in line with writers of events, so
 * that no batch is half-way through when a host changes hands.
 */
export class LeaseRows implements LeaseStore {
  readonly #pool: pg.Pool;
  readonly #me: Incarnation;

  constructor(pool: pg.Pool, me: Incarnation) {
    this.#pool = pool;
    this.#me = me;
  }

  /** Takes the place of a former process of this server; what that held is held on, under new numbers. */
  async enter(facts: { name: string; url: string; version: string }): Promise<void> {
    const { serverId, incarnation } = this.#me;
    await this.#transact(async (client) => {
      await client.query(
        `insert into server (id, incarnation, name, url, version) values ($1, $2, $3, $4, $5)
         on conflict (id) do update set incarnation = excluded.incarnation, name = excluded.name, url = excluded.url, version = excluded.version,
           beat = server.beat + 1, started_at = now(), beat_at = now()`,
        [serverId, incarnation, facts.name, facts.url, facts.version],
      );
      await client.query("update lease set fence = fence + 1 where server_id = $1", [serverId]);
      await client.query("update task set fence = fence + 1 where owner = $1 and state in ('queued', 'running')", [serverId]);
    });
  }

  async beat(): Promise<Sign[] | undefined> {
    const { rows } = await this.#pool.query<{ id: string; mark: string; mine: boolean }>(
      `with mine as (update server set beat = beat + 1, beat_at = clock_timestamp() where id = $1 and incarnation = $2 returning id)
       select server.id, incarnation || ' ' || beat as mark, mine.id is not null as mine from server left join mine using (id)`,
      [this.#me.serverId, this.#me.incarnation],
    );
    return rows.some(({ mine }) => mine) ? rows.map(({ id, mark }) => ({ id, mark })) : undefined;
  }

  async own(): Promise<Held[]> {
    const { rows } = await this.#pool.query<Held>('select host_id as "hostId", fence from lease where server_id = $1', [this.#me.serverId]);
    return rows;
  }

  claim(hostIds: readonly string[], dead: readonly Sign[]): Promise<Held[]> {
    return this.#transact(async (client) => {
      const gone = await stillDead(client, dead);
      const { rows } = await client.query<Held>(
        `insert into lease (host_id, server_id)
         select wish.id, $2 from unnest($1::text[]) as wish(id) left join lease on lease.host_id = wish.id left join server on server.id = lease.server_id
         where (lease.server_id is null or server.id is null or server.id = any($4))
           and exists (select from server where id = $2 and incarnation = $3) and exists (select from object where id = wish.id)
         on conflict (host_id) do update set server_id = excluded.server_id, fence = lease.fence + 1
         returning host_id as "hostId", fence`,
        [hostIds, this.#me.serverId, this.#me.incarnation, gone],
      );
      return rows;
    });
  }

  async release(claims: readonly Held[]): Promise<void> {
    if (claims.length === 0) return;
    await this.#pool.query(
      `update lease set server_id = null from unnest($1::text[], $2::bigint[]) as f(id, fence)
       where lease.host_id = f.id and lease.fence = f.fence and lease.server_id = $3`,
      [claims.map(({ hostId }) => hostId), claims.map(({ fence }) => fence), this.#me.serverId],
    );
    await this.notify("hosts");
  }

  /** Takes open tasks of servers that are dead or gone. @returns their ids */
  async claimTasks(dead: readonly Sign[]): Promise<string[]> {
    const orphaned = await this.#pool.query<{ owner: string | null }>(
      "select distinct owner from task left join server on server.id = task.owner where state in ('queued', 'running') and owner is distinct from $1 and (server.id is null or server.id = any($2))",
      [this.#me.serverId, dead.map(({ id }) => id)],
    );
    if (orphaned.rows.length === 0) return [];
    return await this.#transact(async (client) => {
      const gone = await stillDead(client, dead);
      const { rows } = await client.query<{ id: string }>(
        `update task set owner = $1, fence = task.fence + 1
         where state in ('queued', 'running') and owner is distinct from $1 and (owner is null or owner = any($3) or not exists (select from server where server.id = task.owner))
           and exists (select from server where id = $1 and incarnation = $2)
         returning id`,
        [this.#me.serverId, this.#me.incarnation, gone],
      );
      return rows.map(({ id }) => id);
    });
  }

  /** The server leaves: the others need not wait until it is dead. */
  async leave(): Promise<void> {
    await this.#pool.query("delete from server where id = $1 and incarnation = $2", [this.#me.serverId, this.#me.incarnation]);
    await this.notify("left");
  }

  /**
   * Takes out servers that do not come back: dead by this server's own clock, still without a sign of life, and for a
   * day by the database's. One that does come back is told that it has no place any more, and comes in anew.
   * @returns their names
   */
  async forgetGone(dead: readonly Sign[]): Promise<string[]> {
    if (dead.length === 0) return [];
    const { rows } = await this.#pool.query<{ name: string }>(
      `delete from server where (id, incarnation || ' ' || beat) in (select * from unnest($1::text[], $2::text[])) and id <> $3
         and beat_at < clock_timestamp() - interval '1 day'
         and not exists (select from lease where lease.server_id = server.id)
         and not exists (select from task where task.owner = server.id and task.state in ('queued', 'running'))
       returning name`,
      [dead.map(({ id }) => id), dead.map(({ mark }) => mark), this.#me.serverId],
    );
    return rows.map(({ name }) => name);
  }

  async notify(what: string): Promise<void> {
    await this.#pool.query("select pg_notify($1, $2)", [clusterChannel, `${this.#me.serverId} ${what}`]);
  }

  async #transact<T>(work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
    const client = await this.#pool.connect();
    let broken = true;
    try {
      await client.query(standInLine);
      const result = await work(client);
      await client.query("commit");
      broken = false;
      return result;
    } finally {
      client.release(broken);
    }
  }
}

/** Those that gave no sign since; their rows are locked until the transaction ends, so that they cannot meanwhile. */
async function stillDead(client: pg.ClientBase, dead: readonly Sign[]): Promise<string[]> {
  if (dead.length === 0) return [];
  const { rows } = await client.query<{ id: string }>(
    "select id from server where (id, incarnation || ' ' || beat) in (select * from unnest($1::text[], $2::text[])) order by id for update",
    [dead.map(({ id }) => id), dead.map(({ mark }) => mark)],
  );
  return rows.map(({ id }) => id);
}
