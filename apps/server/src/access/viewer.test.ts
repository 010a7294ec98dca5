import { permissionNames, type Datastore, type Event, type Host, type Permission, type Vm } from "@polyvisor/model";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { EstateKind, EstateObject } from "../controlPlane.ts";
import { Estate } from "../estate/estate.ts";
import { filterOf } from "../estate/filterOf.ts";
import { tellBefore } from "../events/eventBefore.ts";
import type { Caller } from "../identity/tokenCache.ts";
import { aDatastore, aHost, aNetwork, aVm } from "../lab/sampleObjects.ts";
import { FolderTree } from "./folderTree.ts";
import { Rights, type KeptGrant } from "./rights.ts";
import { shownTo } from "./seenEvents.ts";
import { viewOf } from "./seenEstate.ts";
import { Viewer } from "./viewer.ts";

const kinds = ["vm", "host", "datastore", "network"] as const;
const folders = new FolderTree([
  { id: "f-top", name: "top", revision: 1 },
  { id: "f-in", parent: "f-top", name: "in", revision: 1 },
  { id: "f-b", name: "b", revision: 1 },
]);
const ann: Caller = { accountId: "a-ann", account: "ann", tokenId: "t", use: "session", groups: ["g-ops"] };
let next = 0;
const grant = (role: string, scope: KeptGrant["scope"], more: Partial<KeptGrant> = {}): KeptGrant => ({
  id: `grant-${next++}`,
  role,
  scope,
  subject: { kind: "account", id: ann.accountId },
  effect: "allow",
  createdAt: "2026-01-01T00:00:00.000Z",
  ...more,
});
const viewerOf = (estate: Estate, grants: KeptGrant[], more: Partial<Caller> = {}): Viewer =>
  new Viewer({ ...ann, ...more }, new Rights([], grants, folders), estate);

const scopes: fc.Arbitrary<KeptGrant["scope"]> = fc.oneof(
  fc.constant<KeptGrant["scope"]>({ on: "site" }),
  fc.constantFrom("f-top", "f-in", "f-b", "f-gone").map((folder) => ({ on: "folder" as const, folder })),
  fc.constantFrom("a", "b", "none").map((tag) => ({ on: "tag" as const, tag })),
  fc.constantFrom("vm-1", "h-1", "ds-2", "net-1", "gone").map((object) => ({ on: "object" as const, object })),
  fc
    .constantFrom(
      "vm where name = web-*",
      "vm where not tag = a",
      "vm where host.tag = b",
      "host where tag = a",
      "host where pool = x or folder = f-b",
      "datastore where name = fast",
      "vm where host = one",
    )
    .map((selector) => ({ on: "selector" as const, selector })),
);
const grants = fc.array(
  fc.record({
    role: fc.constantFrom("viewer", "operator", "tenant-administrator", "administrator"),
    scope: scopes,
    effect: fc.constantFrom("allow" as const, "allow" as const, "deny" as const),
    subject: fc.constantFrom<KeptGrant["subject"]>({ kind: "account", id: "a-ann" }, { kind: "group", id: "g-ops" }, { kind: "account", id: "a-bob" }),
  }),
  { maxLength: 5 },
);
const place = fc.option(fc.constantFrom("f-top", "f-in", "f-b"), { nil: undefined });
const tags = fc.uniqueArray(fc.constantFrom("a", "b", "pool:x"), { maxLength: 2 });
const vms = fc.array(fc.record({ name: fc.constantFrom("web-1", "web-2", "db"), hostId: fc.constantFrom("h-1", "h-2"), tags, folder: place }), {
  maxLength: 12,
});
const hosts = fc.tuple(fc.record({ tags, folder: place }), fc.record({ tags, folder: place }));
const scopeOf = fc.option(
  fc.record({
    may: fc.constantFrom<"read" | "operate" | "admin" | string[]>("read", "operate", "admin", ["vm.power", "vm.view"]),
    filter: fc.option(fc.constantFrom("tag = a", "host where name = one", "vm where name = web-*", "no such"), { nil: undefined }),
  }),
  { nil: undefined },
);

function estateOf(list: Partial<Vm>[], [one, two]: [Partial<Host>, Partial<Host>]): Estate {
  const estate = new Estate();
  estate.put(aHost("h-1", { name: "one", ...one }));
  estate.put(aHost("h-2", { name: "two", ...two }));
  for (const n of [1, 2]) {
    estate.put(aDatastore(`ds-${n}`, `h-${n}`, { name: n === 1 ? "fast" : "slow" }));
    estate.put(aNetwork(`net-${n}`, `h-${n}`));
  }
  list.forEach((vm, i) => estate.put(aVm(`vm-${i}`, vm.hostId!, vm)));
  return estate;
}
const everything = (estate: Estate): EstateObject[] => kinds.flatMap((kind) => [...estate.tables[kind].byId.values()] as EstateObject[]);

