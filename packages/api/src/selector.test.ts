import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fits, parseSelector, selects } from "./selector.ts";

const terms = (text: string) => {
  const result = parseSelector(text);
  if (!result.ok) throw new Error(result.message);
  return result.terms;
};

describe("parseSelector", () => {
  it("reads terms, alternatives, negation and bare names", () => {
    expect(terms("tag=web,db state!=running mail-*")).toEqual([
      { field: "tag", not: false, values: ["web", "db"] },
      { field: "state", not: true, values: ["running"] },
      { field: "name", not: false, values: ["mail-*"] },
    ]);
  });
  it.each([
    ["", /empty/, 0],
    ["   ", /empty/, 0],
    ["state=running colour=red", /no field "colour"/, 14],
    ["state=", /needs a value/, 6],
    ["=x", /not FIELD=VALUE/, 0],
    [Array(65).fill("a").join(" "), /at most 64/, 128],
  ])("says what is wrong with %j and where", (text, message, at) => {
    expect(parseSelector(text)).toMatchObject({ ok: false, message: expect.stringMatching(message), at });
  });
  it("never throws, whatever it is given", () => {
    fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => typeof parseSelector(text).ok === "boolean"));
  });
});

describe("fits", () => {
  it("means the same as a regular expression with .* for *", () => {
    const piece = fc.string({ unit: fc.constantFrom("a", "b", "*"), maxLength: 8 });
    fc.assert(
      fc.property(piece, fc.string({ unit: fc.constantFrom("a", "b"), maxLength: 10 }), (pattern, value) => {
        const expected = new RegExp(`^${pattern.replace(/\*/g, ".*")}$`, "s").test(value);
        return fits(pattern, value) === expected;
      }),
      { numRuns: 3000 },
    );
  });
});

describe("selects", () => {
  const fields: Record<string, string[]> = { name: ["web-1"], tag: ["web", "eu"], state: ["running"] };
  const of = (field: string) => fields[field] ?? [];
  it.each([
    ["web-*", true],
    ["tag=db,eu", true],
    ["tag!=eu", false],
    ["tag!=db", true],
    ["state=off", false],
    ["tag=web state=running name=web-1", true],
    ["host=h1", false],
    ["host!=h1", true],
  ])("%s -> %s", (text, expected) => expect(selects(terms(text), of)).toBe(expected));
});
