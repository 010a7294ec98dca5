import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** A library that the server or the command line runs on. */
export interface ProductionPackage {
  /** Below the root: `node_modules/pg`. */
  folder: string;
  name: string;
  version: string;
  license: string;
}

interface LockEntry {
  version?: string;
  license?: string;
  dev?: boolean;
  link?: boolean;
  optional?: boolean;
}

/**
 * What package-lock.json names for production and this machine, without Node itself and our own rooms.
 * @throws Error where one that is not optional is not installed
 */
export function productionPackages(root: string): ProductionPackage[] {
  const { packages } = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")) as { packages: Record<string, LockEntry> };
  const out: ProductionPackage[] = [];
  for (const [folder, entry] of Object.entries(packages)) {
    if (!folder.startsWith("node_modules/") || entry.dev === true || entry.link === true) continue;
    const name = folder.slice(folder.lastIndexOf("node_modules/") + "node_modules/".length);
    if (name.startsWith("node-linux-")) continue;
    if (!existsSync(join(root, folder))) {
      if (entry.optional === true) continue; // of another machine
      throw new Error(`${folder} is not there: run ./polyvisor check once`);
    }
    out.push({ folder, name, version: entry.version ?? "", license: entry.license ?? "see its folder" });
  }
  return out;
}

if (import.meta.main) {
  const root = process.argv[2]!;
  const what = process.argv[3];
  // A folder within another is copied with it.
  const all = productionPackages(root);
  const lines =
    what === "licences"
      ? all.map((each) => ` ${each.name} ${each.version}: ${each.license}`)
      : all.filter((each) => !each.folder.includes("/node_modules/")).map((each) => each.folder);
  process.stdout.write(`${lines.join("\n")}\n`);
}
