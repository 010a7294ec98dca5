import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { readFilter } from "./check.ts";
import { completeFilter } from "./complete.ts";
import { comparisons, faultText, filterLimits, type Filter, type FilterValue } from "./ast.ts";
import { fieldNames, filterKinds, findField } from "./fields.ts";
import { formatFilter } from "./format.ts";
import { fitsPattern, fitsPieces } from "./glob.ts";
import { parseFilter } from "./parse.ts";

const now = Date.parse("2026-11-21T12:00:00Z");
const parsed = (text: string): Filter => {
  const read = parseFilter(text);
  if (!read.ok) throw new Error(faultText(read));
  return read.filter;
};
const canonical = (text: string): string => formatFilter(parsed(text));
/** A filter without its places. */
const bare = (filter: unknown): unknown => JSON.parse(JSON.stringify(filter, (key, value: unknown) => (key === "at" ? undefined : value)));

describe("reading", () => {
  test.each([
    // the selectors as they always were
    ["tag=web state=running", "tag = web and state = running"],
    ["tag=web,db state!=running mail-*", "tag in (web, db) and state != running and name = mail-*"],
    ["name=web-*", "name = web-*"],
    ["id=vm-1,vm-2", "id in (vm-1, vm-2)"],
    // the language
    [
      'vm where host.pool = "a" and state != running and tag in (web, db) and cpu.use > 80%',
      'host.pool = "a" and state != running and tag in (web, db) and cpu.use > 80%',
    ],
    ["a or b c", "a or b and c"],
    ["(a or b) c", "(a or b) and c"],
    ["NOT (state = off OR state = paused)", "not (state = off or state = paused)"],
    ["tag not in (a,b)", "tag not in (a, b)"],
    ["os is empty tag is not empty", "os is empty and tag is not empty"],
    ["memory >= 4 GiB", "memory >= 4GiB"],
    ["since > 2 days ago", "since > 2days ago"],
    ["since > 2d ago and x", "since > 2d ago and x"],
    ['name = "a\\"b" or name=\'it is\'', 'name = "a\\"b" or name = "it is"'],
    ["web, db", "web, db"],
    ["state == running", "state = running"],
    ["not = x", "not = x"],
  ])("%s is %s", (text, form) => {
    expect(canonical(text)).toBe(form);
    expect(canonical(form)).toBe(form);
  });

  test.each([
    ["state =", /expected a value, found the end/, 7],
    ["(a or b", /expected \), and or or, found the end/, 7],
    ["a or", /expected a field, a word, not or \(/, 4],
    ["tag in web", /expected \(/, 7],
    ["tag in (web", /expected , or \)/, 11],
    ["os is emtpy", /did you mean empty/, 6],
    ["a = 'x", /not closed/, 4],
    ["a <> b", /did you mean !=/, 2],
    ["a && b", /did you mean and/, 2],
    ["=x", /expected a field/, 0],
    ["a)", /expected and, or or the end, found "\)"/, 1],
    ["a\u0001", /control character/, 1],
    ["(".repeat(40), /32 deep/, 32],
    ["not ".repeat(40), /32 deep/, 128],
    [Array(130).fill("a").join(" "), /at most 128 comparisons/, 256],
    ["x".repeat(4097), /at most 4096/, 4096],
  ])("says what is wrong with %.40j and where", (text, message, at) => {
    const read = parseFilter(text);
    expect(read.ok).toBe(false);
    expect(read).toMatchObject({ at });
    expect(!read.ok && faultText(read)).toMatch(message);
  });

  it("never throws, whatever it is given, and its places are places of the text", () => {
    const piece = fc.constantFrom(
      "state",
      "=",
      "!=",
      "(",
      ")",
      " ",
      ",",
      '"',
      "\\",
      "not",
      "and",
      "in",
      "is",
      "~",
      "<",
      "80%",
      "4",
      "GiB",
      "2d",
      "ago",
      "where",
      "\u0000",
      "😀",
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: "binary" }),
          fc.array(piece, { maxLength: 30 }).map((list) => list.join("")),
        ),
        (text) => {
          const read = readFilter(text, "vm", now);
          if (!read.ok) expect(read.at >= 0 && read.at <= text.length && read.end <= text.length + 64).toBe(true);
          const { from, to } = completeFilter(text, text.length, "vm");
          expect(from <= to && to <= text.length).toBe(true);
        },
      ),
      { numRuns: 2000 },
    );
  });

  it("reads the longest filters in time that grows with their length only", () => {
    const hostile = [
      "(".repeat(2000) + ")".repeat(2000),
      "not ".repeat(1000),
      `name ~ "${"a*".repeat(2000)}"`,
      `a in (${"x,".repeat(2000)}x)`,
      "a,".repeat(2047),
      '"'.repeat(4095),
    ];
    for (const text of hostile) expect(typeof readFilter(text.slice(0, filterLimits.length), "vm", now).ok).toBe("boolean");
    // 2,000 stars against a value that nearly fits: linear, or this test never ends.
    expect(fitsPieces([...Array<string>(2000).fill("a"), "b"], "a".repeat(100_000))).toBe(false);
  });
});

