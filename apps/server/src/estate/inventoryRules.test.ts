import type { VmFacts } from "@polyvisor/model";
import { beforeEach, describe, expect, test } from "vitest";
import { Draft } from "../events/draft.ts";
import { aHost, aVm } from "../lab/sampleObjects.ts";
import { Estate } from "./estate.ts";
import { onlyFacts } from "./facts.ts";
import { InventoryRules } from "./inventoryRules.ts";

let estate: Estate;
let rules: InventoryRules;
let now: number;
let count: number;
beforeEach(() => {
  now = Date.parse("2026-01-01T12:00:00Z");
  count = 0;
  estate = new Estate();
  estate.put(aHost("h-a"));
  estate.put(aHost("h-b"));
  rules = new InventoryRules({ now: () => now, newId: (kind) => `${kind}-new${++count}` });
});

/** Runs a change as the journal does; gives what would be told. */
function change(mutation: (draft: Draft) => void): string[] {
  const draft = new Draft(estate);
  draft.attempt(mutation);
  for (const [id, object] of draft.finals()) {
    if (object) estate.put(object);
    else estate.delete("vm", id);
  }
  return draft.changes.map((each) => `${each.type} ${each.object.id}${each.fields?.length ? ` ${each.fields.join()}` : ""}`);
}
const facts = (more: Partial<VmFacts> = {}): VmFacts => ({ ...onlyFacts("vm", aVm("x", "h")), nativeId: "uuid", name: "web", ...more });
const appear = (host: string, more?: Partial<VmFacts>): string[] => change((draft) => rules.upsert(draft, "vm", host, facts(more), {}));
const vanish = (host: string): string[] => change((draft) => rules.remove(draft, "vm", host, "uuid", {}));
const onlyVm = () => [...estate.tables.vm.byId.values()][0]!;

test("only what really changed is told", () => {
  expect(appear("h-a")).toEqual(["created vm-new1"]);
  expect(appear("h-a")).toEqual([]);
  expect(appear("h-a", { name: "db", autostart: true })).toEqual(["changed vm-new1 name,autostart"]);
  expect(onlyVm().revision).toBe(2);
});

test("since when it is in its state moves with the state alone", () => {
  appear("h-a");
  const first = onlyVm().stateSince;
  now += 5000;
  appear("h-a", { name: "other" });
  expect(onlyVm().stateSince).toBe(first);
  appear("h-a", { name: "other", state: "running" });
  expect(onlyVm().stateSince).toBe(new Date(now).toISOString());
});

describe("a VM that goes to another host keeps its id, tags and notes", () => {
  beforeEach(() => {
    appear("h-a");
    estate.put({ ...onlyVm(), tags: ["prod"], notes: "mine" });
  });
  const expectMoved = (): void => {
    expect(estate.tables.vm.byId.size).toBe(1);
    expect(onlyVm()).toMatchObject({ id: "vm-new1", hostId: "h-b", tags: ["prod"], notes: "mine" });
  };
  test("when it vanishes first", () => {
    expect(vanish("h-a")).toEqual(["deleted vm-new1"]);
    expect(appear("h-b")).toEqual(["created vm-new1"]);
    expectMoved();
    expect(onlyVm().revision).toBe(2);
  });
  test("when it appears first", () => {
    expect(appear("h-b")).toEqual(["created vm-new2"]);
    expect(vanish("h-a")).toEqual(["deleted vm-new2", "changed vm-new1 hostId"]);
    expectMoved();
  });
  test("when its former host is only heard of much later", () => {
    appear("h-b");
    now += 3_600_000;
    change((draft) => rules.keepOnly(draft, "h-a", { vm: new Set(), datastore: new Set(), network: new Set() }));
    expectMoved();
  });
  test("at once, when a task moves it", () => {
    expect(change((draft) => rules.beginMove(draft, "uuid", { from: "h-a", to: "h-b", taskId: "t" }))).toEqual(["changed vm-new1 moving"]);
    rules = new InventoryRules({ now: () => now, newId: (kind) => `${kind}-new${++count}` }); // another server's: it is in the document
    expect(appear("h-b", { state: "paused" })).toEqual(["changed vm-new1 hostId,state"]);
    expect(appear("h-a", { state: "paused" })).toEqual([]); // its former host does not count any more
    expect(vanish("h-a")).toEqual([]);
    expect(change((draft) => rules.endMove(draft, "uuid", "t"))).toEqual(["changed vm-new1 moving"]);
    expectMoved();
    expect(onlyVm().moving).toBeUndefined();
  });
});

test("two with one UUID that coexist stay two", () => {
  appear("h-a");
  appear("h-b");
  appear("h-a", { name: "renamed" });
  expect([...estate.tables.vm.byId.keys()]).toEqual(["vm-new1", "vm-new2"]);
  vanish("h-b");
  expect(onlyVm()).toMatchObject({ id: "vm-new1", hostId: "h-a", name: "renamed" });
});

test("one that comes back much later is a new one", () => {
  appear("h-a");
  vanish("h-a");
  now += 61_000;
  expect(appear("h-b")).toEqual(["created vm-new2"]);
});

test("changes of a host that was forgotten change nothing", () => expect(appear("h-gone")).toEqual([]));

test("of what is gone so many are taken out at once, and it is said whether there is more", () => {
  for (let i = 0; i < 5; i++) appear("h-a", { nativeId: `uuid-${i}`, name: `vm-${i}` });
  const present = { vm: new Set(["uuid-3"]), datastore: new Set<string>(), network: new Set<string>() };
  const answers: [number, boolean][] = [];
  for (let more = true; more;) answers.push([change((draft) => void (more = rules.keepOnly(draft, "h-a", present, 2))).length, more]);
  expect(answers).toEqual([
    [2, true],
    [2, false],
  ]);
  expect([...estate.tables.vm.byId.values()].map((vm) => vm.name)).toEqual(["vm-3"]);
});
