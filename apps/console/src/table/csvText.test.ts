import { expect, it } from "vitest";
import { csvCell, csvLine } from "./csvText.ts";

it.each([
  ["web1", "web1"],
  ['a "name", with all', '"a ""name"", with all"'],
  ["two\nlines", '"two\nlines"'],
  ["=1+1", "'=1+1"],
  ["@SUM(A1)", "'@SUM(A1)"],
  ["-1+cmd", "'-1+cmd"],
  ["", ""],
  [-5, "-5"],
  ["𝒜é🎉", "𝒜é🎉"],
])("writes %j", (value, expected) => {
  expect(csvCell(value)).toBe(expected);
});

it("ends a line as spreadsheets expect it", () => {
  expect(csvLine(["a", 1, "b,c"])).toBe('a,1,"b,c"\r\n');
});