const word = fc.stringMatching(/^[a-z0-9./:@_%*-]{1,8}$/).filter((text) => !["and", "or", "not", "in", "is", "where", "ago"].includes(text));
// A number alone takes a unit that follows it, so a value ends in none.
const plain = word.filter((text) => !/^-?\d+(\.\d+)?$/.test(text));
const value: fc.Arbitrary<FilterValue> = fc.oneof(
  plain.map((text) => ({ text, quoted: false, ago: false, at: 0 })),
  fc
    .string({ maxLength: 6 })
    .filter((text) => !text.includes("\u0000"))
    .map((text) => ({ text, quoted: true, ago: false, at: 0 })),
  fc.constantFrom("2d", "90s").map((text) => ({ text, quoted: false, ago: true, at: 0 })),
);
const values = fc.array(value, { minLength: 1, maxLength: 3 });
const field = fc.constantFrom("name", "host.pool", "cpu.use", "whatever");
const { tree } = fc.letrec<{ tree: Filter }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.record({ is: fc.constant("compare" as const), field, op: fc.constantFrom(...comparisons), values, at: fc.constant(0) }),
    fc.record({ is: fc.constant("empty" as const), field, not: fc.boolean(), at: fc.constant(0) }),
    values.filter((list) => list.every(({ text, quoted }) => quoted || !text.includes("*"))).map((list) => ({ is: "text" as const, values: list, at: 0 })),
    fc.record({ is: fc.constantFrom("and" as const, "or" as const), parts: fc.array(tie("tree"), { minLength: 2, maxLength: 3 }), at: fc.constant(0) }),
    fc.record({ is: fc.constant("not" as const), part: tie("tree"), at: fc.constant(0) }),
  ),
}));

it("is the same filter after it was written and read again", () => {
  fc.assert(
    fc.property(tree, (filter) => {
      expect(bare(parsed(formatFilter(filter)))).toEqual(bare(filter));
    }),
    { numRuns: 2000 },
  );
});

