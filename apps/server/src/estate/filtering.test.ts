import { fieldNames, filterKinds, findField, formatFilter, checkFilter, faultText, type Filter, type FilterKind } from "@polyvisor/api";
import type { Disk, Nic } from "@polyvisor/model";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { EstateObject } from "../controlPlane.ts";
import { aDatastore, aHost, aNetwork, aVm, aVolume } from "../lab/sampleObjects.ts";
import { Estate } from "./estate.ts";
import { fieldReaders } from "./fields.ts";
import { filterOf } from "./filterOf.ts";
import { isLoadField } from "./presentLoads.ts";
import { examineAtMost } from "./selection.ts";

const now = Date.parse("2026-11-21T12:00:00Z");
const GiB = 1024 ** 3;

const hostIds = ["h-1", "h-2", "h-3"];
const diskArbitrary: fc.Arbitrary<Disk> = fc
  .record({
    target: fc.constantFrom("vda", "sdb"),
    device: fc.constantFrom("disk" as const, "cdrom" as const),
    bus: fc.constantFrom("virtio" as const, "ide" as const),
    format: fc.constantFrom("raw" as const, "qcow2" as const),
    source: fc.constantFrom(undefined, "/srv/ds-h-1/a.qcow2", "/dev/vg/lv1", "fast/b", "/elsewhere/c"),
    sourceKind: fc.constantFrom("file" as const, "volume" as const),
    readOnly: fc.boolean(),
    shareable: fc.constant(false),
    capacity: fc.constantFrom(undefined, GiB, 20 * GiB),
  })
  .map(({ source, capacity, ...disk }) => ({ ...disk, ...(source === undefined ? {} : { source }), ...(capacity === undefined ? {} : { capacity }) }));
const nicArbitrary: fc.Arbitrary<Nic> = fc.record({
  mac: fc.constantFrom("52:54:00:00:00:01", "52:54:00:00:00:02"),
  kind: fc.constantFrom("network" as const, "bridge" as const),
  source: fc.constantFrom("default", "br0"),
  linkUp: fc.boolean(),
  addresses: fc.subarray(["10.0.0.1", "10.0.0.12", "fe80::1"]),
});
const names = ["a", "b", "web-1", "WEB-2", "db", "x*y", "Σας", "İ", "", "webweb", "l".repeat(600)];
const vmArbitrary = fc.record({
  id: fc.integer({ min: 0, max: 25 }).map((n) => `vm-${n}`),
  hostId: fc.constantFrom(...hostIds),
  name: fc.constantFrom(...names),
  state: fc.constantFrom("running" as const, "off" as const, "paused" as const),
  stateSince: fc.constantFrom(0, 1, 3600, 86_400, 172_800).map((s) => new Date(now - s * 1000).toISOString()),
  tags: fc.subarray(["web", "db", "old"]),
  notes: fc.constantFrom("", "ask anna", "web"),
  os: fc.constantFrom("debian12", "win"),
  memory: fc.constantFrom(GiB, 4 * GiB).map((current) => ({ current, max: 4 * GiB })),
  vcpus: fc.constantFrom(1, 4).map((current) => ({ current, max: 4 })),
  disks: fc.array(diskArbitrary, { maxLength: 2 }),
  nics: fc.array(nicArbitrary, { maxLength: 2 }),
  load: fc.option(fc.record({ cpu: fc.constantFrom(0, 0.5, 1, undefined), memoryUsed: fc.constantFrom(0, GiB), age: fc.constantFrom(0, 59_000, 61_000) })),
});
type VmWish = typeof vmArbitrary extends fc.Arbitrary<infer T> ? T : never;

function putVm(estate: Estate, { load, id, hostId, ...more }: VmWish): void {
  estate.put(aVm(id, hostId, more));
  if (load) estate.setLoad("vm", id, { at: now - load.age, seconds: 20, memoryUsed: load.memoryUsed, ...(load.cpu === undefined ? {} : { cpu: load.cpu }) });
}

