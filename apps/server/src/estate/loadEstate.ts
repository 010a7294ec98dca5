import type pg from "pg";
import type { EstateObject } from "../controlPlane.ts";
import type { Estate } from "./estate.ts";

/** Blocks of the table that are read with one statement: 3 MiB, some 2,500 VMs. */
const pageBlocks = 384;
/** Connections that read: while what one brought is read here, the database writes the next page for the other. */
const readers = 2;
/** Milliseconds that the indexes take for themselves between two turns of the loop; an answer takes three or four turns. */
const turnMs = 2;

/**
 * Brings the estate back as it was last committed, while other servers go on writing. The indexes follow
 * by {@link followBehind}; one that is asked for before is made then.
 * @returns id of the last event that it holds: what comes after is not in it, all before is
 */
export async function loadEstate(pool: pg.Pool, estate: Estate): Promise<number> {
  const client = await pool.connect();
  let broken = true;
  try {
    await client.query("begin isolation level repeatable read read only");
    const { rows } = await client.query<{ last: number; snapshot: string }>("select coalesce(max(id), 0) as last, pg_export_snapshot() as snapshot from event");
    const { last, snapshot } = rows[0]!;
    const blocks = await client.query<{ count: number }>("select pg_relation_size('object') / current_setting('block_size')::int as count");
    const pages = pagesOf(Number(blocks.rows[0]!.count));
    for (const table of Object.values(estate.tables)) table.followLater();
    const all = Array.from({ length: readers - 1 }, () => readBeside(pool, snapshot, pages, estate));
    await Promise.all([read(client, pages, estate), ...all]);
    await client.query("commit");
    broken = false;
    return last;
  } finally {
    client.release(broken);
  }
}

/** Blocks of the table, the first and the one behind the last. */
type Page = { from: number; to: number };

/** In the order of the disk. What is behind the last block came after the snapshot and is not in it. */
function* pagesOf(blocks: number): Generator<Page, void, undefined> {
  for (let from = 0; from < blocks; from += pageBlocks) yield { from, to: from + pageBlocks };
}

/** Reads pages over a connection of its own, of the very same moment. */
async function readBeside(pool: pg.Pool, snapshot: string, pages: Iterator<Page>, estate: Estate): Promise<void> {
  const client = await pool.connect();
  let broken = true;
  try {
    await client.query("begin isolation level repeatable read read only");
    await client.query(`set transaction snapshot '${snapshot.replaceAll("'", "")}'`);
    await read(client, pages, estate);
    await client.query("commit");
    broken = false;
  } finally {
    client.release(broken);
  }
}

async function read(client: pg.ClientBase, pages: Iterator<Page>, estate: Estate): Promise<void> {
  for (let page = pages.next(); !page.done; page = pages.next()) {
    const { from, to } = page.value;
    // By the place on the disk, each block once and one after another. In the order of ids, which are random, every row would be
    // a block of its own. As text: the driver would go through each value of each row on its way to JSON.
    const { rows } = await client.query<[doc: string]>({
      name: "load-estate",
      text: "select doc::text from object where ctid >= $1::tid and ctid < $2::tid",
      values: [`(${from},0)`, `(${to},0)`],
      rowMode: "array",
    });
    for (const [doc] of rows) estate.put(JSON.parse(doc) as EstateObject);
  }
}

/** Lets the indexes come up to the objects, a few milliseconds at a time; begun when the server is up. */
export function followBehind(estate: Estate): void {
  const tables = Object.values(estate.tables);
  let following = tables.shift()?.follow();
  const turn = (): void => {
    const until = performance.now() + turnMs;
    while (following && performance.now() < until) if (following.next().done) following = tables.shift()?.follow();
    if (following) setImmediate(turn);
  };
  turn();
}
