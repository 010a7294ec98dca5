import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readdir, readlink, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);
const root = fileURLToPath(new URL("../../", import.meta.url));
const migrations = "apps/server/src/store/migrations.ts";
/** Migrations that are looked back over. */
const most = 4;
const git = async (...args: string[]): Promise<string> => (await run("git", ["-C", root, ...args], { maxBuffer: 2 ** 26 })).stdout.trim();

/** Polyvisor as it was at a commit before this one. */
export interface FormerVersion {
  commit: string;
  /** The server's first module. */
  main: string;
  /** How many migrations it knows. */
  migrations: number;
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * The code as it was before the newest migration came, out of git's history, with the libraries of this tree. A commit
 * that does not run by itself is passed over for an older one. POLYVISOR_FORMER names the commit.
 * @returns why there is none, where the history is not there
 */
export async function formerVersion(): Promise<FormerVersion | string> {
  let commits: string[];
  try {
    const named = process.env["POLYVISOR_FORMER"];
    const changes = await git("log", `-${most}`, "--format=%H", "--diff-filter=M", "--", migrations);
    commits = named === undefined ? changes.split("\n").map((commit) => `${commit}^`) : [named];
    commits = await Promise.all(commits.map((commit) => git("rev-parse", "--verify", `${commit}^{commit}`)));
  } catch (error) {
    return `git has no history here that reaches back before the newest migrations: ${String((error as { stderr?: string }).stderr ?? error).split("\n", 1)[0]}`;
  }
  for (const commit of commits) {
    const files = (await git("ls-tree", "--name-only", commit, "apps/server/src/store/migrations/")).split("\n");
    const known = files.filter((name) => /\/\d{4}\w+\.ts$/.test(name) && !name.endsWith(".test.ts"));
    // Before a release a migration may have been changed: then its tables are no former version's.
    if ((await git("diff", "--name-only", commit, "--", ...known)) !== "") continue;
    const folder = await mkdtemp(path.join(tmpdir(), "former-"));
    const dispose = (): Promise<void> => rm(folder, { recursive: true, force: true });
    const main = path.join(folder, "apps/server/src/main.ts");
    try {
      await run("/bin/sh", ["-c", 'git -C "$0" archive "$1" apps packages package.json | tar -x -C "$2"', root, commit, folder]);
      await linkLibraries(folder);
      await run(process.execPath, [main, "--help"]);
      return { commit, main, migrations: known.length, [Symbol.asyncDispose]: dispose };
    } catch {
      await dispose();
    }
  }
  return `none of the last ${commits.length} commits before a migration runs on the tables of this one`;
}

/** The libraries are this tree's; the rooms are the copy's own. */
async function linkLibraries(folder: string): Promise<void> {
  const [from, to] = [path.join(root, "node_modules"), path.join(folder, "node_modules")];
  const ours = "@polyvisor";
  await mkdir(path.join(to, ours), { recursive: true });
  for (const name of await readdir(from)) if (name !== ours) await symlink(path.join(from, name), path.join(to, name));
  for (const name of await readdir(path.join(from, ours))) await symlink(await readlink(path.join(from, ours, name)), path.join(to, ours, name));
}
