import { randomBytes } from "node:crypto";
import { link, open, rename, rm } from "node:fs/promises";

/** Writes beside and renames, so that a reader sees the old or the new whole; on disk when this resolves. */
export async function writeAtomically(file: string, content: string | Uint8Array, mode: number): Promise<void> {
  const beside = await writeBeside(file, content, mode);
  await rename(beside, file).catch(async (error: unknown) => {
    await rm(beside, { force: true });
    throw error;
  });
}

/** Writes a file that must not be there yet; leaves an existing one as it is, whoever wins the race. */
export async function writeOnce(file: string, content: Uint8Array, mode: number): Promise<void> {
  const beside = await writeBeside(file, content, mode);
  try {
    await link(beside, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  } finally {
    await rm(beside, { force: true });
  }
}

async function writeBeside(file: string, content: string | Uint8Array, mode: number): Promise<string> {
  const beside = `${file}.${randomBytes(6).toString("hex")}.new`;
  const handle = await open(beside, "wx", mode);
  try {
    await handle.writeFile(content);
    await handle.sync();
  } catch (error) {
    await rm(beside, { force: true });
    throw error;
  } finally {
    await handle.close();
  }
  return beside;
}
