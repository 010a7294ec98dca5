import { expect, it } from "vitest";
import { changedParts } from "./changedParts.ts";

const parts = (field: string, before: unknown, after: unknown) => changedParts([{ field, before, after }]).parts;

it("names of a list only the elements that differ, and in them only what does", () => {
  const nic = { mac: "52:54:00:00:00:01", linkUp: true, addresses: ["10.0.0.1"], hostInterface: "vnet2" };
  const other = { mac: "52:54:00:00:00:02", linkUp: true, addresses: [] };
  expect(parts("nics", [nic, other], [other, { mac: nic.mac, linkUp: true, addresses: [] }])).toEqual([
    { path: ["nics", nic.mac, "addresses"], before: ["10.0.0.1"] },
    { path: ["nics", nic.mac, "hostInterface"], before: "vnet2" },
  ]);
  expect(parts("nics", [other], [other, nic])).toEqual([{ path: ["nics", nic.mac], after: nic }]);
});

it("tells of plain lists what came and went", () => {
  expect(parts("tags", ["a", "b"], ["b", "c"])).toEqual([{ path: ["tags"], before: ["a"], after: ["c"] }]);
  expect(parts("tags", undefined, ["c"])).toEqual([{ path: ["tags"], after: ["c"] }]);
});

it("leaves out what only repeats that something changed", () => {
  expect(
    changedParts([
      { field: "stateSince", before: "a", after: "b" },
      { field: "state", before: "running", after: "off" },
    ]).parts,
  ).toEqual([{ path: ["state"], before: "running", after: "off" }]);
});

it("is short about something long, and says so", () => {
  const many = Array.from({ length: 500 }, (_, i) => ({ name: `volume-${i}`, size: 1 }));
  const { parts: shown, more } = changedParts([{ field: "volumes", before: [], after: many }]);
  expect([shown.length, shown.length + more]).toEqual([60, 500]);
});
