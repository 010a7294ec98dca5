import type pg from "pg";
import type { Secrets } from "../controlPlane.ts";
import { StartError } from "../startError.ts";

const settingKey = "secret check";

/**
 * All servers of a database seal with one key: what one keeps, each of them must be able to open when it takes a host
 * over. A server that is alone may begin with a new one.
 * @throws StartError when other servers have another key
 */
export async function checkSharedKey(pool: pg.Pool, secrets: Secrets, serverId: string, dataFolder: string): Promise<void> {
  const mine = JSON.stringify({ sealed: secrets.seal("polyvisor", settingKey).toString("base64") });
  await pool.query("insert into setting (key, value) values ($1, $2) on conflict (key) do nothing", [settingKey, mine]);
  const { rows } = await pool.query<{ value: { sealed: string } }>("select value from setting where key = $1", [settingKey]);
  try {
    secrets.open(Buffer.from(rows[0]!.value.sealed, "base64"), settingKey);
    return;
  } catch {
    // another key
  }
  const others = await pool.query<{ name: string }>("select name from server where id <> $1 order by beat_at desc limit 1", [serverId]);
  const other = others.rows[0];
  if (other)
    throw new StartError(
      `The secret.key in ${dataFolder} is not the one of the other servers on this database (${other.name} is one): this server could not sign in to any host.`,
      "Copy secret.key from another server's data folder, mode 0600. Where no other server exists any more, remove its row: delete from server.",
    );
  await pool.query("update setting set value = $2 where key = $1", [settingKey, mine]);
}
