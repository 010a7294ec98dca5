import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CallPlaces } from "./callPlaces.ts";

type Sort = "briefly" | "long";

describe("places of calls that wait", () => {
  it("are never all taken by one sort, nor more than there are; every call goes in the end, in its sort's order", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 6 }),
        fc.array(fc.tuple(fc.constantFrom<Sort>("briefly", "long"), fc.boolean()), { maxLength: 60 }),
        fc.infiniteStream(fc.nat()),
        (limit, calls, dice) => {
          const under: Record<Sort, number[]> = { briefly: [], long: [] };
          const gone: Record<Sort, number[]> = { briefly: [], long: [] };
          const start = (call: number): void => {
            const [sort] = calls[call] as [Sort, boolean];
            under[sort].push(call);
            gone[sort].push(call);
          };
          const places = new CallPlaces(limit, (call) => {
            if (calls[call]?.[1]) return false; // it was given up while it waited
            start(call);
            return true;
          });
          const check = (): void => {
            expect(under.briefly.length + under.long.length).toBeLessThanOrEqual(limit);
            if (limit > 1) for (const sort of ["briefly", "long"] as const) expect(under[sort].length).toBeLessThan(limit);
          };
          for (const [call, [sort]] of calls.entries()) {
            if (places.take(sort, call)) start(call);
            check();
          }
          while (under.briefly.length + under.long.length > 0) {
            const sort: Sort = under.briefly.length > 0 && (under.long.length === 0 || (dice.next().value as number) % 2 === 0) ? "briefly" : "long";
            under[sort].splice((dice.next().value as number) % under[sort].length, 1);
            places.free(sort);
            check();
          }
          expect(places.taken).toBe(0);
          for (const sort of ["briefly", "long"] as const) {
            expect(gone[sort]).toEqual(gone[sort].toSorted((a, b) => a - b));
            const stayed = [...calls.entries()].filter(([, [each, givenUp]]) => each === sort && !givenUp).map(([call]) => call);
            expect(stayed.filter((call) => !gone[sort].includes(call))).toEqual([]);
          }
        },
      ),
    );
  });

  it("are kept one for each sort", () => {
    const went: number[] = [];
    const places = new CallPlaces(4, (call) => {
      went.push(call);
      return true;
    });
    expect([1, 2, 3, 4].map((call) => places.take("long", call))).toEqual([true, true, true, false]);
    expect([5, 6].map((call) => places.take("briefly", call))).toEqual([true, false]);
    expect(places.take("never", 7)).toBe(true);
    places.free("briefly");
    places.free("long");
    expect(went).toEqual([6, 4]);
  });
});
