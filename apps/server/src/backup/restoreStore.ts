import { once } from "node:events";
import { readFile, rename } from "node:fs/promises";
import path from "node:path";
import { pipeline } from "node:stream/promises";
import type { Logger } from "pino";
import type { Config } from "../config.ts";
import { writeAtomically } from "../files.ts";
import { StartError } from "../startError.ts";
import { schemaName } from "../store/connectionOptions.ts";
import { migrations } from "../store/migrations.ts";
import { readBackup, type BackupHeader, type ReadBackup } from "./backupFile.ts";
import { lastWords } from "./lastWords.ts";
import { openKey } from "./sealedKey.ts";
import { openStoreAccess, type StoreAccess } from "./storeAccess.ts";

export interface RestoreOptions {
  file: string;
  /** Throws away what the store holds. */
  replace: boolean;
  /** Opens the backup's key; `undefined` leaves the data folder's key as it is. Asked for only where the backup has a key. */
  passPhrase: () => Promise<string | undefined>;
}

/** Everything of ours in the schema; the schema itself may be the site's to give. */
const clear = `do $$
declare each record;
begin
  for each in select c.oid::regclass as name, c.relkind as kind from pg_class c where c.relnamespace = '${schemaName}'::regnamespace
    and c.relkind in ('r', 'p', 'v', 'm', 'S') and not c.relispartition
    order by c.relkind = 'S' loop -- a column's own sequence goes with it, and not alone
    if to_regclass(each.name::text) is null then continue; end if;
    execute format('drop %s if exists %s cascade', case each.kind when 'v' then 'view' when 'm' then 'materialized view' when 'S' then 'sequence' else 'table' end, each.name);
  end loop;
  for each in select p.oid::regprocedure as name from pg_proc p where p.pronamespace = '${schemaName}'::regnamespace loop
    execute format('drop routine if exists %s cascade', each.name);
  end loop;
  for each in select t.oid::regtype as name from pg_type t where t.typnamespace = '${schemaName}'::regnamespace and t.typtype in ('e', 'd') loop
    execute format('drop type if exists %s cascade', each.name);
  end loop;
end $$;
`;

/**
 * Brings a store back from a backup, all of it or nothing: one transaction. No server may run on the data folder or the database.
 * @returns what the backup says of itself, and rows by table
 * @throws StartError with what to do
 */
export async function restoreStore(
  config: Config,
  options: RestoreOptions,
  log: Logger,
): Promise<{ header: BackupHeader; rows: Record<string, number>; withKey: boolean }> {
  const backup = await readBackup(options.file);
  const { header } = backup;
  const known = migrations.at(-1)?.version ?? 0;
  if (!Number.isInteger(header.schema) || header.schema > known)
    throw new StartError(
      `The backup is of Polyvisor ${header.version} (tables of version ${header.schema}); this one knows tables up to version ${known}.`,
      `Restore it with Polyvisor ${header.version} or newer.`,
    );
  const passPhrase = header.key === undefined ? undefined : await options.passPhrase();
  const key = header.key === undefined || passPhrase === undefined ? undefined : openKey(header.key, passPhrase);
  const access = await openStoreAccess(config, true, log);
  try {
    const sessions = await access.query(
      "select 1 from pg_stat_activity where datname = current_database() and application_name = 'polyvisor' and pid <> pg_backend_pid()",
    );
    if (sessions.length > 0) throw new StartError("A Polyvisor server uses this database.", "Stop every server of it first; nothing was changed.");
    const tables = await access.query(`select 1 from pg_class where relnamespace = to_regnamespace('${schemaName}') and relkind in ('r', 'p') limit 1`);
    if (tables.length > 0 && !options.replace)
      throw new StartError("The store is not empty.", "Give an empty database or data folder; or --replace, which throws away what is there.");
    await load(access, backup);
    if (key !== undefined) await keepKey(config.dataFolder, key);
    await putAside(config.dataFolder, "audit-checkpoint.json");
    return { header, rows: await countRows(access), withKey: key !== undefined };
  } finally {
    await access.close();
  }
}

/** The transaction is committed only after the whole dump has become SQL; everything else undoes it. */
async function load(access: StoreAccess, backup: ReadBackup): Promise<void> {
  const psql = access.psql();
  const restore = access.restore(`--schema=${schemaName}`, "--no-owner", "--no-privileges", "--exit-on-error");
  const [psqlSaid, restoreSaid] = [lastWords(psql.stderr), lastWords(restore.stderr)];
  const [psqlEnded, restoreEnded] = [once(psql, "close"), once(restore, "close")];
  // Whoever ends early breaks the pipes; why it ended is said by its status and words.
  for (const stream of [psql.stdin, restore.stdin, restore.stdout]) stream.on("error", () => undefined);
  psql.stdin.write(`begin;\ncreate schema if not exists ${schemaName};\n${clear}`);
  const fed = pipeline(backup.dump(), restore.stdin).catch(() => undefined);
  const taken = pipeline(restore.stdout, psql.stdin, { end: false }).catch(() => restore.kill());
  await Promise.all([fed, taken]);
  const [restored] = (await restoreEnded) as [number | null];
  if (restored === 0) psql.stdin.end("\ncommit;\n");
  else psql.kill("SIGKILL"); // its transaction goes with it
  const [loaded] = (await psqlEnded) as [number | null];
  if (loaded !== 0 || restored !== 0) {
    const why = loaded !== null && loaded !== 0 ? psqlSaid() : restoreSaid();
    throw new StartError(`The backup could not be restored: ${why}`, "Correct what is named; the store is as it was before.");
  }
}

async function keepKey(folder: string, key: Buffer): Promise<void> {
  const file = path.join(folder, "secret.key");
  const before = await readFile(file).catch(() => undefined);
  if (before?.equals(key)) return;
  if (before !== undefined) await rename(file, `${file}.before-restore`);
  await writeAtomically(file, key, 0o600);
}

/**
 * What the data folder remembers of the end of the audit log is of the store that was there: against the restored one it would
 * speak of a forged log for ever. It stays beside, as evidence of what was.
 */
async function putAside(folder: string, name: string): Promise<void> {
  const file = path.join(folder, name);
  await rename(file, `${file}.before-restore`).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "ENOENT") throw error;
  });
}

async function countRows(access: StoreAccess): Promise<Record<string, number>> {
  const names = await access.query(
    `select relname from pg_class where relnamespace = '${schemaName}'::regnamespace and relkind in ('r', 'p') and not relispartition order by 1`,
  );
  const rows: Record<string, number> = {};
  for (const name of names) rows[name] = Number((await access.query(`select count(*) from ${schemaName}."${name}"`))[0]);
  return rows;
}
