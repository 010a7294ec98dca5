import { expect, it } from "vitest";
import { judge, verdictOf, type Entry, type Verdict } from "./storm/ledger.ts";
import { Random } from "./storm/random.ts";
import { readXml, textAt, all } from "./storm/readXml.ts";
import type { StormHost } from "./storm/stormHost.ts";

const entry = (verb: string, verdict: Verdict, from = 0, to = from): Entry => ({ task: "t", verb: `vm.${verb}`, vm: "a", verdict, from, to, message: "" });
const faults = (entries: Entry[], events: string[], driver: "test" | "qemu" = "test"): number =>
  judge(
    { name: "h", driver, epoch: 0, diedBySelf: new Set(), witnessed: events.map((event) => ({ epoch: 0, vm: "a", event })) } as unknown as StormHost,
    entries,
  ).length;

it("each effect is one step's: one too many, too few or out of order is a fault", () => {
  const entries = [entry("create", "done"), entry("start", "done"), entry("destroy", "not"), entry("pause", "done")];
  const events = ["Defined Added", "Started Booted", "Defined Updated", "Suspended Paused"];
  expect(faults(entries, events)).toBe(0);
  expect(faults(entries, [...events, "Resumed Unpaused"])).toBe(1);
  expect(faults(entries, events.slice(0, -1))).toBe(1);
  expect(faults(entries, events.toReversed())).toBe(1);
  expect(faults(entries, ["Defined Added", "Started Booted", "Stopped Destroyed", "Started Booted", "Suspended Paused"])).toBe(1);
});

it("a step whose outcome is unknown has its effect once or not at all", () => {
  const entries = [entry("start", "maybe"), entry("destroy", "done")];
  expect(faults(entries, ["Stopped Destroyed"])).toBe(0);
  expect(faults(entries, ["Started Booted", "Stopped Destroyed"])).toBe(0);
  expect(faults(entries, ["Started Booted", "Started Booted", "Stopped Destroyed"])).toBe(1);
  expect(faults([entry("start", "maybe")], ["Resumed Unpaused"], "qemu")).toBe(0);
  expect(faults([entry("start", "done")], ["Resumed Unpaused"], "qemu")).toBe(1);
  expect(faults([entry("start", "done", 0, 1)], [])).toBe(0); // its daemon died under it
});

it("what a step says of its effect", () => {
  const step = { n: 1, progress: 1 };
  expect(verdictOf({ ...step, state: "succeeded", message: "started" })).toBe("done");
  expect(verdictOf({ ...step, state: "succeeded", message: "was so already" })).toBe("not");
  expect(verdictOf({ ...step, state: "failed", failure: { code: "wrongState", detail: "", remedy: "" } })).toBe("not");
  expect(verdictOf({ ...step, state: "failed", failure: { code: "hostTimeout", detail: "", remedy: "" } })).toBe("maybe");
  expect(verdictOf({ ...step, state: "interrupted" })).toBe("maybe");
});

it("a seed and a name fix the choices", () => {
  const choices = (key: string): number[] => Array.from({ length: 8 }, (_, i) => new Random(key).fork(String(i)).int(1, 1_000));
  expect(choices("storm 1")).toEqual(choices("storm 1"));
  expect(choices("storm 1")).not.toEqual(choices("storm 2"));
  const random = new Random("x");
  const counts = { a: 0, b: 0, c: 0 };
  for (let i = 0; i < 1_000; i++) counts[random.weighted({ a: 3, b: 1, c: 0 })]++;
  expect(counts.c).toBe(0);
  expect(counts.a).toBeGreaterThan(counts.b);
});

it("XML as virsh prints it", () => {
  const root = readXml(
    "<?xml version='1.0'?><!-- <x> --><domain id='1'><name>a &lt;&amp;&#233;&gt;</name><devices><disk a=\"it's\"/><disk/></devices></domain>",
  );
  expect(textAt(root, "name")).toBe("a <&é>");
  expect(all(root, "devices", "disk").map((disk) => disk.attributes["a"])).toEqual(["it's", undefined]);
  expect(root.attributes["id"]).toBe("1");
});
