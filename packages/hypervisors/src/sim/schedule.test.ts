import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Schedule } from "./schedule.ts";

describe("a schedule", () => {
  it("runs what is due in the order of time, and what was taken back never", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.record({ ms: fc.integer({ min: 1, max: 50 }), takenBack: fc.boolean() }), { maxLength: 40 }), async (entries) => {
        const schedule = new Schedule();
        schedule.freeze(1000);
        const ran: [number, number][] = [];
        const takeBacks = entries.map(({ ms }, i) => schedule.after(ms, () => ran.push([schedule.now() - 1000, i])));
        entries.forEach(({ takenBack }, i) => takenBack && takeBacks[i]!());
        await schedule.advance(100);
        const expected = entries
          .map(({ ms, takenBack }, i) => ({ ms, takenBack, i }))
          .filter((each) => !each.takenBack)
          .sort((a, b) => a.ms - b.ms || a.i - b.i);
        expect(ran).toEqual(expected.map(({ ms, i }) => [ms, i]));
        expect(schedule.size).toBe(0);
      }),
      { numRuns: 50 },
    );
  });

  it("stands still while frozen", async () => {
    const schedule = new Schedule();
    schedule.freeze(0);
    let ran = false;
    schedule.after(10, () => (ran = true));
    await schedule.advance(9);
    expect([ran, schedule.now()]).toEqual([false, 9]);
    await schedule.advance(1);
    expect([ran, schedule.now()]).toEqual([true, 10]);
  });

  it("runs in real time by one timer for all", async () => {
    const schedule = new Schedule();
    const order: number[] = [];
    await new Promise<void>((resolve) => {
      schedule.after(6, () => (order.push(6), resolve()));
      schedule.after(2, () => order.push(2));
      schedule.after(0, () => order.push(0));
      schedule.after(4, () => order.push(4), true);
    });
    expect(order).toEqual([0, 2, 4, 6]);
  });

  it("runs what is due now even if it is taken back too late, and nothing if in time", async () => {
    const schedule = new Schedule();
    const ran: string[] = [];
    schedule.after(0, () => ran.push("kept"));
    schedule.after(0, () => ran.push("taken back"))();
    await Promise.resolve();
    expect(ran).toEqual(["kept"]);
  });
});
