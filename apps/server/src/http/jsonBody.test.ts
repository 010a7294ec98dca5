import { expect, test } from "vitest";
import { readJson } from "./jsonBody.ts";

test("reads JSON", () => {
  expect(readJson('{"a":[1,"__proto__"]}')).toEqual({ a: [1, "__proto__"] });
  expect(readJson(JSON.stringify({ notes: 'it says "__proto__": 1' }))).toEqual({ notes: 'it says "__proto__": 1' });
});

test.each([
  ["nothing", "", /empty/],
  ["a prototype", '{"__proto__":{"admin":true}}', /__proto__/],
  ["a prototype in disguise", '{"\\u005f_proto_\\u005F" : {}}', /__proto__/],
  ["half of it", '{"a":', /not JSON/],
  ["five million brackets", "[".repeat(5e6), /not JSON/],
])("refuses %s", (_, text, message) => {
  expect(() => readJson(text)).toThrow(message);
});

test("says where, and repeats nothing", () => {
  const body = '{"passPhrase":"correct horse" "x"}';
  expect(() => readJson(body)).toThrow(/at character 31/);
  expect(() => readJson(body)).not.toThrow(/horse/);
});
