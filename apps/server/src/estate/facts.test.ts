import fc from "fast-check";
import { expect, test } from "vitest";
import { aVm } from "../lab/sampleObjects.ts";
import { changedFacts, clean, onlyFacts, same, withFacts } from "./facts.ts";

test("two values are the same exactly when their JSON is, whatever the order of fields", () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.jsonValue(), (a, b) => {
      expect(same(a, structuredClone(a))).toBe(true);
      const canonical = (value: unknown): unknown =>
        Array.isArray(value)
          ? value.map(canonical)
          : value !== null && typeof value === "object"
            ? Object.entries(value)
                .sort(([x], [y]) => (x < y ? -1 : 1))
                .map(([key, item]) => [key, canonical(item)])
            : value;
      if (
        JSON.stringify(a) !== JSON.stringify(b) &&
        JSON.stringify(canonical(a)) !== JSON.stringify(canonical(b)) &&
        !Object.is(a, -0) &&
        !JSON.stringify([a, b]).includes("{}")
      )
        expect(same(a, b)).toBe(false);
    }),
  );
});
test("an absent field and undefined are the same", () => expect(same({ a: 1, b: undefined }, { a: 1 })).toBe(true));

test("only facts that differ are told, and one that went is taken away", () => {
  const known = aVm("vm-1", "h-1", { title: "old", os: "debian" });
  const { title: _title, ...rest } = known;
  const facts = { ...onlyFacts("vm", rest), name: "new" };
  const fields = changedFacts("vm", known, facts);
  expect(fields).toEqual(["name", "title"]);
  const after = withFacts(known, facts, fields);
  expect(after).not.toHaveProperty("title");
  expect(after).toMatchObject({ name: "new", os: "debian", id: "vm-1" });
  expect(after.disks).toBe(known.disks); // what did not change is not copied
});

test("what an adapter left on the facts does not get into the estate", () => {
  expect(onlyFacts("vm", { ...aVm("vm-1", "h-1"), extra: 1 } as never)).not.toHaveProperty("extra");
});

test("text that the store cannot keep is made one that it can; all other values stay the very same", () => {
  const good = { a: ["x", { b: "😀" }], c: 1, d: null };
  expect(clean(good)).toBe(good);
  expect(clean({ a: "x\u0000y", b: ["\ud800", "\udc00z", "😀"] })).toEqual({ a: "x\ufffdy", b: ["\ufffd", "\ufffdz", "😀"] });
});