test("what the indexes say of all objects is what the policy says of each", () => {
  fc.assert(
    fc.property(vms, hosts, grants, scopeOf, fc.constantFrom(...permissionNames), (list, both, given, scope, permission) => {
      const estate = estateOf(list, both);
      const viewer = viewerOf(
        estate,
        given.map((each, i) => grant(each.role, each.scope, { ...each, id: `g${i}` })),
        scope ? { scope } : {},
      );
      for (const kind of kinds) {
        const bits = viewer.bits(kind, permission);
        for (const object of estate.tables[kind].byId.values()) {
          const may = viewer.may(permission, object as EstateObject);
          expect(bits ? bits.has(estate.tables[kind].slotOf(object.id)!) : true, `${permission} on ${object.id}`).toBe(may);
        }
      }
      if (viewer.everywhere(permission)) for (const object of everything(estate)) expect(viewer.may(permission, object)).toBe(true);
    }),
    { numRuns: 400 },
  );
});

const filters = [
  "name = *",
  "web",
  "tag = a or tag = b",
  "host = two",
  "host.name = two",
  "host.memory > 1GiB",
  "datastore = slow",
  "not host.tag = b",
  "notes ~ x",
  "name = web-* and host = one",
];

describe("what may not be seen changes nothing", () => {
  const seenAs = (estate: Estate): string => {
    // Ann sees what is tagged a or is in the folder top, and the first host.
    const viewer = viewerOf(estate, [
      grant("viewer", { on: "tag", tag: "a" }),
      grant("viewer", { on: "folder", folder: "f-top" }),
      grant("viewer", { on: "object", object: "h-1" }),
    ]);
    const seen = viewer.estate;
    const attempt = (ask: () => unknown): unknown => {
      try {
        return ask();
      } catch (error) {
        return String(error);
      }
    };
    const out: unknown[] = [seen.counts()];
    for (const kind of kinds) {
      out.push(seen.page(kind, { limit: 2 }), seen.page(kind, { limit: 3, sort: "-id" }));
      for (const ref of ["web-1", "web-2", "two", "two/web-1", "one/db", "h-2", "vm-0", "vm-hidden-0", "slow", "native-vm-hidden-1"])
        out.push(attempt(() => seen.find(kind, ref)));
      for (const field of ["name", "tag", "host", "folder", "datastore"]) out.push(seen.fieldValues(kind, field, "", 20));
    }
    for (const filter of filters) out.push(attempt(() => seen.page("vm", { filter: filterOf(filter, "vm", "test"), limit: 100 })));
    for (const filter of ["vm.count > 0", "memory.granted > 0B", "vm.count = 1"])
      out.push(attempt(() => seen.page("host", { filter: filterOf(filter, "host", "test"), limit: 100 })));
    return JSON.stringify(out);
  };
  test("in lists, counts, look-ups, completion and filters", () => {
    const hidden = fc.array(
      fc.record({
        name: fc.constantFrom("web-1", "db", "secret"),
        hostId: fc.constantFrom("h-1", "h-2"),
        tags: fc.uniqueArray(fc.constantFrom("b", "z"), { maxLength: 2 }),
        folder: fc.option(fc.constant("f-b"), { nil: undefined }),
        notes: fc.constantFrom("x", ""),
        state: fc.constantFrom("running" as const, "off" as const),
      }),
      { maxLength: 8 },
    );
    const shown = fc.array(
      fc.record({
        name: fc.constantFrom("web-1", "web-2", "db"),
        hostId: fc.constantFrom("h-1", "h-2"),
        tags: fc.constantFrom<string[][]>(["a"], ["a", "b"]),
        folder: place,
      }),
      { maxLength: 6 },
    );
    const other = fc.record({ tags: fc.constantFrom<string[]>([], ["b"], ["z"]), uri: fc.constantFrom("test://x/", "test://y/") });
    fc.assert(
      fc.property(shown, hidden, hidden, other, other, (list, some, others, two, three) => {
        const build = (extra: Partial<Vm>[], second: Partial<Host>): Estate => {
          const estate = new Estate();
          extra.slice(0, 2).forEach((vm, i) => estate.put(aVm(`vm-hidden-${i}`, vm.hostId!, vm)));
          for (const object of everything(estateOf(list, [{}, second]))) estate.put(object);
          extra.slice(2).forEach((vm, i) => estate.put(aVm(`vm-hidden-${i + 2}`, vm.hostId!, vm)));
          return estate;
        };
        expect(seenAs(build(some, two))).toBe(seenAs(build(others, three)));
      }),
      { numRuns: 120 },
    );
  });
});

