import type { Event, Task, Vm } from "@polyvisor/model";
import { expect, it } from "vitest";
import { EventSieve } from "./eventSieve.ts";

const vm = (id: string, revision: number): Vm => ({ kind: "vm", id, revision, name: id }) as Vm;
let last = 0;
const changed = (object: Vm | Task, fields: string[] = ["state"]): Event => ({
  id: String(++last),
  at: "",
  type: "changed",
  kind: object.kind,
  objectId: object.id,
  fields,
  object,
});

it("lets through the latest of what the page keeps, and of the rest only that it changed", () => {
  const sieve = new EventSieve();
  sieve.keep([{ id: "vm-a", revision: 1 }]);
  for (let i = 2; i < 500; i++) {
    sieve.take(changed(vm("vm-a", i)));
    sieve.take(changed(vm("vm-b", i), ["memory"]));
  }
  const batch = sieve.flush()!;
  expect(batch.objects).toEqual([vm("vm-a", 499)]);
  expect(batch.touched).toEqual([{ kind: "vm", fields: ["state", "memory"], membership: false }]);
  expect(sieve.flush()).toBeUndefined();
});

it("says what had changed already when the page took it up", () => {
  const sieve = new EventSieve();
  sieve.take(changed(vm("vm-a", 5)));
  sieve.take(changed(vm("vm-b", 5)));
  sieve.flush();
  sieve.keep([
    { id: "vm-a", revision: 4 },
    { id: "vm-b", revision: 5 },
  ]);
  expect(sieve.flush()!.behind).toEqual(["vm-a"]);
});

it("gives tasks without what only an open one needs", () => {
  const sieve = new EventSieve();
  const task = { kind: "task", id: "t-a", revision: 1, title: "start", plan: { steps: [] }, steps: [] } as unknown as Task;
  sieve.take(changed(task));
  expect(sieve.flush()!.objects).toEqual([{ kind: "task", id: "t-a", revision: 1, title: "start" }]);
  sieve.keep([task]);
  sieve.take(changed({ ...task, revision: 2 }));
  expect(sieve.flush()!.objects).toEqual([{ ...task, revision: 2 }]);
});

it("feeds events where they are wanted, and counts what is too much", () => {
  const sieve = new EventSieve();
  sieve.take(changed(vm("vm-a", 1)));
  expect(sieve.flush()!.feed).toEqual([]);
  sieve.wantsFeed = true;
  for (let i = 0; i < 250; i++) sieve.take(changed(vm("vm-a", i)));
  const batch = sieve.flush()!;
  expect(batch.feed).toHaveLength(200);
  expect(batch.unfed).toBe(50);
  expect(batch.feed.at(-1)).toEqual({ id: String(last), at: "", type: "changed", kind: "vm", objectId: "vm-a", fields: ["state"], name: "vm-a" });
});

it("forgets everything by a reset", () => {
  const sieve = new EventSieve();
  sieve.take(changed(vm("vm-a", 9)));
  sieve.take({ id: "9", at: "", type: "reset", kind: "host", objectId: "*", fields: [] });
  const batch = sieve.flush()!;
  expect(batch.reset).toBe(true);
  expect(batch.touched).toEqual([]);
  sieve.keep([{ id: "vm-a", revision: 1 }]);
  expect(sieve.flush()).toBeUndefined();
});