function estateOf(vms: readonly VmWish[], gone: readonly number[]): Estate {
  const estate = new Estate({ now: () => now, loadKeptMs: 60_000 });
  estate.put(aHost("h-1", { name: "one", tags: ["pool:a", "rack 1"] }));
  estate.put(
    aHost("h-2", {
      name: "two",
      tags: ["pool=b"],
      connection: { state: "lost", since: new Date(now - 3_600_000).toISOString(), failure: { code: "hostTimeout", detail: "", remedy: "" } },
    }),
  );
  const { facts: _facts, ...bare } = aHost("h-3", { name: "web-host" });
  estate.put(bare);
  for (const id of hostIds) {
    estate.put(aDatastore(`ds-${id}`, id, { allocation: id === "h-2" ? 90 * GiB : 0 }));
    estate.put(aDatastore(`fast-${id}`, id, { name: "fast", path: "/dev/vg", type: "logical", volumes: [aVolume("x", "lv1")] }));
    estate.put(aNetwork(`net-${id}`, id, { name: "default", forward: id === "h-1" ? "nat" : "route" }));
  }
  // Its volumes lie elsewhere than in its folder.
  const { path: _path, ...pathless } = aDatastore("lvm", "h-1", { name: "lvm", type: "logical", volumes: [{ ...aVolume("x", "c"), path: "/elsewhere/c" }] });
  estate.put(pathless);
  estate.setLoad("host", "h-1", { at: now, seconds: 20, cpu: 3.9, memoryUsed: GiB });
  for (const vm of vms) putVm(estate, vm);
  for (const n of gone) estate.delete("vm", `vm-${n}`);
  return estate;
}

const someValue: Record<string, readonly string[]> = {
  text: [
    "a",
    "web-1",
    "web*",
    "*e*",
    "*",
    "default",
    "fast",
    "one",
    "h-1",
    "running",
    "web",
    "vm-3",
    "native-vm-4",
    "10.0.*",
    "52:54:00:00:00:01",
    "/srv/*",
    "l*l",
    "σ",
    "i",
    "ΣΑΣ",
    "b-",
    "lll",
  ],
  number: ["0", "1", "2", "4", "0.5"],
  bytes: ["0", "1GiB", "4GiB", "10G"],
  rate: ["0", "1MiB/s"],
  percent: ["0%", "25%", "50%", "100%"],
  date: ["now", "2026-11-21", "2026-11-20T12:00:00Z", "2026-11-21T11:59:59.000Z"],
  duration: ["1s", "1h", "2d"],
};

/** Any filter over any field of a kind. */
function filterArbitrary(kind: FilterKind): fc.Arbitrary<Filter> {
  const value = (text: string, quoted: boolean) => ({ text, quoted, ago: false, at: 0 });
  const compare: fc.Arbitrary<Filter> = fc.constantFrom(...fieldNames(kind)).chain((field): fc.Arbitrary<Filter> => {
    const { row } = findField(kind, field)!;
    const textual = row.type === "text" || row.type === "enum" || row.type === "boolean";
    const texts = row.values ?? someValue[row.type]!;
    if (textual)
      return fc.record({
        is: fc.constant("compare" as const),
        field: fc.constant(field),
        op: fc.constantFrom("=" as const, "!=" as const, "~" as const, "!~" as const),
        values: fc.array(
          fc.record({ text: fc.constantFrom(...texts), quoted: fc.boolean() }).map(({ text, quoted }) => value(text, quoted)),
          { minLength: 1, maxLength: 2 },
        ),
        at: fc.constant(0),
      });
    return fc.record({
      is: fc.constant("compare" as const),
      field: fc.constant(field),
      op: fc.constantFrom("=" as const, "!=" as const, "<" as const, "<=" as const, ">" as const, ">=" as const),
      values: fc.constantFrom(...texts).map((text) => [value(text, false)]),
      at: fc.constant(0),
    });
  });
  const { tree } = fc.letrec<{ tree: Filter }>((tie) => ({
    tree: fc.oneof(
      { maxDepth: 3, withCrossShrink: true },
      { weight: 5, arbitrary: compare },
      {
        weight: 1,
        arbitrary: fc.record({ is: fc.constant("empty" as const), field: fc.constantFrom(...fieldNames(kind)), not: fc.boolean(), at: fc.constant(0) }),
      },
      {
        weight: 1,
        arbitrary: fc
          .constantFrom("we", "10.0.0.1", "52:", "one", "vm-2", "x*y", "ΣΑΣ", "")
          .map((text) => ({ is: "text" as const, values: [value(text, true)], at: 0 })),
      },
      {
        weight: 2,
        arbitrary: fc.record({
          is: fc.constantFrom("and" as const, "or" as const),
          parts: fc.array(tie("tree"), { minLength: 2, maxLength: 3 }),
          at: fc.constant(0),
        }),
      },
      { weight: 1, arbitrary: fc.record({ is: fc.constant("not" as const), part: tie("tree"), at: fc.constant(0) }) },
    ),
  }));
  return tree;
}

