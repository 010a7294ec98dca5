import { describe, expect, it } from "vitest";
import { processIo } from "../io.ts";
import { buildProgram, optionsOf } from "../program.ts";
import { catalogue } from "./index.ts";

describe("the catalogue", () => {
  it("has each path once, aliases included", () => {
    const paths = catalogue.flatMap((row) => [row.path, ...(row.aliases ?? [])]);
    expect(paths.filter((path, i) => paths.indexOf(path) !== i)).toEqual([]);
  });
  it("makes a program: every flag is well formed and unique in its command", () => {
    expect(() => buildProgram(processIo(), () => undefined)).not.toThrow();
    for (const row of catalogue) {
      const flags = optionsOf(row).flatMap(([text]) => text.match(/(?<![\w-])--?[a-z-]+/g) ?? []);
      expect(
        flags.filter((flag, i) => flags.indexOf(flag) !== i),
        row.path,
      ).toEqual([]);
    }
  });
  it.each(catalogue.map((row) => [row.path, row] as const))("%s has code behind it", async (_path, row) => expect(typeof (await row.load())).toBe("function"));
});
