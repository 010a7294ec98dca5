import { execFile } from "node:child_process";
import { readFile, stat } from "node:fs/promises";
import { userInfo } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { StartError } from "../startError.ts";

/** The account of the system that PostgreSQL runs as. `uid` and `gid` are absent where it is the server's own. */
export interface RunAs {
  name: string;
  uid?: number;
  gid?: number;
}

/** In this order. `nobody` is not among them: other programs run as it and could read the database. */
const accounts = ["polyvisor", "postgres"];

/**
 * Who runs the private PostgreSQL: the server's own account; under root, which PostgreSQL refuses, the account that
 * owns the cluster already, else the first of `polyvisor` and `postgres`.
 */
export async function postgresUser(cluster: string, isRoot = process.getuid?.() === 0, passwdFile = "/etc/passwd"): Promise<RunAs> {
  if (!isRoot) return { name: userInfo().username };
  const known = parsePasswd(await readFile(passwdFile, "utf8").catch(() => ""));
  const owner = await stat(cluster).then(
    (each) => each.uid,
    () => undefined,
  );
  if (owner !== undefined && owner !== 0) {
    const account = known.find((each) => each.uid === owner);
    if (account) return account;
    throw new StartError(
      `${cluster} belongs to user id ${owner}, which this machine does not know.`,
      "Give it to an account that exists, for example: chown -R polyvisor FOLDER",
    );
  }
  for (const name of accounts) {
    const account = known.find((each) => each.name === name && each.uid !== 0);
    if (account) return account;
  }
  throw new StartError(
    "PostgreSQL does not run as root, and there is no account to run it as.",
    "Create one with: useradd --system --home-dir /nonexistent --shell /usr/sbin/nologin polyvisor. Or start Polyvisor as an ordinary user.",
  );
}

export function parsePasswd(text: string): { name: string; uid: number; gid: number }[] {
  return text.split("\n").flatMap((line) => {
    const [name, , uid, gid] = line.split(":");
    return name && /^\d+$/.test(uid ?? "") && /^\d+$/.test(gid ?? "") ? [{ name, uid: Number(uid), gid: Number(gid) }] : [];
  });
}

const run = promisify(execFile);

/** Checks that the account may enter a folder; names the first on the way that it may not. */
export async function checkReach(runAs: RunAs, folder: string): Promise<void> {
  if (runAs.uid === undefined) return;
  const parts = folder.split(path.sep).filter(Boolean);
  for (let i = 1; i <= parts.length; i++) {
    const each = path.sep + parts.slice(0, i).join(path.sep);
    try {
      await run("/bin/sh", ["-c", 'cd -- "$1"', "sh", each], { uid: runAs.uid, gid: runAs.gid, cwd: "/", timeout: 10_000 });
    } catch {
      throw new StartError(
        `PostgreSQL runs as the account ${runAs.name}, which may not enter ${each}.`,
        `Put the data folder elsewhere (--data /var/lib/polyvisor), or allow it: chmod o+x ${each}`,
      );
    }
  }
}
