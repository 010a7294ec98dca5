import { posix } from "node:path";
import { importsOf } from "./source.ts";
import { roomFolderOf, rooms, type Room, type Tree } from "./tree.ts";

/** What a row of the import table allows: names of rows, or everything. */
export type ImportTable = ReadonlyMap<string, ReadonlySet<string> | "anything">;

/** Reads `| room | may import |` of ARCHITECTURE.md. */
export function importTable(markdown: string): ImportTable {
  const lines = markdown.split("\n");
  const start = lines.findIndex((line) => /^\|\s*room\s*\|\s*may import\s*\|\s*$/.test(line));
  if (start === -1) throw new Error("ARCHITECTURE.md has no table | room | may import |");
  const table = new Map<string, ReadonlySet<string> | "anything">();
  for (const line of lines.slice(start + 2)) {
    const [, names, allowed] = /^\|([^|]+)\|([^|]+)\|\s*$/.exec(line) ?? [];
    if (names === undefined || allowed === undefined) break;
    const may = allowed.trim();
    for (const name of list(names)) table.set(name, may === "anything" ? "anything" : new Set(may === "nothing of ours" ? [] : list(may)));
  }
  return table;
}
const list = (text: string): string[] => text.split(",").map((each) => each.trim());

const isTest = (path: string): boolean => /\.test\.tsx?$|\/lab\//.test(path);

/**
 * The import table, doors, and that nothing imports an app. Rows that may import anything (tests, tools, bench) may
 * import apps, and the folders that have no package.json are entered by any file.
 */
export function importViolations(tree: Tree, table: ImportTable): string[] {
  const all = rooms(tree);
  const byPackage = new Map([...all.values()].flatMap((room) => (room.package ? [[room.package.name, room] as const] : [])));
  const out: string[] = [];
  for (const room of all.values()) if (!table.has(room.row)) out.push(`${room.folder}: the import table of ARCHITECTURE.md has no row "${room.row}"`);
  for (const [path, text] of tree) {
    const room = all.get(roomFolderOf(path) ?? "");
    if (!room || !/\.tsx?$/.test(path)) continue;
    for (const { specifier, line } of importsOf(text)) {
      const where = `${path}:${line}`;
      if (specifier === undefined) {
        if (table.get(room.row) !== "anything" && !isTest(path)) out.push(`${where}: imports something computed, which no table can allow`);
        continue;
      }
      const target = specifier.startsWith(".") ? relativeTarget(path, specifier) : packageTarget(specifier);
      if (target) out.push(...judge(where, room, isTest(path), specifier, target));
    }
  }
  return out;

  function relativeTarget(path: string, specifier: string): { room: Room; door: string | undefined } | undefined {
    const file = posix.join(posix.dirname(path), specifier);
    const room = all.get(roomFolderOf(file) ?? "");
    return room && { room, door: undefined };
  }

  function packageTarget(specifier: string): { room: Room; door: string } | undefined {
    const [, name, rest] = /^((?:@[^/]+\/)?[^/]+)(.*)$/.exec(specifier) ?? [];
    const room = byPackage.get(name ?? "");
    return room && { room, door: `.${rest}` };
  }

  function judge(where: string, from: Room, inTest: boolean, specifier: string, target: { room: Room; door: string | undefined }): string[] {
    const to = target.room;
    if (to.folder === from.folder) return target.door === undefined ? [] : [`${where}: imports its own room as "${specifier}"; use a relative path`];
    const may = table.get(from.row);
    const free = may === "anything";
    if (to.row === "tests" && inTest) return [];
    if (to.isApp && !free && !inTest) return [`${where}: "${specifier}" is an app; nothing imports an app`];
    const found: string[] = [];
    if (!free && !(inTest && to.isApp) && !may?.has(to.row)) found.push(`${where}: ${from.row} may not import ${to.row} ("${specifier}")`);
    if (to.package && target.door === undefined && !(to.isApp && (free || inTest)))
      found.push(`${where}: enters ${to.folder} through "${specifier}" instead of ${to.package.name}`);
    if (to.package && target.door !== undefined) {
      if (!to.package.doors.includes(target.door))
        found.push(`${where}: "${specifier}" is no door of ${to.folder} (${to.package.doors.join(", ") || "it has none"})`);
      if (from.package && !inTest && !from.package.dependencies.includes(to.package.name))
        found.push(`${where}: ${from.folder}/package.json does not name ${to.package.name}`);
    }
    return found;
  }
}

const impure: readonly [RegExp, string][] = [
  [/\bDate\.now\b/, "Date.now"],
  [/\bnew\s+Date\s*(?:\(\s*\)|(?![\s(]))/, "new Date()"],
  [/(?<!\bnew\s)(?<![.\w])Date\s*\(/, "Date()"],
  [/\bMath\.random\b/, "Math.random"],
  [/(?<![.\w])performance\s*[.[]/, "performance"],
  [/(?<![.\w])process\s*[.[]/, "process"],
  [/(?<![.\w])globalThis\b/, "globalThis"],
  [/(?<![.\w])(?:setTimeout|setInterval|setImmediate)\s*\(/, "a timer"],
  [/(?<![.\w])crypto\s*[.[]/, "crypto"],
];

/** Rooms that the first table of ARCHITECTURE.md calls pure. */
export function pureRooms(markdown: string): string[] {
  return [...markdown.matchAll(/^\|\s*`([^`]+)`\s*\|.*\(pure\)\s*\|\s*$/gm)].map((match) => match[1]!);
}

/** No module of Node, no clock, no random source, no global state. Tests of a pure room may use what they like. */
export function purityViolations(tree: Tree, pure: readonly string[], bareOf: (text: string) => string): string[] {
  const out: string[] = [];
  for (const [path, text] of tree) {
    if (!path.endsWith(".ts") || isTest(path) || !pure.some((folder) => path.startsWith(`${folder}/`))) continue;
    for (const { specifier, line } of importsOf(text)) if (specifier?.startsWith("node:")) out.push(`${path}:${line}: a pure room imports ${specifier}`);
    const bare = bareOf(text).split("\n");
    for (const [index, line] of bare.entries())
      for (const [pattern, name] of impure) if (pattern.test(line)) out.push(`${path}:${index + 1}: a pure room uses ${name}; let it be an argument`);
  }
  return out;
}
