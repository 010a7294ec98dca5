import { pointOf, type LoadPoint } from "@polyvisor/model";
import fc from "fast-check";
import { expect, it } from "vitest";
import { sparkline } from "../output/graph.ts";
import { run } from "../program.ts";
import { fakeIo } from "../testing/fakeIo.ts";
import { fixtureServer } from "../testing/fixtureServer.ts";

const now = Date.parse("2026-11-21T10:00:00Z");
const points: LoadPoint[] = [-3000, -2400, -600].map((seconds, i) =>
  pointOf({ at: now + seconds * 1000, seconds: 600, cpu: i, cpuUse: i * 50, memoryUsed: 2 ** 30, diskReadLatency: 0.0021 }),
);
async function cli(...argv: string[]) {
  await using server = await fixtureServer({
    vmSamples: () => ({ step: 600, tier: "5m", points }),
    hostSamples: () => ({ step: 600, tier: "5m", points: [] }),
    sampleStorage: () => ({
      interval: 20,
      objects: 12,
      tiers: [{ name: "20s", step: 20, keepDays: 1, partitions: 26, bytes: 2 ** 20, bytesExpected: 2 ** 24 }],
    }),
  });
  const io = fakeIo({ POLYVISOR_URL: server.url, POLYVISOR_TOKEN: "t0ken" }, { now: () => now });
  return { code: await run(["samples", ...argv], io), out: io.out(), err: io.err(), asked: server.asked };
}

it("shows minimum, mean and maximum, and a graph with its gaps blank", async () => {
  const { code, out, asked } = await cli("web1");
  expect(code).toBe(0);
  expect(out).toContain("3 points of 10m (kept as 5m); measured 30m of 1h");
  const line = out.split("\n").find((each) => each.startsWith("CPU USE"))!;
  expect(line).toMatch(/0\.0 % +50\.0 % +100\.0 % +▁▄  █$/);
  expect(out).toMatch(/A READ +2\.10 ms/);
  expect(out).not.toContain("NET IN");
  expect(asked.find(({ route }) => route === "vmSamples")!.query).toEqual({ from: "2026-11-21T09:00:00.000Z", to: "2026-11-21T10:00:00.000Z" });
});

it("gives JSON as the API does, and CSV", async () => {
  expect(JSON.parse((await cli("web1", "-o", "json")).out)).toEqual({ step: 600, tier: "5m", points });
  const lines = (await cli("web1", "--csv", "--from", "2h", "--step", "600")).out.trim().split("\r\n");
  expect(lines.length).toBe(4);
  expect(lines[0]).toMatch(/^at,seconds,cpuUse,cpuUseMin,cpuUseMax,cpu,/);
  expect(lines[2]).toMatch(/^2026-11-21T09:20:00\.000Z,600,50,50,50,1,1,1,,,/);
  expect(new Set(lines.map((line) => line.split(",").length)).size).toBe(1);
});

it("of a host, of nothing measured, and of all with its cost", async () => {
  expect((await cli("h1", "--host")).out).toContain("Nothing was measured in this time.");
  const { out } = await cli();
  expect(out).toContain("12 hosts and active VMs are measured every 20 s.");
  expect(out).toMatch(/every 20s +1d +1 MiB +16 MiB/);
  expect((await cli("web1", "--from", "1h", "--to", "2h")).err).toContain("--from is not before --to");
  expect((await cli("web1", "--step", "x")).code).not.toBe(0);
});

it("a line has a sign for each value and none for a gap, the highest for the highest", () => {
  fc.assert(
    fc.property(fc.array(fc.option(fc.double({ min: 0, max: 1e12, noNaN: true }), { nil: undefined }), { minLength: 1 }), (values) => {
      const known = values.filter((value) => value !== undefined);
      const top = Math.max(0, ...known);
      const line = sparkline(values, top).padEnd(values.length);
      expect([...line].map((sign) => sign === " ")).toEqual(values.map((value) => value === undefined));
      if (top > 0) expect(line[values.indexOf(top)]).toBe("█");
    }),
  );
});
