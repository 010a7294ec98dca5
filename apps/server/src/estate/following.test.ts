import fc from "fast-check";
import { expect, test } from "vitest";
import { aDatastore, aHost, aVm, aVolume } from "../lab/sampleObjects.ts";
import { Estate } from "./estate.ts";
import { ObjectTable } from "./objectTable.ts";

const wish = fc.record({
  n: fc.integer({ min: 0, max: 600 }),
  state: fc.constantFrom("off" as const, "running" as const),
  name: fc.constantFrom("web", "db", "x"),
});
const step = fc.oneof(
  fc.record({ do: fc.constant("put" as const), wish }),
  fc.record({ do: fc.constant("delete" as const), n: fc.integer({ min: 0, max: 600 }) }),
  fc.record({ do: fc.constant("follow" as const), turns: fc.integer({ min: 1, max: 40 }) }),
  fc.record({ do: fc.constant("ask" as const), what: fc.constantFrom("state", "name", "parts", "order") }),
);
const vmOf = ({ n, state, name }: { n: number; state: "off" | "running"; name: string }) =>
  aVm(`vm-${n}`, "h-1", { state, name: `${name}-${n % 7}`, revision: n });

/** All that a table answers by its indexes. */
function answers(table: ObjectTable<"vm">): unknown {
  const ids = (slots: Iterable<number>): string[] => Array.from(slots, (slot) => table.idOf(slot)).sort();
  return {
    states: ["off", "running"].map((state) => ids(table.indexes.state.slots(state))),
    names: [...table.indexes.name.values()].sort().map((name) => ids(table.indexes.name.slots(name))),
    parts: ids(table.parts["name"]!.candidates(["", "eb-", ""], table.room)!.bits),
    letters: table.mayHold("os", { pieces: ["q"], fold: true }),
    order: table
      .order("name")!
      .pick(table.all(), false, 2_000)
      .map((slot) => table.idOf(slot)),
    since: table.order("stateSince")!.size,
  };
}

test("indexes that follow the objects of a start answer what those do that were there from the beginning, whenever they are asked", () => {
  fc.assert(
    fc.property(fc.array(wish, { maxLength: 700 }), fc.array(step, { maxLength: 30 }), (first, steps) => {
      const before = new ObjectTable("vm");
      const after = new ObjectTable("vm");
      after.followLater();
      for (const each of first) for (const table of [before, after]) table.put(vmOf(each));
      const following = after.follow();
      for (const each of steps) {
        if (each.do === "put") for (const table of [before, after]) table.put(vmOf(each.wish));
        else if (each.do === "delete") for (const table of [before, after]) table.delete(`vm-${each.n}`);
        else if (each.do === "follow") for (let turn = 0; turn < each.turns; turn++) following.next();
        else if (each.what === "order") void after.order("name");
        else if (each.what === "parts") void after.parts["name"];
        else void after.indexes[each.what];
      }
      expect(answers(after)).toEqual(answers(before));
      for (const _ of following);
      expect(answers(after)).toEqual(answers(before));
    }),
    { numRuns: 60 },
  );
});

test("who uses a datastore or a network is known after a start, whenever it is asked", () => {
  const disks = [
    { target: "vda", device: "disk", bus: "virtio", format: "raw", source: "/srv/d-1/a", sourceKind: "file", readOnly: false, shareable: false },
  ] as const;
  for (const asked of ["before", "during", "after"]) {
    const estate = new Estate();
    estate.tables.vm.followLater();
    estate.put(aHost("h-1"));
    estate.put(aDatastore("d-1", "h-1"));
    for (let n = 0; n < 600; n++) estate.put(aVm(`vm-${n}`, "h-1", n % 2 === 0 ? { disks: [...disks] } : {}));
    const users = (): number => {
      const bits = estate.tables.vm.none();
      estate.relations.ofDatastore(estate.get("datastore", "d-1")!, bits);
      return bits.count();
    };
    if (asked === "before") expect(users()).toBe(300);
    const following = estate.tables.vm.follow();
    for (let turn = 0; turn < 20; turn++) following.next();
    if (asked === "during") expect(users()).toBe(300);
    estate.put(aVm("vm-1", "h-1", { disks: [...disks] }));
    estate.delete("vm", "vm-0");
    for (const _ of following);
    expect(users()).toBe(300);
  }
});

test("what many objects have alike is in memory once, and stays what it was", () => {
  const estate = new Estate();
  estate.put(aHost("h-1"));
  estate.put(aHost("h-2"));
  const consoles = (): ReturnType<typeof aVm>["consoles"] => [{ kind: "vnc", alias: "a screen" }];
  const first = aVm("vm-1", "h-1", { consoles: consoles() });
  estate.put(first);
  estate.put(aVm("vm-2", "h-2", { consoles: consoles(), memory: { current: 5, max: 9 } }));
  for (const id of ["d-1", "d-2"])
    estate.put(
      aDatastore(id, "h-1", { type: "netfs", name: "shared", path: "/srv/shared", nativeId: id, volumes: [aVolume("shared", "a"), aVolume("shared", "b")] }),
    );
  const [one, two] = ["vm-1", "vm-2"].map((id) => estate.get("vm", id)!) as [typeof first, typeof first];
  expect(one.consoles).toBe(two.consoles);
  expect(one.tags).toBe(two.tags);
  expect(estate.get("host", "h-1")!.features).toBe(estate.get("host", "h-2")!.features);
  expect(estate.get("datastore", "d-1")!.volumes).toBe(estate.get("datastore", "d-2")!.volumes);
  expect(two).toEqual(aVm("vm-2", "h-2", { consoles: consoles(), memory: { current: 5, max: 9 } }));
  estate.put(aDatastore("d-2", "h-1", { type: "netfs", name: "shared", path: "/srv/shared", nativeId: "d-2", volumes: [aVolume("shared", "a")] }));
  expect(estate.get("datastore", "d-1")!.volumes).toHaveLength(2);
});
