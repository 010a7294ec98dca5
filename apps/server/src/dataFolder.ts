import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { writeOnce } from "./files.ts";
import { randomId } from "./identity/secretText.ts";
import { StartError } from "./startError.ts";

/** The data folder while it is ours. */
export interface DataFolder {
  readonly path: string;
  /** Stable over restarts: tasks name the server that executes them. */
  readonly serverId: string;
  /** Whether the lock is still ours. @throws StartError when another server took it in the same moment */
  check(): Promise<void>;
  release(): Promise<void>;
}

/** Makes the folder where there is none and locks it. @throws StartError */
export async function takeDataFolder(folder: string, isRoot = process.getuid?.() === 0): Promise<DataFolder> {
  try {
    // Under root the private database runs as another account, which has to come through.
    await mkdir(folder, { recursive: true, mode: isRoot ? 0o711 : 0o700 });
    const probe = path.join(folder, `.write-${randomBytes(6).toString("hex")}`);
    await writeFile(probe, Buffer.alloc(4096), { flag: "wx" }).finally(() => rm(probe, { force: true }));
  } catch (error) {
    throw folderError(folder, error);
  }
  const lock = path.join(folder, "server.lock");
  const mine = await takeLock(lock, folder);
  const isMine = async (): Promise<boolean> => (await readFile(lock, "utf8").catch(() => "")) === mine;
  try {
    const idFile = path.join(folder, "server-id");
    await writeOnce(idFile, Buffer.from(`${randomId("s")}\n`), 0o600);
    return {
      path: folder,
      serverId: (await readFile(idFile, "utf8")).trim(),
      async check() {
        if (!(await isMine())) throw new StartError(`Another Polyvisor server took the data folder ${folder} in the same moment.`, "Start one of them only.");
      },
      async release() {
        if (await isMine()) await rm(lock, { force: true });
      },
    };
  } catch (error) {
    await rm(lock, { force: true });
    throw folderError(folder, error);
  }
}

function folderError(folder: string, error: unknown): unknown {
  const { code = "", message } = error as NodeJS.ErrnoException;
  const elsewhere = "Give another with --data DIR.";
  if (["EACCES", "EPERM", "EROFS"].includes(code))
    return new StartError(
      `The data folder ${folder} cannot be written by this account (${code}).`,
      `Give it to the account that runs Polyvisor, or start as its owner. ${elsewhere}`,
      { cause: error },
    );
  if (["ENOTDIR", "EEXIST"].includes(code)) return new StartError(`The data folder ${folder} is no folder.`, elsewhere, { cause: error });
  if (["ENOSPC", "EDQUOT"].includes(code))
    return new StartError(`The disk of the data folder ${folder} is full.`, `Free at least 200 MB there. ${elsewhere}`, { cause: error });
  return error instanceof StartError ? error : new StartError(`The data folder ${folder} cannot be used: ${message}`, elsewhere, { cause: error });
}

/** The process's own start, in ticks since boot: a number that was given to another process has another one. */
function startOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return fields[0] === "Z" ? undefined : fields[19];
  } catch {
    return undefined;
  }
}

/** A file with our process's number and start, made by a link that fails where one is. One of a dead process is taken away. */
async function takeLock(lock: string, folder: string): Promise<string> {
  const mine = `${process.pid} ${startOf(process.pid)} ${randomBytes(8).toString("hex")}\n`;
  for (let attempt = 0; attempt < 20; attempt++) {
    await writeOnce(lock, Buffer.from(mine), 0o600);
    const holds = await readFile(lock, "utf8").catch(() => "");
    if (holds === mine) return mine;
    const [pid, start] = holds.split(" ");
    if (pid && start && startOf(Number(pid)) === start) {
      throw new StartError(
        `Another Polyvisor server (process ${pid}) runs on the data folder ${folder}.`,
        "Stop that one first (polyvisor down), or give this one a folder of its own with --data DIR.",
      );
    }
    // Two may find the same dead lock: what was moved away must be what was read, else it goes back.
    const away = `${lock}.${randomBytes(6).toString("hex")}`;
    if (
      await rename(lock, away).then(
        () => true,
        () => false,
      )
    ) {
      const moved = await readFile(away);
      if (moved.toString() !== holds) await writeOnce(lock, moved, 0o600);
      await rm(away, { force: true });
    }
    await delay(10 + Math.random() * 40);
  }
  throw new StartError(`The lock ${lock} cannot be taken.`, "Look at who else starts a server on this folder.");
}