describe("checking", () => {
  const refused = (text: string, kind: (typeof filterKinds)[number] = "vm") => {
    const read = readFilter(text, kind, now);
    return read.ok ? undefined : faultText(read);
  };
  test.each([
    ["stat = running", 'vms have no field "stat"; did you mean state? (at character 1)'],
    ["name = a and state = runing", 'state is never "runing"; did you mean running? (at character 22)'],
    ["state > running", /has no order/],
    ["memory > 4", "memory is a size with its unit, like 512MiB or 4G; did you mean 4MiB? (at character 10)"],
    ["cpu.use > 80", /did you mean 80%/],
    ["vcpus > many", /vcpus is a number, like 4/],
    ["since > 2d", /did you mean 2d ago/],
    ["since > 2026-13-01", /is a date/],
    ["state.age > 2d ago", /is a duration/],
    ["vcpus ~ 4", /is a number; use/],
    ["vcpus < 4, 5", /takes one value/],
    ["autostart = maybe", /is true or false/],
    ["state running", /"state" is a field and needs an operator/],
    ["host where name = a", "this is about vms, not hosts (at character 1)"],
    ["vmm where name = a", /no kind "vmm"; did you mean vm/],
    ["__proto__ = a", /no field/],
    ["host.constructor = a", /no field/],
    ["cpu.use > 80%%", /a share/],
  ])("refuses %s", (text, message) => (typeof message === "string" ? expect(refused(text)).toBe(message) : expect(refused(text)).toMatch(message)));
  test.each([
    "vm where host.pool = a and datastore.available < 10GiB and network.dhcp = yes",
    "memory > 0 and disk.capacity >= 1.5T and disk.read > 10MB/s and nic.up = false",
    "since < 2026-01-01 and since != 2026-01-01 and since > now and state.age > 3weeks",
    "ip ~ 10.0. and tags is empty and stateSince > 1h ago",
    "state = run* and nic.address = 10.*.1",
  ])("takes %s", (text) => expect(refused(text)).toBeUndefined());
  it("makes times absolute and turns an age into a date", () => {
    expect(readFilter("since > 2d ago", "vm", now)).toMatchObject({ filter: { test: { any: [{ min: now - 172_800_000, minOpen: true }] } } });
    expect(readFilter("state.age > 2d", "vm", now)).toMatchObject({ filter: { field: "since", test: { any: [{ max: now - 172_800_000, maxOpen: true }] } } });
  });
  it("knows every name that it offers", () => {
    for (const kind of filterKinds) for (const name of fieldNames(kind)) expect(findField(kind, name), `${kind} ${name}`).toBeDefined();
  });
});

describe("patterns", () => {
  it("mean the same as a regular expression with .* for *", () => {
    const piece = fc.string({ unit: fc.constantFrom("a", "b", "*"), maxLength: 8 });
    fc.assert(
      fc.property(piece, fc.string({ unit: fc.constantFrom("a", "b", "A"), maxLength: 10 }), fc.boolean(), (pattern, text, fold) => {
        const expected = new RegExp(`^${pattern.replace(/\*/g, ".*")}$`, fold ? "si" : "s").test(text);
        return fitsPattern({ pieces: pattern.split("*"), fold }, text) === expected;
      }),
      { numRuns: 3000 },
    );
  });
});

describe("completion", () => {
  const words = (text: string, kind: (typeof filterKinds)[number] = "vm") => completeFilter(text, text.length, kind).candidates.map((each) => each.text);
  test.each([
    ["sta", ["state", "state.age"]],
    ["host.po", ["host.pool"]],
    ["state = ru", ["running"]],
    ["state in (running, o", ["off"]],
    ["state ", ["=", "!=", "~", "!~", "in", "not in", "is"]],
    ["memory ", ["=", "!=", "<", "<=", ">", ">=", "in", "not in", "is"]],
    ["tag is n", ["not empty"]],
    ["tag is not ", ["empty"]],
    ["state = running ", ["and", "or", ","]],
    ["(state = running ", ["and", "or", ")", ","]],
    ["tag in (a ", ["and", "or", ")", ","]],
    ["state = running and aut", ["autostart"]],
    ["state = running aut", ["autostart"]],
    ["host where state = lo", ["lost"]],
  ])("offers for %s", (text, expected) => expect(words(text)).toEqual(expect.arrayContaining(expected)));
  it("replaces what was begun, and only that", () => {
    expect(completeFilter("state = ru and x", 10, "vm")).toMatchObject({ from: 8, to: 10, candidates: [{ text: "running", type: "value" }] });
  });
  it("says whose values fit", () => {
    expect(completeFilter("host.pool = a", 13, "vm").values).toEqual({ kind: "host", field: "pool", typed: "a" });
    expect(completeFilter('tag = "we', 9, "vm")).toMatchObject({ from: 6, values: { kind: "vm", field: "tag", typed: "we" } });
  });
});
