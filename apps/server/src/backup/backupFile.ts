import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { open, type FileHandle } from "node:fs/promises";
import type { Readable } from "node:stream";
import { StartError } from "../startError.ts";
import type { SealedKey } from "./sealedKey.ts";

// A backup: a line that says what it is, a line of JSON, PostgreSQL's custom dump, and a last line with the SHA-256 of all
// before it, so that a file that was cut off or changed is known before anything is touched.
const magic = "POLYVISOR-STORE-BACKUP";
const format = 1;
const longestHeader = 64 * 1024;
const trailerLength = "\nSHA256 \n".length + 64;

export interface BackupHeader {
  /** ISO 8601. */
  made: string;
  /** Of Polyvisor. */
  version: string;
  /** Version of the tables. */
  schema: number;
  /** Version of the PostgreSQL that it was taken from. */
  postgres: string;
  /** The key that opens the credentials of hosts; absent where the operator left it out. */
  key?: SealedKey | undefined;
}

/** Writes a backup to a file that is open for it; on disk when this resolves. @returns bytes */
export async function writeBackup(out: FileHandle, header: BackupHeader, dump: Readable): Promise<number> {
  const hash = createHash("sha256");
  let size = 0;
  const write = async (chunk: Uint8Array): Promise<void> => {
    hash.update(chunk);
    await out.writeFile(chunk); // at the place where the last one ended, all of it
    size += chunk.length;
  };
  await write(Buffer.from(`${magic} ${format}\n${JSON.stringify(header)}\n`));
  for await (const chunk of dump as AsyncIterable<Buffer>) await write(chunk);
  const trailer = `\nSHA256 ${hash.digest("hex")}\n`;
  await out.writeFile(trailer);
  await out.sync();
  return size + trailer.length;
}

export interface ReadBackup {
  header: BackupHeader;
  /** The dump, from its beginning. */
  dump(): Readable;
}

/** Reads a backup through to its end and checks it. @throws StartError for what is none, is of another format, was cut off or changed */
export async function readBackup(file: string): Promise<ReadBackup> {
  const handle = await open(file).catch((error: NodeJS.ErrnoException) => {
    throw new StartError(`${file} cannot be read (${error.code}).`, "Check its name, and that this account may read it.", { cause: error });
  });
  try {
    const { size } = await handle.stat();
    const start = Buffer.alloc(Math.min(size, longestHeader + 64));
    await handle.read(start, 0, start.length, 0);
    const first = start.indexOf("\n");
    const [, number] = /^POLYVISOR-STORE-BACKUP (\d+)$/.exec(start.subarray(0, Math.max(first, 0)).toString("latin1")) ?? [];
    if (number === undefined) throw new StartError(`${file} is no backup of Polyvisor's store.`, "Give a file that polyvisor backup-store wrote.");
    if (Number(number) !== format)
      throw new StartError(
        `${file} is a backup of format ${number}; this Polyvisor knows format ${format}.`,
        "Restore it with the Polyvisor that wrote it, or a newer one.",
      );
    const second = start.indexOf("\n", first + 1);
    if (second < 0 || size < second + 1 + trailerLength) throw cutOff(file);
    const end = size - trailerLength;
    const hash = createHash("sha256");
    for await (const chunk of createReadStream(file, { end: end - 1, highWaterMark: 1024 ** 2 }) as AsyncIterable<Buffer>) hash.update(chunk);
    const trailer = Buffer.alloc(trailerLength);
    await handle.read(trailer, 0, trailerLength, end);
    const [, told] = /^\nSHA256 ([0-9a-f]{64})\n$/.exec(trailer.toString("latin1")) ?? [];
    if (told === undefined) throw cutOff(file);
    if (told !== hash.digest("hex"))
      throw new StartError(`${file} has been changed or damaged since it was written.`, "Use another backup; nothing was restored.");
    const header = JSON.parse(start.subarray(first + 1, second).toString("utf8")) as BackupHeader;
    return { header, dump: () => createReadStream(file, { start: second + 1, end: end - 1 }) };
  } finally {
    await handle.close();
  }
}

const cutOff = (file: string): StartError => new StartError(`${file} was cut off: its end is missing.`, "Use another backup; nothing was restored.");