const ids = (objects: Iterable<EstateObject>): string[] => Array.from(objects, ({ id }) => id).sort();

test.each(filterKinds)("any filter of %ss gives what looking at every object would give", (kind) => {
  fc.assert(
    fc.property(
      fc.array(vmArbitrary, { maxLength: 40 }),
      fc.array(fc.nat(25), { maxLength: 5 }),
      fc.array(filterArbitrary(kind), { minLength: 5, maxLength: 5 }),
      (vms, gone, filters) => {
        const estate = estateOf(vms, gone);
        for (const written of filters) {
          const read = checkFilter(written, kind, now);
          if (!read.ok) throw new Error(`${formatFilter(written)}: ${faultText(read)}`);
          const expected = ids([...estate.tables[kind].byId.values()].filter((object: EstateObject) => estate.fits(object, read.filter)));
          expect(ids(estate.select(kind, read.filter)), formatFilter(written)).toEqual(expected);
          const page = estate.page(kind, { filter: read.filter, limit: 1000, sort: "-name" });
          expect([ids(page.items), page.total]).toEqual([expected, expected.length]);
        }
      },
    ),
    { numRuns: 150 },
  );
});

test("every field that a filter may name can be read, and every one that is read may be named", () => {
  const estate = estateOf([], []);
  for (const kind of filterKinds) {
    for (const field of Object.keys(fieldReaders[kind])) expect(findField(kind, field)?.name, `${kind} ${field}`).toBe(field);
    const derived = new Set(["id", "host", "vm.count", "memory.granted", "state.age", ...(kind === "vm" ? ["datastore"] : [])]);
    for (const field of fieldNames(kind)) {
      const { name, through } = findField(kind, field)!;
      if (!through && !derived.has(name) && !isLoadField(name)) expect(Object.keys(fieldReaders[kind]), `${kind} ${field}`).toContain(name);
    }
  }
  expect(estate.valuesOf(estate.get("host", "h-1")!, "pool")).toEqual(["a"]);
});

