import { stateTable } from "@polyvisor/model";
import { afterEach, expect, test } from "vitest";
import { openLabPlane, type LabPlane } from "../lab/labPlane.ts";
import { until } from "../lab/until.ts";

let lab: LabPlane | undefined;
afterEach(() => lab?.close());

const day = 86_400_000;

test("a host and its VMs are measured, kept and read again; what is off has no sample", async () => {
  lab = await openLabPlane(undefined, { intervals: { sample: 200 } });
  const { plane } = lab;
  const host = await plane.hosts.add({ uri: "sim://samples/host-0001?vms=12", name: "s1" }, "lab");
  await until("loads", () => plane.samples.present("vm", "cpu", 50).length > 1);
  const shown = plane.samples.present("vm", "cpu", 50);
  expect(shown.map(({ load }) => load.cpu)).toEqual(shown.map(({ load }) => load.cpu).toSorted((a, b) => b! - a!));
  expect(plane.samples.present("vm", "cpu", 1).map(({ id }) => id)).toEqual([shown[0]!.id]);
  const now = Date.now();
  const points = await until("rows in the store", async () => {
    const answer = await plane.samples.history("vm", shown[0]!.id, { from: now - 60_000, to: Date.now() + 1_000 });
    return answer.points.length > 0 && answer.points;
  });
  expect(points[0]).toMatchObject({
    cpu: expect.any(Number),
    cpuUse: expect.any(Number),
    min: { memoryAvailable: expect.any(Number) },
    max: { diskReadsPerSecond: expect.any(Number) },
  });
  await until(
    "the host's rows",
    async () => (await plane.samples.history("host", host.id, { from: now - 60_000, to: Date.now() + 1_000 })).points[0]?.cpuUse !== undefined,
  );
  const off = plane.estate.page("vm", { limit: 100 }).items.filter((vm) => !stateTable[vm.state].active);
  expect(off.length).toBeGreaterThan(0);
  for (const vm of off) expect((await plane.samples.history("vm", vm.id, { from: now - day, to: Date.now() + 1_000, step: 300 })).points).toEqual([]);
  await expect(plane.samples.history("vm", off[0]!.id, { from: now - 300 * day, to: now, step: 20 })).rejects.toMatchObject({ code: "badRequest" });
  expect((await plane.samples.storage()).tiers[0]).toMatchObject({ name: "20s", keepDays: 25 / 24, bytes: expect.any(Number) });
  expect(plane.metrics().samples).toMatchObject({ refused: 0, lost: 0, interval: 0.2 });
});

test("an estate that is too large for the budget is measured less often, and its load stays the present one", async () => {
  lab = await openLabPlane(undefined, { intervals: { sample: 100, samplesPerSecond: 50 } });
  const { plane } = lab;
  await plane.hosts.add({ uri: "sim://samples/host-0002?vms=40", name: "s2" }, "lab");
  await until("a stretched interval", () => plane.metrics().samples.interval > 0.3);
  const { interval } = plane.metrics().samples;
  await until("loads", () => plane.samples.present("vm", "memory", 50).length > 5);
  expect(Math.round(interval * 10)).toBe(interval * 10);
});
