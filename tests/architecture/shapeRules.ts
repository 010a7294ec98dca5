import { createHash } from "node:crypto";
import { rooms, type Tree } from "./tree.ts";

const isGenerated = (path: string): boolean => path.includes("/generated/");
const linesOf = (text: string): number => text.split("\n").length - (text.endsWith("\n") ? 1 : 0);

/** README.md of at most 40 lines and one front door in each package. */
export function roomViolations(tree: Tree): string[] {
  const out: string[] = [];
  for (const room of rooms(tree).values()) {
    if (!room.package) continue;
    const readme = tree.get(`${room.folder}/README.md`);
    if (readme === undefined) out.push(`${room.folder} has no README.md: what it does, what it never does, where to start`);
    else if (linesOf(readme) > 40) out.push(`${room.folder}/README.md has ${linesOf(readme)} lines; 40 are the most`);
    const door = room.isApp || room.folder === "bench" ? "src/main.ts" : "src/index.ts";
    if (!tree.has(`${room.folder}/${door}`)) out.push(`${room.folder} has no ${door}`);
  }
  return out;
}

export const longFrom = 300;
export const longest = 500;

/** Files over 300 lines are known by name and never grow; none is over 500. */
export function sizeViolations(tree: Tree, known: Readonly<Record<string, number>>): string[] {
  const out: string[] = [];
  for (const [path, text] of tree) {
    if (!/\.(tsx?|sh)$/.test(path) || isGenerated(path)) continue;
    const lines = linesOf(text);
    const most = known[path];
    if (lines > longest) out.push(`${path} has ${lines} lines; ${longest} are the most: split it`);
    else if (lines > longFrom && most === undefined) out.push(`${path} has ${lines} lines; over ${longFrom} think about splitting it`);
    else if (most !== undefined && lines > most) out.push(`${path} grew from ${most} to ${lines} lines; a long file only shrinks`);
  }
  for (const path of Object.keys(known)) {
    const text = tree.get(path);
    if (text === undefined || linesOf(text) <= longFrom) out.push(`longFiles.json still names ${path}, which is not long any more: take it out`);
  }
  return out;
}

const empty = new Set(["util", "utils", "helper", "helpers", "common", "manager", "managers", "misc"]);

/** Names that say nothing. `core` may be a part of a word pair (a CPU has cores) but never a name by itself. */
export function nameViolations(tree: Tree): string[] {
  const found = new Set<string>();
  for (const path of tree.keys()) {
    if (!/\.tsx?$/.test(path) || isGenerated(path)) continue;
    for (const [index, part] of path.split("/").entries()) {
      const name = part.replace(/(\.lab)?(\.test)?\.tsx?$/, "");
      const words = name.split(/[^A-Za-z]|(?<=[a-z])(?=[A-Z])/).map((word) => word.toLowerCase());
      const bad = name.toLowerCase() === "core" ? "core" : words.find((word) => empty.has(word));
      if (bad)
        found.add(
          `${path
            .split("/")
            .slice(0, index + 1)
            .join("/")}: "${bad}" does not say what is in it`,
        );
    }
  }
  return [...found];
}

/** Generated code is what the generator wrote: the snapshot beside it carries the hash of each file, and of the generator. */
export function driftViolations(tree: Tree, folder: string, generator: string): string[] {
  const text = tree.get(`${folder}/vocabulary.json`);
  if (text === undefined) return [];
  const vocabulary = JSON.parse(text) as { files: Record<string, string>; generator?: Record<string, string> };
  const out: string[] = [];
  const hash = (path: string): string | undefined => {
    const content = tree.get(path);
    return content === undefined ? undefined : createHash("sha256").update(content).digest("hex");
  };
  for (const [name, sum] of Object.entries(vocabulary.files))
    if (hash(`${folder}/${name}`) !== sum) out.push(`${folder}/${name} is not what the generator wrote: run it again, never edit`);
  for (const [name, sum] of Object.entries(vocabulary.generator ?? {}))
    if (hash(`${generator}/${name}`) !== sum) out.push(`${generator}/${name} has changed since it last ran: run it`);
  for (const path of tree.keys()) {
    const name = path.slice(folder.length + 1);
    if (path.startsWith(`${folder}/`) && path.endsWith(".ts") && !(name in vocabulary.files)) out.push(`${path} was not written by the generator`);
  }
  return out;
}
