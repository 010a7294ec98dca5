import type pg from "pg";
import type { EstateObject } from "../controlPlane.ts";
import type { Estate } from "./estate.ts";

const pageSize = 2_000;

/**
 * Brings the estate back as it was last committed, while other servers go on writing.
 * @returns id of the last event that it holds: what comes after is not in it, all before is
 */
export async function loadEstate(pool: pg.Pool, estate: Estate): Promise<number> {
  const client = await pool.connect();
  let broken = true;
  try {
    await client.query("begin isolation level repeatable read read only");
    const { rows: events } = await client.query<{ last: number }>("select coalesce(max(id), 0) as last from event");
    for (let after = ""; ;) {
      const { rows } = await client.query<{ id: string; doc: EstateObject }>({
        name: "load-estate",
        text: "select id, doc from object where id > $1 order by id limit $2",
        values: [after, pageSize],
      });
      for (const { doc } of rows) estate.put(doc);
      if (rows.length < pageSize) break;
      after = rows.at(-1)!.id;
    }
    await client.query("commit");
    broken = false;
    return events[0]!.last;
  } finally {
    client.release(broken);
  }
}
