import { readFileSync } from "node:fs";
import { dirname } from "node:path";
import { describe, expect, it } from "vitest";
import { importTable, importViolations, pureRooms, purityViolations } from "./architecture/importRules.ts";
import { driftViolations, nameViolations, roomViolations, sizeViolations } from "./architecture/shapeRules.ts";
import { importsOf, scan } from "./architecture/source.ts";
import { readTree, type Tree } from "./architecture/tree.ts";

const root = dirname(import.meta.dirname);
const tree = readTree(root);
const architecture = tree.get("ARCHITECTURE.md") ?? "";
const known = JSON.parse(readFileSync(`${import.meta.dirname}/architecture/longFiles.json`, "utf8")) as Record<string, number>;
const bareOf = (text: string): string => scan(text).bare;

describe("the repository", () => {
  it("keeps to the import table and to the doors of its rooms", () => {
    expect(importViolations(tree, importTable(architecture))).toEqual([]);
  });
  it("keeps its pure rooms pure", () => {
    expect(pureRooms(architecture)).toContain("packages/model");
    expect(purityViolations(tree, pureRooms(architecture), bareOf)).toEqual([]);
  });
  it("has a README and a front door in each room", () => {
    expect(roomViolations(tree)).toEqual([]);
  });
  it("has no file that grew long", () => {
    expect(sizeViolations(tree, known)).toEqual([]);
  });
  it("names things by what they are", () => {
    expect(nameViolations(tree)).toEqual([]);
  });
  it("carries generated code as it was generated", () => {
    expect(driftViolations(tree, "packages/protocols/libvirt/src/generated", "tools/generate")).toEqual([]);
  });
});

/** A small repository that breaks no rule, and what a case changes in it. */
function repository(changes: Record<string, string> = {}): Tree {
  const pack = (name: string, exports: unknown, ...dependencies: string[]) =>
    JSON.stringify({ name: `@p/${name}`, exports, dependencies: Object.fromEntries(dependencies.map((each) => [`@p/${each}`, "*"])) });
  return new Map(
    Object.entries({
      "packages/model/package.json": pack("model", "./src/index.ts"),
      "packages/model/README.md": "# model\n",
      "packages/model/src/index.ts": 'export * from "./vm.ts";\n',
      "packages/model/src/vm.ts": "export const at = (ms: number) => new Date(ms);\n",
      "packages/protocols/wire/package.json": pack("wire", "./src/index.ts"),
      "packages/protocols/wire/README.md": "# wire\n",
      "packages/protocols/wire/src/index.ts": "export {};\n",
      "packages/api/package.json": pack("api", { ".": "./src/index.ts", "./client": "./src/client.ts" }, "model"),
      "packages/api/README.md": "# api\n",
      "packages/api/src/index.ts": 'import type { Vm } from "@p/model";\nexport type { Vm };\n',
      "packages/api/src/client.ts": "export {};\n",
      "apps/cli/package.json": pack("cli", "./src/main.ts", "api"),
      "apps/cli/README.md": "# cli\n",
      "apps/cli/src/main.ts": 'import "@p/api/client";\n',
      "tests/end.test.ts": 'import "../apps/cli/src/main.ts";\n',
      ...changes,
    }),
  );
}
const table = importTable(
  [
    "| room | may import |",
    "|---|---|",
    "| model, protocols | nothing of ours |",
    "| api | model |",
    "| cli | model, api |",
    "| tests | anything |",
    "",
    "after",
  ].join("\n"),
);

