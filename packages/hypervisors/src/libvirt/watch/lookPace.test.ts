import { expect, test } from "vitest";
import { LookPace } from "./lookPace.ts";

const withHosts = (hosts: number, vms: number): LookPace => {
  const pace = new LookPace();
  for (let n = 0; n < hosts; n++) pace.weigh({ n }, vms);
  return pace;
};

test("15,000 VMs on 300 hosts are looked at every 3 s, and as many as there may be take no more than a quarter of a processor", () => {
  expect(new LookPace().period).toBe(3_000);
  expect(withHosts(300, 50).period).toBe(3_000);
  for (const [hosts, vms] of [
    [1_000, 50],
    [10_000, 25],
    [50, 5_000],
  ] as const)
    expect((hosts * (0.5 + vms * 0.035)) / withHosts(hosts, vms).period).toBeLessThanOrEqual(0.25 + 1e-9);
});

test("hosts that come, grow, shrink and go leave nothing behind", () => {
  const pace = withHosts(1_000, 50);
  const before = pace.period;
  const host = {};
  pace.weigh(host, 5_000);
  expect(pace.period).toBeGreaterThan(before);
  pace.weigh(host, 10);
  pace.forget(host);
  pace.forget(host);
  expect(pace.period).toBeCloseTo(before, 6);
});
