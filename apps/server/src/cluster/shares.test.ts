import { expect, test } from "vitest";
import { shares } from "./shares.ts";

const hosts = Array.from({ length: 1_000 }, (_, i) => `h-${i.toString(36).padStart(6, "0")}`);
const counts = (servers: string[]): number[] => {
  const all = [...shares(hosts, servers).values()];
  return servers.map((server) => all.filter((each) => each === server).length);
};

test("everybody finds the same, in whichever order they know hosts and servers", () =>
  expect(shares([...hosts].reverse(), ["s-b", "s-c", "s-a"])).toEqual(shares(hosts, ["s-a", "s-b", "s-c"])));

test("no server has much more than its even share, and none is left out", () => {
  for (const servers of [["s-a"], ["s-a", "s-b"], ["s-a", "s-b", "s-c"], Array.from({ length: 12 }, (_, i) => `s-${i}`)]) {
    expect(Math.max(...counts(servers))).toBeLessThanOrEqual(Math.ceil((1_000 / servers.length) * 1.1));
    expect(Math.min(...counts(servers))).toBeGreaterThan((1_000 / servers.length) * 0.5);
  }
});

test("when a server goes, few hosts of the others move", () => {
  const before = shares(hosts, ["s-a", "s-b", "s-c", "s-d"]);
  const after = shares(hosts, ["s-a", "s-b", "s-c"]);
  const moved = hosts.filter((host) => before.get(host) !== "s-d" && before.get(host) !== after.get(host));
  expect(moved.length).toBeLessThan(250);
});

test("without servers nobody has anything", () => expect(shares(hosts, []).size).toBe(0));
