import { readFileSync } from "node:fs";
import { StartError } from "./startError.ts";

/** Settings of a file, as the arguments of the same names: `listen`, `tls-key`, … Each with every value given, in order. */
export type FileSettings = ReadonlyMap<string, readonly string[]>;

/**
 * Reads `name = value` lines. `#` begins a comment at the start of a line only, because a pass phrase in a URL may hold
 * one; a value may stand in double quotes.
 * @param known names that may stand there; `true` for those that may be repeated
 * @throws StartError that names the file and the line, never the value
 */
export function readConfigFile(file: string, known: Readonly<Record<string, boolean>>): FileSettings {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    const { code = "?" } = error as NodeJS.ErrnoException;
    throw new StartError(
      `The configuration ${file} cannot be read (${code}).`,
      code === "ENOENT" ? "Correct --config FILE." : `Let this account read it: chgrp polyvisor ${file}; chmod 640 ${file}`,
      { cause: error },
    );
  }
  return parseConfig(text, file, known);
}

export function parseConfig(text: string, file: string, known: Readonly<Record<string, boolean>>): FileSettings {
  const settings = new Map<string, string[]>();
  const names = Object.keys(known).join(", ");
  for (const [index, raw] of text.split(/\r?\n/).entries()) {
    const line = raw.trim();
    if (line === "" || line.startsWith("#")) continue;
    const at = `${file}, line ${index + 1}`;
    const [, name, value = ""] = /^([A-Za-z][\w-]*)\s*=\s*(.*)$/.exec(line) ?? [];
    if (name === undefined) throw new StartError(`${at}: this is no setting.`, "Write it as NAME = VALUE; a comment begins with #.");
    if (!Object.hasOwn(known, name)) throw new StartError(`${at}: there is no setting "${name.slice(0, 64)}".`, `Known are ${names}.`);
    const plain = /^"(.*)"$/.exec(value)?.[1] ?? value;
    if (plain === "") throw new StartError(`${at}: "${name}" has no value.`, "Give it one, or put a # before the line.");
    // eslint-disable-next-line no-control-regex
    if (/[\0-\x1f\x7f]/.test(plain)) throw new StartError(`${at}: "${name}" holds a control character.`, "Take it out.");
    const list = settings.get(name) ?? [];
    if (list.length > 0 && !known[name]) throw new StartError(`${at}: "${name}" stands there twice.`, "Leave one.");
    settings.set(name, [...list, plain]);
  }
  return settings;
}
