import type { Vm } from "@polyvisor/model";
import fc from "fast-check";
import { beforeEach, describe, expect, test } from "vitest";
import { aDatastore, aHost, aNetwork, aVm } from "../lab/sampleObjects.ts";
import { Estate } from "./estate.ts";
import { filterOf } from "./filterOf.ts";

const filterFor = (text: string) => filterOf(text, "vm", "test");

let estate: Estate;
beforeEach(() => {
  estate = new Estate();
  estate.put(aHost("h-1", { name: "one" }));
  estate.put(aHost("h-2", { name: "two" }));
});

describe("find", () => {
  beforeEach(() => {
    estate.put(aVm("vm-1", "h-1", { name: "web", nativeId: "u1" }));
    estate.put(aVm("vm-2", "h-2", { name: "web", nativeId: "u2" }));
  });
  test.each([
    ["vm-1", "vm-1"],
    ["u2", "vm-2"],
    ["one/web", "vm-1"],
    ["h-2/web", "vm-2"],
  ])("takes %s", (ref, id) => expect(estate.find("vm", ref).id).toBe(id));
  test("says where the others are when a name fits several", () => expect(() => estate.find("vm", "web")).toThrow(/fits 2 vms: one\/web, two\/web/));
  test("says what is not there", () => expect(() => estate.find("vm", "three/web")).toThrow(/there is no vm "three\/web"/));
  test("follows a rename and forgets the old name", () => {
    estate.put(aVm("vm-1", "h-1", { name: "db", nativeId: "u1" }));
    expect(estate.find("vm", "db").id).toBe("vm-1");
    expect(estate.find("vm", "web").id).toBe("vm-2");
  });
});

test("counts, memory and hosts follow every change", () => {
  estate.put(aVm("vm-1", "h-1", { state: "running", memory: { current: 5, max: 9 } }));
  estate.put(aVm("vm-2", "h-1", { state: "paused", memory: { current: 7, max: 9 } }));
  expect([estate.counts().running, estate.counts().paused, estate.memoryInUse("h-1")]).toEqual([1, 1, 12]);
  estate.put(aVm("vm-1", "h-2", { state: "running", memory: { current: 6, max: 9 } }));
  expect([estate.memoryInUse("h-1"), estate.memoryInUse("h-2")]).toEqual([7, 6]);
  expect([...estate.ofHost("vm", "h-2")]).toEqual(["vm-1"]);
  estate.delete("vm", "vm-2");
  expect([estate.counts().paused, estate.memoryInUse("h-1"), estate.ofHost("vm", "h-1").size]).toEqual([0, 0, 0]);
});

const vmArbitrary = fc.record({
  id: fc.integer({ min: 0, max: 40 }).map((n) => `vm-${n}`),
  name: fc.constantFrom("a", "b", "web-1", "web-2", "db", "x*y"),
  state: fc.constantFrom("running" as const, "off" as const, "paused" as const),
  hostId: fc.constantFrom("h-1", "h-2"),
  tags: fc.uniqueArray(fc.constantFrom("web", "db", "old"), { maxLength: 3 }),
});
const put = (target: Estate, { id, hostId, ...more }: { id: string; hostId: string } & Partial<Vm>): void => target.put(aVm(id, hostId, more));

test("pages neither repeat nor leave out what did not change meanwhile", () => {
  fc.assert(
    fc.property(
      fc.array(vmArbitrary, { minLength: 5, maxLength: 60 }),
      fc.array(fc.array(vmArbitrary, { maxLength: 4 }), { maxLength: 12 }),
      fc.integer({ min: 1, max: 7 }),
      fc.constantFrom("name", "-name", "state", "-memory"),
      fc.constantFrom("name=*", "state=running,off", "tag=web"),
      (vms, meanwhile, limit, sort, filter) => {
        const fresh = new Estate();
        for (const vm of vms) put(fresh, vm);
        const before = new Set(fresh.select("vm", filterFor(filter)).map((vm) => vm.id));
        const touched = new Set<string>();
        const seen: string[] = [];
        let cursor: string | undefined;
        for (let round = 0; ; round++) {
          const page = fresh.page("vm", { filter: filterFor(filter), sort, limit, cursor });
          seen.push(...page.items.map((vm) => vm.id));
          cursor = page.next;
          if (cursor === undefined) break;
          for (const vm of meanwhile[round] ?? []) {
            touched.add(vm.id);
            if (vm.name === "x*y") fresh.delete("vm", vm.id);
            else put(fresh, vm);
          }
        }
        const quiet = [...before].filter((id) => !touched.has(id));
        for (const id of quiet) expect(seen.filter((each) => each === id)).toEqual([id]);
      },
    ),
  );
});

test.each([
  ["nothing", "sorted by"],
  ["-toString", "sorted by"],
])("sorting by %s is refused with what is possible", (sort, text) => expect(() => estate.page("vm", { sort, limit: 1 })).toThrow(text));
test.each(["", "x", "bm90IGpzb24", Buffer.from('["-name","a","b"]').toString("base64url")])("the cursor %s is refused", (cursor) =>
  expect(() => estate.page("vm", { sort: "name", limit: 1, cursor })).toThrow(/cursor/),
);

test("VMs are found by the datastore that holds their disks, however the disk is told", () => {
  estate.put(aDatastore("ds-1", "h-1", { name: "fast", path: "/srv/fast" }));
  const disk = { target: "vda", device: "disk", bus: "virtio", format: "qcow2", readOnly: false, shareable: false } as const;
  estate.put(aVm("vm-1", "h-1", { disks: [{ ...disk, source: "/srv/fast/a.qcow2", sourceKind: "file" }] }));
  estate.put(aVm("vm-2", "h-1", { disks: [{ ...disk, source: "fast/b.qcow2", sourceKind: "volume" }] }));
  estate.put(aVm("vm-3", "h-1", { disks: [{ ...disk, source: "/srv/slow/c.qcow2", sourceKind: "file" }] }));
  estate.put(aNetwork("net-1", "h-1"));
  expect(estate.select("vm", filterFor("datastore=fast")).map((vm) => vm.id)).toEqual(["vm-1", "vm-2"]);
});
