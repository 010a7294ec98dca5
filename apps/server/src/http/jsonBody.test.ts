import { expect, test } from "vitest";
import { readJson } from "./jsonBody.ts";

test("reads JSON", () => {
  expect(readJson('{"a":[1,"__proto__"]}')).toEqual({ a: [1, "__proto__"] });
  expect(readJson(`${"[".repeat(64)}"]]\\"[[[["${"]".repeat(64)}`)).toBeInstanceOf(Array); // brackets in a text are no depth
  expect(readJson(JSON.stringify({ notes: 'it says "__proto__": 1' }))).toEqual({ notes: 'it says "__proto__": 1' });
});

test.each([
  ["nothing", "", /empty/],
  ["a prototype", '{"__proto__":{"admin":true}}', /__proto__/],
  ["a prototype in disguise", '{"\\u005f_proto_\\u005F" : {}}', /__proto__/],
  ["half of it", '{"a":', /not JSON/],
  ["five million brackets", "[".repeat(5e6), /deeper than 64/],
  ["65 of anything", '{"a":['.repeat(32) + "[".repeat(1) + "]".repeat(1) + "]}".repeat(32), /deeper than 64/],
])("refuses %s", (_, text, message) => {
  expect(() => readJson(text)).toThrow(message);
});

test("says where, and repeats nothing", () => {
  const body = '{"passPhrase":"correct horse" "x"}';
  expect(() => readJson(body)).toThrow(/at character 31/);
  expect(() => readJson(body)).not.toThrow(/horse/);
});