describe("of 20,000 VMs", () => {
  const count = 20_000;
  const hosts = 200;
  const estate = new Estate({ now: () => now });
  for (let h = 0; h < hosts; h++) estate.put(aHost(`h-${h}`, { name: `host-${h}`, tags: [`pool:${h % 10}`] }));
  for (let h = 0; h < hosts; h++) estate.put(aDatastore(`ds-${h}`, `h-${h}`, { name: "images", path: "/srv/images" }));
  for (let h = 0; h < hosts; h++) estate.put(aNetwork(`net-${h}`, `h-${h}`, { name: "default", forward: h === 7 ? "route" : "nat" }));
  for (let i = 0; i < count; i++) {
    const id = `vm-${String(i).padStart(5, "0")}`;
    estate.put(
      aVm(id, `h-${i % hosts}`, {
        name: `${i % 100 === 0 ? "web" : "node"}-${String(i).padStart(5, "0")}`,
        state: i % 1000 === 0 ? "paused" : "running",
        tags: i % 50 === 0 ? ["db"] : [],
        memory: { current: ((i % 16) + 1) * GiB, max: 16 * GiB },
        stateSince: new Date(now - i * 60_000).toISOString(),
        notes: i === 77 ? "ask anna" : "",
        disks: [
          {
            target: "vda",
            device: "disk",
            bus: "virtio",
            format: "qcow2",
            source: `/srv/images/${i}.qcow2`,
            sourceKind: "file",
            readOnly: false,
            shareable: false,
          },
        ],
        nics: [
          {
            mac: `52:54:00:00:${(i >> 8).toString(16).padStart(2, "0")}:${(i & 255).toString(16).padStart(2, "0")}`,
            kind: "network",
            source: "default",
            linkUp: true,
            addresses: [`10.0.${i >> 8}.${i & 255}`],
          },
        ],
      }),
    );
    if (i % 10 === 0) estate.setLoad("vm", id, { at: now, seconds: 20, cpu: (i % 1000) / 1000 });
  }
  const limit = 100;
  /** What a page costs beside what it shows: the objects that are sorted where few fit. */
  const perPage = 512 + limit + 1;

  test.each<[string, number, number?]>([
    ["", count],
    ["state = running", 19_980],
    ["state != running", 20],
    ["not (tag = db or state = paused)", 19_600],
    ["tag = db and state = running and memory > 8GiB", 190],
    ["memory >= 2GiB", 18_750],
    ["name = web-*", 200],
    ["name ~ EB-0", 100],
    ["name ~ 0012", 12],
    ["name ~ e", count],
    ["host.pool = 3 and tag is empty", 2_000, 20],
    ["host = host-7 and state = running", 100, 1],
    ["datastore = images and host.name = host-7", 100, 201],
    ["network.forward = route", 100, 1],
    ["since > 1h ago", 60],
    ["state.age > 7d and state.age < 8d", 1_439],
    ["cpu.use > 80%", 380],
    ["cpu.use is empty", 18_000],
    ["nic.address = 10.0.1.*", 256],
    ["disk.source ~ /1234.q", 1],
    ["web-00100", 1],
    ["id = vm-00077", 1],
    ["host = host-7 and notes ~ anna", 0, 101],
  ])("%s finds %i and examines few objects", (text, total, more = 0) => {
    const filter = filterOf(text, "vm", "test", now);
    for (const sort of ["name", "-name", "-memory", "stateSince"]) {
      estate.figures.examined = 0;
      expect(estate.page("vm", { filter, sort, limit }).total).toBe(total);
      expect(estate.figures.examined).toBeLessThanOrEqual(perPage + more);
    }
  });

  test("a bulk request examines what it finds, and stops at its limit", () => {
    estate.figures.examined = 0;
    expect(estate.select("vm", filterOf("tag = db", "vm", "test", now)).length).toBe(400);
    expect(estate.figures.examined).toBe(400);
    estate.figures.examined = 0;
    expect(estate.select("vm", filterOf("state = running", "vm", "test", now), 1000).length).toBe(1001);
    expect(estate.figures.examined).toBe(1001);
  });

  test("what has no index is looked at within a bound, and refused past it with what to do", () => {
    expect(estate.page("vm", { filter: filterOf("notes ~ anna", "vm", "test", now), limit }).items.map(({ id }) => id)).toEqual(["vm-00077"]);
    expect(examineAtMost).toBe(count);
    estate.put(aVm("vm-more", "h-1"));
    expect(() => estate.page("vm", { filter: filterOf("notes ~ anna", "vm", "test", now), limit })).toThrow(/20001 vms to look at; 20000 is the limit/);
    expect(estate.page("vm", { filter: filterOf("notes ~ anna and state = running", "vm", "test", now), limit }).total).toBe(1);
    estate.delete("vm", "vm-more");
  });
});
