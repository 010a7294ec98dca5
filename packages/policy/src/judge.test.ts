import { permissionNames, permissions, type Permission } from "@polyvisor/model";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { builtInRoles, conferred, judge, scopePermissions, type Asker, type Grant, type ObjectFacts, type Role, type Scope } from "./index.ts";

const roles = new Map<string, Role>(builtInRoles.map((role) => [role.id, role]));
const ann: Asker = { account: "ann", groups: ["ops"] };
const nothing: ObjectFacts = { ids: [], folders: [], tags: [], selectors: [] };
const grant = (id: string, role: string, scope: Scope, more: Partial<Grant> = {}): Grant => ({
  id,
  role,
  scope,
  subject: { kind: "account", id: "ann" },
  effect: "allow",
  ...more,
});

describe("a grant holds", () => {
  const vm: ObjectFacts = { ids: ["vm-1"], folders: ["inner", "outer"], tags: ["web"], selectors: ["s1"] };
  test.each<[string, Scope, boolean]>([
    ["on the site", { on: "site" }, true],
    ["in the folder", { on: "folder", folder: "inner" }, true],
    ["in a folder above", { on: "folder", folder: "outer" }, true],
    ["not in another", { on: "folder", folder: "other" }, false],
    ["on the tag", { on: "tag", tag: "web" }, true],
    ["not on another", { on: "tag", tag: "Web" }, false],
    ["by the selector", { on: "selector", selector: "s1" }, true],
    ["not by another", { on: "selector", selector: "s2" }, false],
    ["on the object", { on: "object", object: "vm-1" }, true],
    ["not on another object", { on: "object", object: "vm-2" }, false],
  ])("%s", (_, scope, expected) => {
    expect(judge(ann, "vm.view", vm, [grant("g", "viewer", scope)], roles).allowed).toBe(expected);
  });
  test("for the site only from the site", () => {
    expect(judge(ann, "role.administer", undefined, [grant("g", "administrator", { on: "tag", tag: "web" })], roles).allowed).toBe(false);
    expect(judge(ann, "role.administer", undefined, [grant("g", "administrator", { on: "site" })], roles).allowed).toBe(true);
  });
  test("for the members of its group and nobody else", () => {
    const ops = grant("g", "viewer", { on: "site" }, { subject: { kind: "group", id: "ops" } });
    expect(judge(ann, "vm.view", vm, [ops], roles).allowed).toBe(true);
    expect(judge({ account: "ops", groups: [] }, "vm.view", vm, [ops], roles).allowed).toBe(false);
  });
});

test("a verdict says which grants spoke, denials first", () => {
  const grants = [
    grant("a", "operator", { on: "site" }, { subject: { kind: "group", id: "ops" } }),
    grant("b", "operator", { on: "tag", tag: "locked" }, { effect: "deny" }),
    grant("c", "viewer", { on: "site" }),
  ];
  const verdict = judge(ann, "vm.power", { ...nothing, tags: ["locked"] }, grants, roles);
  expect(verdict).toEqual({
    allowed: false,
    reasons: [
      { grant: "b", effect: "deny", role: "operator", subject: { kind: "account", id: "ann" }, scope: { on: "tag", tag: "locked" } },
      { grant: "a", effect: "allow", role: "operator", subject: { kind: "group", id: "ops" }, scope: { on: "site" } },
    ],
  });
});

const some = (prefix: string) => fc.integer({ min: 0, max: 3 }).map((n) => `${prefix}${n}`);
const scopes: fc.Arbitrary<Scope> = fc.oneof(
  fc.constant<Scope>({ on: "site" }),
  some("f").map((folder): Scope => ({ on: "folder", folder })),
  some("t").map((tag): Scope => ({ on: "tag", tag })),
  some("s").map((selector): Scope => ({ on: "selector", selector })),
  some("o").map((object): Scope => ({ on: "object", object })),
);
const grants = fc.uniqueArray(
  fc.record({
    id: fc.nat(999).map(String),
    role: fc.constantFrom("viewer", "operator", "tenant-administrator", "administrator", "gone"),
    subject: fc.oneof(
      some("a").map((id) => ({ kind: "account" as const, id })),
      some("g").map((id) => ({ kind: "group" as const, id })),
    ),
    scope: scopes,
    effect: fc.constantFrom("allow" as const, "deny" as const),
  }),
  { maxLength: 12, selector: ({ id }) => id },
);
const askers = fc.record({ account: some("a"), groups: fc.uniqueArray(some("g"), { maxLength: 3 }) });
const objects = fc.option(
  fc.record({
    ids: fc.uniqueArray(some("o"), { maxLength: 2 }),
    folders: fc.uniqueArray(some("f"), { maxLength: 3 }),
    tags: fc.uniqueArray(some("t"), { maxLength: 3 }),
    selectors: fc.uniqueArray(some("s"), { maxLength: 3 }),
  }),
  { nil: undefined },
);
const asked = fc.constantFrom(...permissionNames);

