import { describe, expect, it } from "vitest";
import { actionSchema, type Verb } from "./action.ts";
import { featureNames, featureTable, features } from "./feature.ts";
import { verbs } from "./verbs.ts";
import { planSchema } from "./plan.ts";
import { vmSpecSchema, vmSpecWishSchema } from "./vmSpec.ts";

const uuid = "c7a5fdbd-edaf-9455-926a-d65c16db1809";
const named = actionSchema.options.map((option) => option.shape.verb.value);

describe("actions", () => {
  it("have one row in the table of verbs each, and there is no other", () => {
    expect([...named].sort()).toEqual((Object.keys(verbs) as Verb[]).sort());
    expect(new Set(named).size).toBe(named.length);
  });

  it("need a feature that exists, and are told in words", () => {
    for (const [verb, row] of Object.entries(verbs)) {
      expect(featureNames, verb).toContain(row.feature);
      expect(row.words, verb).toMatch(/^[a-z]/);
    }
  });

  it("name what a repeat could make twice", () => {
    const shapeOf = (verb: Verb): string[] => Object.keys(actionSchema.options.find((option) => option.shape.verb.value === verb)!.shape);
    const identity: Partial<Record<Verb, string>> = {
      "vm.create": "vm",
      "vm.define": "vm",
      "vm.clone": "to",
      "vm.snapshot": "name",
      "volume.create": "volume",
      "datastore.create": "name",
    };
    for (const [verb, field] of Object.entries(identity)) {
      expect(shapeOf(verb as Verb), verb).toContain(field);
      const schema = actionSchema.options.find((option) => option.shape.verb.value === verb)!;
      expect(
        (schema.shape as Record<string, { safeParse(value: unknown): { success: boolean } }>)[field]!.safeParse(undefined).success,
        `${verb} works without ${field}`,
      ).toBe(false);
    }
  });

  it("take no field that they do not know", () => {
    for (const verb of named)
      expect(
        actionSchema.safeParse({ verb, unknownField: 1 }).error?.issues.some((issue) => issue.code === "unrecognized_keys"),
        verb,
      ).toBe(true);
  });

  it("fill in what may be left out", () => {
    expect(actionSchema.parse({ verb: "vm.start", vm: uuid })).toEqual({ verb: "vm.start", vm: uuid, paused: false });
    expect(actionSchema.parse({ verb: "vm.shutdown", vm: uuid })).toMatchObject({ timeoutSeconds: 300 });
  });

  it("are bounded", () => {
    const bad: unknown[] = [
      { verb: "vm.start", vm: "" },
      { verb: "vm.start", vm: "x".repeat(256) },
      { verb: "vm.create", vm: "not-a-uuid", spec: { name: "a" } },
      { verb: "vm.define", vm: uuid, definition: "x".repeat(4 * 1024 ** 2 + 1) },
      { verb: "vm.rename", vm: uuid, name: "a/b" },
      { verb: "vm.setMemory", vm: uuid, current: -1, apply: "now" },
      { verb: "vm.setMemory", vm: uuid, current: 2 ** 60, apply: "now" },
      { verb: "vm.setVcpus", vm: uuid, current: 0, apply: "now" },
      { verb: "vm.setVcpus", vm: uuid, current: 1, apply: "sometime" },
      { verb: "vm.shutdown", vm: uuid, timeoutSeconds: 0 },
      { verb: "vm.sendKeys", vm: uuid, keys: [] },
      { verb: "volume.create", datastore: "d", volume: "../up", capacity: 1 },
      { verb: "datastore.create", name: "d", type: "dir", path: "relative" },
      { verb: "vm.explode", vm: uuid },
    ];
    for (const action of bad) expect(actionSchema.safeParse(action).success, JSON.stringify(action).slice(0, 80)).toBe(false);
  });

  it("are the steps of a plan", () => {
    const step = { n: 1, target: { kind: "vm", name: "web1" }, action: { verb: "vm.start", vm: uuid }, reasons: [], after: [] };
    expect(planSchema.safeParse({ title: "t", reason: "r", steps: [step], expect: [], warnings: [] }).success).toBe(true);
  });
});

describe("features", () => {
  it("are each needed by a verb, a call or a list, and told in words", () => {
    for (const [name, words] of Object.entries(features)) {
      expect(name).toMatch(/^[a-z]+(\.[a-zA-Z]+)*$/);
      expect(words.length).toBeGreaterThan(5);
    }
  });
  it("are all in a table, those that are missing with their reason", () => {
    const table = featureTable({ "vm.wake": "no ACPI" });
    expect(Object.keys(table).sort()).toEqual([...featureNames].sort());
    expect(table["vm.wake"]).toEqual({ supported: false, reason: "no ACPI" });
    expect(Object.values(table).filter((each) => !each.supported)).toHaveLength(1);
  });
});

describe("a VM's specification", () => {
  it("needs a name alone", () => {
    expect(vmSpecSchema.parse({ name: "a" })).toMatchObject({ vcpus: 1, firmware: "bios", disks: [], acceleration: "auto" });
    expect(vmSpecSchema.safeParse({}).success).toBe(false);
  });
  it("leaves a wish as it was wished", () => {
    expect(vmSpecWishSchema.parse({ name: "a" })).toEqual({ name: "a" });
    expect(vmSpecWishSchema.parse({ name: "a", vcpus: 4 })).toEqual({ name: "a", vcpus: 4 });
    expect(vmSpecWishSchema.safeParse({ name: "a", vcpus: 0 }).success).toBe(false);
    expect(vmSpecWishSchema.safeParse({ name: "a", colour: "red" }).success).toBe(false);
  });
});