describe("each rule", () => {
  it("lets a sound repository pass", () => {
    expect(importViolations(repository(), table)).toEqual([]);
    expect(purityViolations(repository(), ["packages/model"], bareOf)).toEqual([]);
    expect(roomViolations(repository())).toEqual([]);
    expect(sizeViolations(repository(), {})).toEqual([]);
    expect(nameViolations(repository())).toEqual([]);
  });

  it.each<[string, Record<string, string>, RegExp]>([
    ["an edge that the table does not have", { "packages/model/src/vm.ts": 'import { a } from "@p/api";' }, /model may not import api/],
    ["an edge of types only", { "packages/model/src/vm.ts": 'import type { A } from "@p/api";' }, /model may not import api/],
    ["a re-export", { "packages/model/src/vm.ts": 'export * from "@p/api";' }, /model may not import api/],
    ["a dynamic import", { "packages/model/src/vm.ts": 'await import("@p/api");' }, /model may not import api/],
    ["a type that is imported in place", { "packages/model/src/vm.ts": 'export type A = import("@p/api").A;' }, /model may not import api/],
    ["a computed import", { "packages/model/src/vm.ts": "await import(name);" }, /computed/],
    ["a protocol that knows the model", { "packages/protocols/wire/src/index.ts": 'import "@p/model";' }, /protocols may not import model/],
    ["an app that is imported", { "packages/api/src/index.ts": 'import "@p/cli";' }, /nothing imports an app/],
    ["a file past the door", { "packages/api/src/index.ts": 'import "@p/model/src/vm.ts";' }, /is no door of packages\/model/],
    ["a relative way into a room", { "packages/api/src/index.ts": 'import "../../model/src/vm.ts";' }, /enters packages\/model through/],
    ["a relative way into a room, from a test", { "tests/end.test.ts": 'import "../packages/model/src/vm.ts";' }, /enters packages\/model through/],
    ["a sibling that package.json does not name", { "apps/cli/src/main.ts": 'import "@p/model";' }, /does not name @p\/model/],
    ["a room that the table does not know", { "packages/formats/src/index.ts": "" }, /no row "formats"/],
    ["its own room by name", { "packages/api/src/client.ts": 'import "@p/api";' }, /its own room/],
  ])("finds %s", (_, changes, expected) => {
    expect(importViolations(repository(changes), table).join("\n")).toMatch(expected);
  });

  it.each([
    ["a module of Node", 'import "node:fs";', /node:fs/],
    ["the clock", "export const a = Date.now();", /Date\.now/],
    ["the clock as an object", "export const a = new Date();", /new Date\(\)/],
    ["the clock as an object without brackets", "export const a = [new Date];", /new Date\(\)/],
    ["the clock as text", "export const a = Date();", /Date\(\)/],
    ["chance", "export const a = Math.random();", /Math\.random/],
    ["another clock", "export const a = performance.now();", /performance/],
    ["the process", "export const a = process.env.A;", /process/],
    ["the global object", "export const a = globalThis;", /globalThis/],
    ["a timer", "setTimeout(() => 1, 1);", /timer/],
    ["chance inside a template", "export const a = `${Math.random()}`;", /Math\.random/],
    ["chance behind a regular expression", "export const a = /[\"'`]/.test(b) || Math.random();", /Math\.random/],
  ])("finds %s in a pure room", (_, text, expected) => {
    expect(purityViolations(repository({ "packages/model/src/vm.ts": text }), ["packages/model"], bareOf).join("\n")).toMatch(expected);
  });

  it("lets a pure room speak of these things, and its tests use them", () => {
    const text = '// Date.now()\n/* process.env */\nexport const a = "Math.random()", b = `new Date()`, c = { process: 1 }, d = c.process, e = /globalThis/;\n';
    expect(
      purityViolations(repository({ "packages/model/src/vm.ts": text, "packages/model/src/vm.test.ts": "Date.now();" }), ["packages/model"], bareOf),
    ).toEqual([]);
  });

  it.each<[string, Record<string, string>, RegExp]>([
    ["a long README", { "packages/model/README.md": "\n".repeat(41) }, /has 41 lines/],
    ["a package without README", { "packages/new/package.json": "{}" }, /packages\/new has no README/],
    ["a package without a front door", { "packages/new/package.json": "{}" }, /packages\/new has no src\/index\.ts/],
    ["an app without a main", { "apps/new/package.json": "{}" }, /apps\/new has no src\/main\.ts/],
  ])("finds %s", (_, changes, expected) => {
    expect(roomViolations(repository(changes)).join("\n")).toMatch(expected);
  });

  it.each<[string, number, Record<string, number>, RegExp]>([
    ["a new long file", 301, {}, /has 301 lines/],
    ["a long file that grew", 320, { "tests/long.ts": 319 }, /grew from 319 to 320/],
    ["a file that is too long however known it is", 501, { "tests/long.ts": 501 }, /500 are the most/],
    ["a long file that is not long any more", 300, { "tests/long.ts": 310 }, /take it out/],
  ])("finds %s", (_, lines, list, expected) => {
    expect(sizeViolations(repository({ "tests/long.ts": "x\n".repeat(lines) }), list).join("\n")).toMatch(expected);
    expect(sizeViolations(repository({ "packages/model/src/generated/long.ts": "x\n".repeat(900) }), {})).toEqual([]);
  });

  it.each([
    "packages/model/src/utils/text.ts",
    "packages/model/src/hostManager.ts",
    "packages/model/src/core.ts",
    "packages/common/src/index.ts",
    "tests/testHelpers.ts",
  ])("finds the empty name in %s", (path) => {
    expect(nameViolations(repository({ [path]: "" }))).toHaveLength(1);
  });

  it("finds generated code that was edited, added or left behind by its generator", () => {
    const sum = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"; // of nothing
    const at = (files: Record<string, string>) =>
      driftViolations(
        repository({ "g/vocabulary.json": JSON.stringify({ files: { "a.ts": sum }, generator: { "x.ts": sum } }), "g/a.ts": "", "t/x.ts": "", ...files }),
        "g",
        "t",
      );
    expect(at({})).toEqual([]);
    expect(at({ "g/a.ts": " " })).toHaveLength(1);
    expect(at({ "g/b.ts": "" })).toHaveLength(1);
    expect(at({ "t/x.ts": " " })).toHaveLength(1);
  });

  it("needs its table", () => {
    expect(() => importTable("no table")).toThrow(/no table/);
  });
});

describe("importsOf", () => {
  it("sees what stands over several lines and not what stands in comments and strings", () => {
    const text = [
      "import {",
      "  a,",
      '} from "one";',
      '// import "no";',
      `const s = "import('no') from 'no'";`,
      'const t = `${await import("two")} from "no"`;',
      "const r = /'/; import 'three';",
    ].join("\n");
    expect(importsOf(text).map((each) => each.specifier)).toEqual(["one", "two", "three"]);
  });
});