describe("events", () => {
  const estate = estateOf([], [{}, {}]);
  const viewer = viewerOf(estate, [grant("viewer", { on: "tag", tag: "a" }), grant("operator", { on: "tag", tag: "locked" }, { effect: "deny" })]);
  const event = (type: Event["type"], before: Vm | undefined, after: Vm | undefined, fields: string[] = []): Event => {
    const made: Event = {
      id: "7",
      at: "2026-01-01T00:00:00.000Z",
      type,
      kind: "vm",
      objectId: "vm-9",
      fields,
      by: "bob",
      origin: "api 10.0.0.9",
      taskId: "t-1",
    };
    if (after) made.object = after;
    tellBefore(made, before);
    return made;
  };
  const mine = aVm("vm-9", "h-1", { tags: ["a"] });
  const others = aVm("vm-9", "h-1", { tags: ["b"] });
  test.each<[string, Event, Partial<Event> | undefined]>([
    ["of what one sees are told", event("changed", mine, mine, ["state"]), { type: "changed", fields: ["state"], object: mine }],
    ["of others are not", event("changed", others, others, ["state"]), undefined],
    ["of what comes into sight are a beginning", event("changed", others, mine, ["tags"]), { type: "created", fields: [], object: mine }],
    ["of what leaves it are an end without a word more", event("changed", mine, others, ["tags"]), { type: "deleted", fields: [] }],
    ["of an end are told to who saw it", event("deleted", mine, undefined), { type: "deleted" }],
    ["of another's end are not", event("deleted", others, undefined), undefined],
    ["of another's beginning are not", event("created", undefined, others), undefined],
  ])("%s", (_, given, expected) => {
    const shown = shownTo(viewer, given);
    if (!expected) expect(shown).toBeUndefined();
    else expect(shown).toMatchObject(expected);
    if (expected?.type === "deleted") expect(shown).not.toHaveProperty("object");
    expect(shown?.taskId).toBeUndefined();
  });
  test("do not say what nobody remembers: the reader reads anew", () => {
    const forgotten: Event = { id: "8", at: "2026-01-01T00:00:00.000Z", type: "deleted", kind: "vm", objectId: "vm-8", fields: [] };
    expect(shownTo(viewer, forgotten)).toMatchObject({ type: "reset" });
  });
  test("of tasks go to who ordered them", () => {
    const task = (by: string): Event => ({
      id: "9",
      at: "",
      type: "changed",
      kind: "task",
      objectId: "t-1",
      fields: [],
      object: { kind: "task", by } as never,
    });
    expect(shownTo(viewer, task("ann"))).toBeDefined();
    expect(shownTo(viewer, task("bob"))).toBeUndefined();
  });
});

describe("nobody gives himself or others what he does not have", () => {
  const tenant = grant("tenant-administrator", { on: "folder", folder: "f-top" });
  const vm = aVm("vm-1", "h-1", { folder: "f-top" });
  const cases: [string, KeptGrant[], Partial<Vm>, Vm, boolean][] = [
    ["a tag that nobody's grant goes by", [tenant], { tags: ["x"] }, vm, true],
    ["a tag that gives him more than he has", [tenant, grant("administrator", { on: "tag", tag: "gold" })], { tags: ["gold"] }, vm, false],
    [
      "a tag that gives another what he has himself",
      [tenant, grant("operator", { on: "tag", tag: "ops" }, { subject: { kind: "group", id: "g-x" } })],
      { tags: ["ops"] },
      vm,
      true,
    ],
    [
      "a tag that gives another what he lacks",
      [tenant, grant("administrator", { on: "tag", tag: "t" }, { subject: { kind: "group", id: "g-x" } })],
      { tags: ["t"] },
      vm,
      false,
    ],
    [
      "the loss of a tag that denies",
      [tenant, grant("operator", { on: "tag", tag: "locked" }, { effect: "deny" })],
      { tags: [] },
      { ...vm, tags: ["locked"] },
      false,
    ],
    ["a folder of another", [tenant], { folder: "f-b" }, vm, false],
    ["a folder within his own", [tenant], { folder: "f-in" }, vm, true],
    ["a name that a selector goes by", [tenant, grant("administrator", { on: "selector", selector: "vm where name = prod-*" })], { name: "prod-1" }, vm, false],
  ];
  test.each(cases)("%s", (_, given, patch, before, allowed) => {
    const viewer = viewerOf(estateOf([], [{}, {}]), given);
    const change = (): void => viewer.mustNotWiden("vm.organise", before, { ...before, ...patch });
    if (allowed) expect(change).not.toThrow();
    else expect(change).toThrow(/rights|vm\.organise/);
  });
});

test("this machine's own command line may do everything, whatever is denied", () => {
  const estate = estateOf([{ name: "web-1", hostId: "h-1" }], [{}, {}]);
  const viewer = viewerOf(estate, [grant("administrator", { on: "site" }, { effect: "deny" })], { use: "local" });
  for (const permission of permissionNames as Permission[]) expect(viewer.everywhere(permission)).toBe(true);
  expect(viewer.estate.get("vm", "vm-0")).toBeDefined();
});

test("a datastore is its host's: a grant on the host holds for it", () => {
  const estate = estateOf([], [{ tags: ["a"] }, {}]);
  const viewer = viewerOf(estate, [grant("viewer", { on: "tag", tag: "a" })]);
  const seen = (kind: EstateKind): string[] => viewer.estate.page(kind, { limit: 10 }).items.map(({ id }) => id);
  expect([seen("host"), seen("datastore"), seen("network"), seen("vm")]).toEqual([["h-1"], ["ds-1"], ["net-1"], []]);
  expect(viewOf.datastore).toBe("datastore.view");
  expect((viewer.estate.get("datastore", "ds-1") as Datastore).hostId).toBe("h-1");
});
