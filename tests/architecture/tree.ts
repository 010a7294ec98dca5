import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** The repository as the rules see it: path from its root to text. Each rule can so be shown a small tree that breaks it. */
export type Tree = ReadonlyMap<string, string>;

const read = /\.(tsx?|md|json|sh)$/;

/** What is ours under the root: no dependencies, nothing that starts with a dot. */
export function readTree(root: string): Tree {
  const tree = new Map<string, string>();
  const walk = (folder: string): void => {
    for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
      if (entry.name.startsWith(".") || entry.name === "node_modules" || entry.name === "dist") continue;
      const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
      if (entry.isDirectory()) walk(path);
      else if (entry.isFile() && read.test(entry.name)) tree.set(path, readFileSync(join(root, path), "utf8"));
    }
  };
  walk("");
  return tree;
}

export interface Room {
  /** `packages/model`, `packages/protocols/libvirt`, `apps/cli`, `bench`, `tests`, `tools`. */
  folder: string;
  /** As the import table calls it; every protocol is `protocols`. */
  row: string;
  isApp: boolean;
  /** Name and doors of its package.json; absent where it has none. */
  package?: { name: string; doors: string[]; dependencies: string[] };
}

const roomOf = /^(?:packages\/protocols\/[^/]+|packages\/(?!protocols\/)[^/]+|apps\/[^/]+|bench|tests|tools)(?=\/)/;

export function rooms(tree: Tree): Map<string, Room> {
  const out = new Map<string, Room>();
  for (const path of tree.keys()) {
    const folder = roomOf.exec(path)?.[0];
    if (folder === undefined || out.has(folder)) continue;
    const room: Room = {
      folder,
      row: folder.startsWith("packages/protocols/") ? "protocols" : folder.slice(folder.indexOf("/") + 1),
      isApp: folder.startsWith("apps/"),
    };
    const text = tree.get(`${folder}/package.json`);
    if (text !== undefined) {
      const { name, exports, dependencies } = JSON.parse(text) as {
        name: string;
        exports?: string | Record<string, string>;
        dependencies?: Record<string, string>;
      };
      const doors = typeof exports === "string" ? ["."] : Object.keys(exports ?? {});
      room.package = { name, doors, dependencies: Object.keys(dependencies ?? {}) };
    }
    out.set(folder, room);
  }
  return out;
}

export function roomFolderOf(path: string): string | undefined {
  return roomOf.exec(path)?.[0];
}
