import fc from "fast-check";
import { expect, test } from "vitest";
import { TopValues } from "./topValues.ts";

const taken = (top: TopValues, most: number): number[] => {
  const out: number[] = [];
  for (const slot of top.descending()) if (out.push(slot) === most) break;
  return out;
};

test("the highest come first, whatever was set, changed and cleared in whatever order", () => {
  const step = fc.record({ slot: fc.nat(70), value: fc.option(fc.integer({ min: -1, max: 40 })) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), fc.integer({ min: 1, max: 90 }), (steps, most) => {
      const top = new TopValues();
      const plain = new Map<number, number>();
      for (const { slot, value } of steps) {
        if (value === null) {
          top.clear(slot);
          plain.delete(slot);
        } else {
          top.set(slot, value);
          plain.set(slot, value);
        }
      }
      const slots = taken(top, most);
      expect(new Set(slots).size).toBe(slots.length);
      expect(slots.map((slot) => plain.get(slot))).toEqual([...plain.values()].sort((a, b) => b - a).slice(0, most));
    }),
  );
});

test("of nothing there is no highest", () => {
  expect(taken(new TopValues(), 5)).toEqual([]);
});
