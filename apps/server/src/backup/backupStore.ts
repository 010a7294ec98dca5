import { once } from "node:events";
import { open, readFile, rename, rm, stat } from "node:fs/promises";
import path from "node:path";
import type { Logger } from "pino";
import type { Config } from "../config.ts";
import { StartError } from "../startError.ts";
import { version } from "../startServer.ts";
import { schemaName } from "../store/connectionOptions.ts";
import { writeBackup, type BackupHeader } from "./backupFile.ts";
import { lastWords } from "./lastWords.ts";
import { sealKey } from "./sealedKey.ts";
import { openStoreAccess, type StoreAccess } from "./storeAccess.ts";

export interface BackupOptions {
  /** Must not be there, unless `force`. */
  file: string;
  force: boolean;
  /** Seals secret.key; the key is left out where absent. */
  passPhrase: string | undefined;
}

export interface BackupMade extends Omit<BackupHeader, "key"> {
  size: number;
  withKey: boolean;
}

/**
 * Writes the store, as it is at one moment, to a file that is whole or not there. A server may run meanwhile.
 * @throws StartError with what to do
 */
export async function backupStore(config: Config, { file, force, passPhrase }: BackupOptions, log: Logger): Promise<BackupMade> {
  if (!force && (await stat(file).catch(() => undefined))) throw new StartError(`${file} is there already.`, "Give another name, or --force to write over it.");
  const key = passPhrase === undefined ? undefined : await secretKey(config.dataFolder);
  const access = await openStoreAccess(config, false, log);
  const beside = `${file}.${process.pid}.new`;
  try {
    const [schema] = await access.query(`select max(version) from ${schemaName}.migration`).catch((error: unknown) => {
      throw new StartError("There is no store to back up in this database.", "Start the server once, or name the right --data DIR or --database URL.", {
        cause: error,
      });
    });
    const [postgres] = await access.query("show server_version");
    const header: BackupHeader = {
      made: new Date().toISOString(),
      version,
      schema: Number(schema),
      postgres: postgres ?? "",
      key: key && passPhrase !== undefined ? sealKey(key, passPhrase) : undefined,
    };
    const size = await write(beside, header, access);
    await rename(beside, file);
    const { key: _, ...facts } = header;
    return { ...facts, size, withKey: key !== undefined };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOSPC" || code === "EDQUOT")
      throw new StartError(`The disk of ${path.dirname(file)} is full.`, "Make room there, or name a file elsewhere.", { cause: error });
    if (code === "EACCES" || code === "ENOENT" || code === "EROFS")
      throw new StartError(`${file} cannot be written (${code}).`, "Name a file in a folder that this account may write to.", { cause: error });
    throw error;
  } finally {
    await rm(beside, { force: true });
    await access.close();
  }
}

async function write(file: string, header: BackupHeader, access: StoreAccess): Promise<number> {
  const out = await open(file, "wx", 0o600);
  const dump = access.dump(`--schema=${schemaName}`, "--no-owner", "--no-privileges");
  const said = lastWords(dump.stderr);
  const ended = once(dump, "close");
  try {
    const size = await writeBackup(out, header, dump.stdout);
    const [status] = (await ended) as [number | null];
    if (status !== 0) throw new StartError(`pg_dump did not succeed: ${said()}`, "Correct what it names; no backup was written.");
    return size;
  } finally {
    dump.kill();
    await out.close();
  }
}

async function secretKey(folder: string): Promise<Buffer> {
  return readFile(path.join(folder, "secret.key")).catch((error: NodeJS.ErrnoException) => {
    throw new StartError(
      `${path.join(folder, "secret.key")} cannot be read (${error.code}).`,
      "Run it as root or as the server's account, on the server's machine; or leave the key out: --without-key.",
      {
        cause: error,
      },
    );
  });
}
