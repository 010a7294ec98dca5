import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseSync } from "vite";
import { describe, expect, it } from "vitest";
import { de } from "./de/index.ts";
import { en } from "./en/index.ts";

/** Every text of a language by its name. */
function textsOf(texts: object, before = ""): Map<string, string> {
  const out = new Map<string, string>();
  for (const [name, value] of Object.entries(texts))
    if (typeof value === "string") out.set(before + name, value);
    else for (const [key, text] of textsOf(value as object, `${before}${name}.`)) out.set(key, text);
  return out;
}
const english = textsOf(en);
const holes = (text: string): string[] => [...new Set(text.match(/\{\{\w+\}\}/g) ?? [])].sort();

describe("the catalogues", () => {
  const german = textsOf(de);
  it("have the same texts", () => {
    expect([...german.keys()].sort()).toEqual([...english.keys()].sort());
  });
  it("have the same places for values, and no text that is empty", () => {
    for (const [key, text] of english) {
      expect(`${key} ${holes(german.get(key)!).join()}`).toBe(`${key} ${holes(text).join()}`);
      expect(text.trim()).not.toBe("");
      expect(german.get(key)!.trim()).not.toBe("");
    }
  });
  it("have the plural of each singular", () => {
    for (const key of english.keys()) if (key.endsWith("_one")) expect([...english.keys()]).toContain(key.replace(/_one$/, "_other"));
  });
});

interface Node {
  type: string;
  [part: string]: unknown;
}
const shown = new Set(["title", "label", "aria-label", "placeholder", "alt", "titleText", "description", "content", "aria-description"]);
/** A word of a language: two letters in a row. What is a sign, a key on a keyboard or a unit is none. */
const isWord = (text: string): boolean => /\p{L}{2,}/u.test(text);

interface Opening {
  name: { name?: string };
  attributes: { name?: { name?: string }; value?: { value?: unknown } }[];
}
/** What is the same in every language: keys, code, and what says so itself (`translate="no"`: names of products). */
const isForeign = ({ name, attributes }: Opening): boolean =>
  name.name === "kbd" || name.name === "code" || attributes.some((each) => each.name?.name === "translate" && each.value?.value === "no");

/** Texts that stand in the JSX of a file instead of a catalogue. */
function literals(file: string, source: string): string[] {
  const out: string[] = [];
  const walk = (node: unknown, inForeign: boolean): void => {
    if (Array.isArray(node)) return node.forEach((each) => walk(each, inForeign));
    if (typeof node !== "object" || node === null) return;
    const each = node as Node;
    const isSame = inForeign || (each.type === "JSXElement" && isForeign(each["openingElement"] as Opening));
    if (each.type === "JSXText" && !isSame && isWord(each["value"] as string)) out.push(`${file}: ${(each["value"] as string).trim()}`);
    if (each.type === "JSXAttribute") {
      const value = each["value"] as Node | null;
      const name = (each["name"] as { name: unknown }).name;
      if (typeof name === "string" && shown.has(name) && value?.type === "Literal" && isWord(String(value["value"])))
        out.push(`${file}: ${name}="${String(value["value"])}"`);
    }
    for (const [part, inner] of Object.entries(each)) if (part !== "parent") walk(inner, isSame);
  };
  const { program, errors } = parseSync(file, source);
  if (errors.length > 0) throw new Error(`${file} is not read: ${errors[0]!.message}`);
  walk(program, false);
  return out;
}

describe("the console's pages", () => {
  const root = join(import.meta.dirname, "..");
  const files = readdirSync(root, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".tsx"));
  it("have no text of their own", () => {
    expect(files.length).toBeGreaterThan(30);
    expect(files.flatMap((file) => literals(file, readFileSync(join(root, file), "utf8")))).toEqual([]);
  });
  it("would be found with one", () => {
    expect(literals("a.tsx", "export const a = <p>Hello there</p>;")).toEqual(["a.tsx: Hello there"]);
    expect(literals("a.tsx", 'export const a = <p title="Hello there">{t("a.b")} / <kbd>Ctrl</kbd></p>;')).toEqual(['a.tsx: title="Hello there"']);
  });
});
