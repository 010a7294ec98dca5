import fc from "fast-check";
import { expect, test } from "vitest";
import { Bits } from "./bits.ts";
import { SlotSet } from "./slotSet.ts";

test("is a set of numbers, as a list and as bits and on the way between", () => {
  const range = fc.record({ from: fc.nat(3000), count: fc.nat(400), step: fc.integer({ min: 1, max: 40 }), add: fc.boolean() });
  fc.assert(
    fc.property(fc.array(range, { maxLength: 12 }), (ranges) => {
      const set = new SlotSet();
      const model = new Set<number>();
      for (const { from, count, step, add } of ranges) {
        for (let i = 0; i < count; i++) {
          const slot = from + i * step;
          for (const each of [set, model]) {
            if (add) each.add(slot);
            else each.delete(slot);
          }
        }
      }
      const expected = [...model].sort((a, b) => a - b);
      expect([...set]).toEqual(expected);
      expect(set.size).toBe(model.size);
      for (let slot = 0; slot < 500; slot++) expect(set.has(slot)).toBe(model.has(slot));
      const bits = new Bits(20_000);
      set.into(bits);
      expect([...bits]).toEqual(expected);
      expect(bits.count()).toBe(model.size);
    }),
    { numRuns: 60 },
  );
});
