import { hostSchema, vmSchema } from "@polyvisor/model";
import { describe, expect, test } from "vitest";
import { entityTag, ifMatchRevision, noneMatch, projection } from "./entity.ts";

describe("fields", () => {
  const vm = {
    id: "vm-1",
    name: "web",
    memory: { current: 1, max: 2 },
    disks: [
      { target: "vda", bus: "virtio" },
      { target: "vdb", bus: "scsi" },
    ],
    notes: "",
  };

  test.each([
    ["name", { id: "vm-1", name: "web" }],
    ["name, memory.max", { id: "vm-1", name: "web", memory: { max: 2 } }],
    ["memory.max,memory", { id: "vm-1", memory: { current: 1, max: 2 } }],
    ["memory,memory.max", { id: "vm-1", memory: { current: 1, max: 2 } }],
    ["disks.target", { id: "vm-1", disks: [{ target: "vda" }, { target: "vdb" }] }],
    ["title", { id: "vm-1" }],
    ["", { id: "vm-1" }],
  ])("%s", (fields, expected) => {
    expect(projection(fields, vmSchema)!(vm)).toEqual(expected);
  });

  test.each(["nope", "memory.nope", "__proto__", "constructor", "name.length", "toString", "a.b.c.d.e"])("%s is refused by name", (field) => {
    expect(() => projection(`name,${field}`, vmSchema)).toThrow(`"${field}"`);
  });

  test("fields of a table go through whatever they are called", () => {
    expect(projection("connection.failure.code", hostSchema)!({ id: "h", connection: { state: "lost", failure: { code: "x", detail: "y" } } })).toEqual({
      id: "h",
      connection: { failure: { code: "x" } },
    });
  });
});

test("If-Match takes our own tags", () => {
  expect(ifMatchRevision(undefined)).toBeUndefined();
  expect(ifMatchRevision("*")).toBeUndefined();
  expect(ifMatchRevision(entityTag(12))).toBe(12);
  expect(ifMatchRevision('W/"12"')).toBe(12);
  for (const wrong of ["12", '"x"', '"1","2"', "", '"-1"', `"${"9".repeat(40)}"`]) expect(() => ifMatchRevision(wrong), wrong).toThrow(/If-Match/);
});

test("If-None-Match finds its tag in a list", () => {
  expect(noneMatch('"1", W/"2"', '"2"')).toBe(true);
  expect(noneMatch('"1"', '"2"')).toBe(false);
  expect(noneMatch(undefined, '"2"')).toBe(false);
});
