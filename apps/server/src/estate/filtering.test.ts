import { fieldNames, filterKinds, findField, formatFilter, checkFilter, faultText, type Filter, type FilterKind } from "@polyvisor/api";
import type { Disk, Nic } from "@polyvisor/model";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { EstateObject } from "../controlPlane.ts";
import { aDatastore, aHost, aNetwork, aVm, aVolume } from "../lab/sampleObjects.ts";
import { Estate } from "./estate.ts";
import { fieldReaders } from "./fields.ts";
import { fieldValues } from "./fieldValues.ts";
import { filterOf } from "./filterOf.ts";
import type { Indexed } from "./plan.ts";
import { isLoadField } from "./presentLoads.ts";
import { select } from "./selection.ts";

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

test("values that begin like a text are offered, and only those of objects that may be seen", () => {
  const estate = estateOf([], []);
  expect(estate.fieldValues("host", "tag", "PO", 10)).toEqual(["pool:a", "pool=b"]);
  expect(estate.fieldValues("vm", "host", "", 10)).toEqual(["one", "two", "web-host"]);
  expect(estate.fieldValues("vm", "datastore", "f", 10)).toEqual(["fast"]);
  expect(estate.fieldValues("host", "name", "t", 10)).toEqual(["two"]);
  const one = select(estate.tables.host, filterOf("host = one", "host", "test"), estate);
  const seen: Indexed = Object.assign(Object.create(estate) as Estate, {
    visible: (kind: string) => (kind === "host" ? one : undefined),
    valuesOf: (object: EstateObject, field: string) => estate.valuesOf(object, field),
  });
  expect(fieldValues("host", "tag", "", 10, seen)).toEqual(["pool:a", "rack 1"]);
  expect(fieldValues("vm", "host", "", 10, seen)).toEqual(["one"]);
  expect(estate.fieldValues("vm", "constructor", "", 10)).toEqual([]);
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
