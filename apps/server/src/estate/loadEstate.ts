import type pg from "pg";
import type { EstateObject } from "../controlPlane.ts";
import type { Estate } from "./estate.ts";

const pageSize = 2_000;

/** Brings the estate back as it was last committed. */
export async function loadEstate(pool: pg.Pool, estate: Estate): Promise<void> {
  let after = "";
  for (;;) {
    const { rows } = await pool.query<{ id: string; doc: EstateObject }>({
      name: "load-estate",
      text: "select id, doc from object where id > $1 order by id limit $2",
      values: [after, pageSize],
    });
    for (const { doc } of rows) estate.put(doc);
    if (rows.length < pageSize) return;
    after = rows.at(-1)!.id;
  }
}
