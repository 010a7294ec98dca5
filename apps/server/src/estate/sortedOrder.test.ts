import fc from "fast-check";
import { expect, test } from "vitest";
import { comparePlaces, SortedOrder } from "./sortedOrder.ts";

const key = fc.oneof(fc.string({ maxLength: 3 }), fc.integer({ min: 0, max: 5 }));

test("is what sorting would give, from any place, in both directions", () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ key, id: fc.string({ minLength: 1, maxLength: 4 }) }), { maxLength: 200 }),
      fc.array(fc.nat(), { maxLength: 60 }),
      key,
      fc.string({ maxLength: 4 }),
      (adds, deletes, atKey, atId) => {
        const order = new SortedOrder();
        const have = new Map<string, { key: string | number; id: string }>();
        for (const add of adds) {
          const before = have.get(add.id);
          if (before) order.delete(before.key, before.id);
          order.add(add.key, add.id);
          have.set(add.id, add);
        }
        for (const n of deletes) {
          const gone = [...have.values()][n % Math.max(1, have.size)];
          if (!gone) continue;
          have.delete(gone.id);
          order.delete(gone.key, gone.id);
        }
        const sorted = [...have.values()].sort((a, b) => comparePlaces(a.key, a.id, b.key, b.id));
        const ids = (list: Iterable<{ id: string }>): string[] => [...list].map((each) => each.id);
        expect(ids(order.walk(false))).toEqual(ids(sorted));
        expect(ids(order.walk(true))).toEqual(ids(sorted.toReversed()));
        const after = { key: atKey, id: atId };
        expect(ids(order.walk(false, after))).toEqual(ids(sorted.filter((each) => comparePlaces(each.key, each.id, atKey, atId) > 0)));
        expect(ids(order.walk(true, after))).toEqual(ids(sorted.toReversed().filter((each) => comparePlaces(each.key, each.id, atKey, atId) < 0)));
        expect(order.size).toBe(have.size);
      },
    ),
  );
});

test("stays right past the size of its pieces", () => {
  const order = new SortedOrder();
  for (let i = 0; i < 5000; i++) order.add((i * 7919) % 5000, `id-${i}`);
  const keys = [...order.walk(false)].map((place) => place.key);
  expect(keys).toEqual(Array.from({ length: 5000 }, (_, i) => i));
  for (let i = 0; i < 5000; i += 2) order.delete((i * 7919) % 5000, `id-${i}`);
  expect([...order.walk(true)].length).toBe(2500);
  expect([...order.walk(false, { key: 2500, id: "" })].every((place) => (place.key as number) >= 2500)).toBe(true);
});
