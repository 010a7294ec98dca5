import { contracts } from "@polyvisor/api";
import { PolyvisorError } from "@polyvisor/model";
import { expect, test } from "vitest";
import { validate, type Part } from "./validate.ts";

function refusal(schema: Parameters<typeof validate>[0], input: unknown, part: Part = "body"): PolyvisorError {
  try {
    validate(schema, input, part);
  } catch (error) {
    return error as PolyvisorError;
  }
  throw new Error("it was taken");
}

test.each([
  ["an unknown field", contracts.hostAdd.body, { uri: "qemu:///system", colour: "red" }, "/colour", /\/colour: there is no such field/],
  [
    "an unknown field deep inside",
    contracts.taskCreate.body,
    { request: { do: "vm.create", spec: { name: "a", disks: [{ size: 512, "a/b~c": 1 }] } } },
    "/request/spec/disks/0/a~1b~0c",
    /there is no such field/,
  ],
  ["a wrong type", contracts.tokenCreate.body, { name: 7 }, "/name", /expected string/],
  ["a field that is missing", contracts.tokenCreate.body, {}, "/name", /expected string, received undefined/],
  ["no body", contracts.tokenCreate.body, undefined, "the body", /the body: expected object/],
  ["an unknown request", contracts.taskCreate.body, { request: { do: "vm.explode" } }, "/request/do", /is none of .*vm\.start/],
  ["the wrong one of two forms", contracts.sessionCreate.body, { name: "admin", passPhrase: 3 }, "/passPhrase", /expected string/],
])("%s is named by its place", (_, schema, input, where, detail) => {
  const error = refusal(schema, input);
  expect(error.code).toBe("badRequest");
  expect(error.where).toBe(where);
  expect(error.detail).toMatch(detail);
});

test("a query's field is named as such", () => {
  expect(refusal(contracts.vmList.query, { limit: "0" }, "query").where).toBe("query limit");
  expect(refusal(contracts.vmList.query, { limit: "1", page: "2" }, "query").where).toBe("query page");
  expect(validate(contracts.vmList.query, { limit: "7" }, "query")).toMatchObject({ limit: 7 });
});

test("what was sent is never repeated: it may be a secret", () => {
  const secret = "correct horse battery staple";
  expect(JSON.stringify(refusal(contracts.sessionCreate.body, { name: "admin", passPhrase: [secret] }))).not.toContain(secret);
  expect(JSON.stringify(refusal(contracts.accountPassPhrase.body, { new: { secret } }))).not.toContain(secret);
});

test("a thousand faults make an answer of bounded length", () => {
  const input = Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`field${i}${"x".repeat(1000)}`, i]));
  expect(refusal(contracts.tokenCreate.body, { name: "a", ...input }).detail.length).toBeLessThan(2_000);
});