describe("whatever the grants are", () => {
  const allowed = (asker: Asker, permission: Permission, object: ObjectFacts | undefined, list: Grant[]): boolean =>
    judge(asker, permission, object, list, roles).allowed;

  test("their order does not count", () => {
    fc.assert(
      fc.property(askers, asked, objects, grants, fc.infiniteStream(fc.nat()), (asker, permission, object, list, chance) => {
        const shuffled = list
          .map((each) => [chance.next().value!, each] as const)
          .sort((a, b) => a[0] - b[0])
          .map(([, each]) => each);
        expect(judge(asker, permission, object, shuffled, roles)).toEqual(judge(asker, permission, object, list, roles));
      }),
    );
  });
  test("no grant is no permission, and the answer is what its reasons say", () => {
    fc.assert(
      fc.property(askers, asked, objects, grants, (asker, permission, object, list) => {
        const { allowed: may, reasons } = judge(asker, permission, object, list, roles);
        expect(may).toBe(reasons.length > 0 && reasons.every(({ effect }) => effect === "allow"));
        expect(allowed(asker, permission, object, [])).toBe(false);
      }),
    );
  });
  test("one more that allows takes nothing away, and one more that denies gives nothing", () => {
    fc.assert(
      fc.property(askers, asked, objects, grants, grants, (asker, permission, object, list, more) => {
        const before = allowed(asker, permission, object, list);
        for (const each of more) {
          const after = allowed(asker, permission, object, [...list, { ...each, id: `more ${each.id}` }]);
          if (each.effect === "allow" && before) expect(after).toBe(true);
          if (each.effect === "deny" && !before) expect(after).toBe(false);
        }
      }),
    );
  });
  test("a denial that holds always wins", () => {
    fc.assert(
      fc.property(askers, asked, objects, grants, (asker, permission, object, list) => {
        const no: Grant = { id: "no", role: "administrator", subject: { kind: "account", id: asker.account }, scope: { on: "site" }, effect: "deny" };
        expect(allowed(asker, permission, object, [...list, no])).toBe(false);
      }),
    );
  });
  test("what a change of an object gives to anybody is among what it confers", () => {
    fc.assert(
      fc.property(askers, asked, objects, objects, grants, (asker, permission, before, after, list) => {
        const now = after ?? nothing;
        const gained = allowed(asker, permission, now, list) && !allowed(asker, permission, before ?? nothing, list);
        if (gained) expect(conferred(before, now, list, roles)).toContain(permission);
      }),
    );
  });
});

describe("built-in roles", () => {
  test("each has all of the one before", () => {
    for (const [i, role] of builtInRoles.entries())
      for (const permission of builtInRoles[i - 1]?.permissions ?? []) expect(role.permissions, role.name).toContain(permission);
  });
  test("the administrator's has everything, and nobody else's reaches the site or the host's own files", () => {
    expect(builtInRoles.at(-1)!.permissions).toEqual(permissionNames);
    for (const role of builtInRoles.slice(0, -1))
      for (const permission of role.permissions) {
        expect(permissions[permission].on, `${role.name} ${permission}`).not.toBe("site");
        expect(["vm.define", "datastore.content"]).not.toContain(permission);
      }
  });
});

test.each<["read" | "operate" | "admin" | string[], Permission[], Permission[]]>([
  ["read", ["vm.view", "audit.view"], ["vm.power", "role.administer"]],
  ["operate", ["vm.view", "vm.power", "vm.delete"], ["host.administer", "role.administer"]],
  ["admin", ["role.administer", "vm.view"], []],
  [["vm.power", "vm.explode", "toString"], ["vm.power"], ["vm.view"]],
])("a token with %j", (may, has, lacks) => {
  const got = scopePermissions(may);
  for (const each of has) expect(got).toContain(each);
  for (const each of lacks) expect(got).not.toContain(each);
});
