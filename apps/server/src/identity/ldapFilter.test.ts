import { expect, test } from "vitest";
import { escapeFilterValue, filterOf } from "./ldapFilter.ts";

test.each([
  ["alice", "alice"],
  ["*", "\\2a"],
  ["a*)(uid=*))(|(uid=*", "a\\2a\\29\\28uid=\\2a\\29\\29\\28|\\28uid=\\2a"],
  ["back\\slash", "back\\5cslash"],
  ["nul\0", "nul\\00"],
  ["Zo\u00eb", "Zo\u00eb"],
])("%s in a filter is %s", (value, escaped) => {
  expect(escapeFilterValue(value)).toBe(escaped);
});

test("a value is never read as a place for another, and an unknown place stays", () => {
  expect(filterOf("(&(uid={name})(x={dn})(y={other}))", { name: "{dn}", dn: "cn=a(b)" })).toBe("(&(uid={dn})(x=cn=a\\28b\\29)(y={other}))");
  expect(filterOf("(uid={constructor})", {})).toBe("(uid={constructor})");
});
