import { expect, it } from "vitest";
import { merged } from "./useMergedForm.ts";

it("follows others in what was not touched, and keeps what was", () => {
  expect(merged({ name: "theirs", size: "2G" }, { size: { saw: "2G", mine: "4G" } })).toEqual({
    values: { name: "theirs", size: "4G" },
    changed: ["size"],
    conflicts: [],
  });
});

it("names a field that both changed, with all three values", () => {
  expect(merged({ size: "3G" }, { size: { saw: "2G", mine: "4G" } }).conflicts).toEqual([{ key: "size", saw: "2G", theirs: "3G", mine: "4G" }]);
});

it("sees no conflict where both wrote the same", () => {
  expect(merged({ size: "4G" }, { size: { saw: "2G", mine: "4G" } })).toEqual({ values: { size: "4G" }, changed: [], conflicts: [] });
});
