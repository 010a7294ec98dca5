import fc from "fast-check";
import { expect, test } from "vitest";
import { Bits } from "./bits.ts";
import { comparePlaces, SortedOrder, type SortKey } from "./sortedOrder.ts";

const key = fc.oneof(fc.string({ maxLength: 3 }), fc.integer({ min: 0, max: 5 }));

interface Entry {
  key: SortKey;
  id: string;
}
/** An order over entries that stand in an array. */
function orderOver(entries: Entry[]): SortedOrder {
  return new SortedOrder(
    (slot) => entries[slot]!.key,
    (slot) => entries[slot]!.id,
  );
}
const allOf = (entries: readonly Entry[]): Bits => {
  const bits = new Bits(entries.length);
  entries.forEach((_, slot) => bits.add(slot));
  return bits;
};

test("is what sorting would give, from any place, in both directions, and between two keys", () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.record({ key, id: fc.string({ minLength: 1, maxLength: 4 }) }), { maxLength: 200, selector: ({ id }) => id }),
      fc.array(fc.nat(), { maxLength: 60 }),
      key,
      fc.string({ maxLength: 4 }),
      fc.boolean(),
      (entries, deletes, atKey, atId, atOnce) => {
        const order = orderOver(entries);
        const have = new Set(entries.keys());
        if (atOnce) order.fill(have);
        else for (const slot of have) order.add(slot);
        for (const n of entries.length === 0 ? [] : deletes) {
          const slot = n % entries.length;
          order.delete(slot);
          have.delete(slot);
        }
        const sorted = [...have].sort((a, b) => comparePlaces(entries[a]!.key, entries[a]!.id, entries[b]!.key, entries[b]!.id));
        const all = allOf(entries);
        expect(order.pick(all, false, Infinity)).toEqual(sorted);
        expect(order.pick(all, true, Infinity)).toEqual(sorted.toReversed());
        const skip = deletes.length;
        expect(order.pick(all, false, 3, undefined, skip)).toEqual(sorted.slice(skip, skip + 3));
        expect(order.pick(all, true, 3, undefined, skip)).toEqual(sorted.toReversed().slice(skip, skip + 3));
        const after = { key: atKey, id: atId };
        const side = (slot: number): number => comparePlaces(entries[slot]!.key, entries[slot]!.id, atKey, atId);
        expect(order.pick(all, false, Infinity, after)).toEqual(sorted.filter((slot) => side(slot) > 0));
        expect(order.pick(all, true, Infinity, after)).toEqual(sorted.toReversed().filter((slot) => side(slot) < 0));
        expect(order.pick(all, false, 3)).toEqual(sorted.slice(0, 3));
        expect(order.size).toBe(have.size);
        if (typeof atKey === "number") {
          const bits = new Bits(entries.length);
          order.between(atKey, 4, bits);
          const within = (slot: number): boolean =>
            typeof entries[slot]!.key === "number" && (entries[slot]!.key as number) >= atKey && (entries[slot]!.key as number) <= 4;
          expect([...bits]).toEqual([...have].filter(within).sort((a, b) => a - b));
        }
      },
    ),
  );
});

test("stays right past the size of its pieces", () => {
  const entries = Array.from({ length: 5000 }, (_, i) => ({ key: (i * 7919) % 5000, id: `id-${i}` }));
  const order = orderOver(entries);
  for (let i = 0; i < 5000; i++) order.add(i);
  const all = allOf(entries);
  expect(order.pick(all, false, Infinity).map((slot) => entries[slot]!.key)).toEqual(Array.from({ length: 5000 }, (_, i) => i));
  for (let i = 0; i < 5000; i += 2) order.delete(i);
  expect(order.pick(all, true, Infinity).length).toBe(2500);
  expect(order.pick(all, false, Infinity, { key: 2500, id: "" }).every((slot) => entries[slot]!.key >= 2500)).toBe(true);
  for (let i = 0; i < 5000; i += 2) order.add(i);
  expect(order.pick(all, false, Infinity).map((slot) => entries[slot]!.key)).toEqual(Array.from({ length: 5000 }, (_, i) => i));
});
