import { requestSchema } from "@polyvisor/api";
import type { Host } from "@polyvisor/model";
import { expect, test } from "vitest";
import { Estate } from "../estate/estate.ts";
import { aHost, aVm } from "../lab/sampleObjects.ts";
import { makeWork } from "./makeWork.ts";
import type { Work } from "./work.ts";

const seen = { lastSeen: "2026-11-21T09:00:00.000Z" };
const failure = { code: "hostRefused", detail: "nothing listens", remedy: "Start libvirtd." } as const;

/** What is ordered of a VM on a host that is connected so; starting it where nothing else is said. */
function start(connection: Partial<Host["connection"]>, order: object = { do: "vm.start", vms: ["vm-0"] }): Work {
  const estate = new Estate();
  estate.put(aHost("h-1", { name: "one", connection: { state: "connecting", since: "", ...connection } }));
  estate.put(aVm("vm-0", "h-1", { state: "off" }));
  const request = requestSchema.parse(order);
  return makeWork({
    request,
    reason: "a test",
    estate,
    templates: new Map(),
    recipes: [],
    isPlaced: () => false,
    random: (size) => new Uint8Array(size),
    home: "/",
  });
}

test("a host that goes from one server to another is waited for", () => {
  const { plan, failures } = start(seen);
  expect([plan.steps.length, failures.size]).toEqual([1, 0]);
});
test.each([{}, { ...seen, failure }, { ...seen, state: "lost" as const }])("one that nobody ever saw, or that cannot be reached, is not (%#)", (connection) => {
  expect(() => start(connection)).toThrow(expect.objectContaining({ code: "hostUnreachable" }));
});
test("a new VM is placed on it too", () => {
  expect(start(seen, { do: "vm.create", spec: { name: "new", vcpus: 1, memory: 64 * 1024 ** 2 } }).plan.steps.length).toBeGreaterThan(0);
});
