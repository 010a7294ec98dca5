import { expect, test } from "vitest";
import { Estate } from "../estate/estate.ts";
import { aVm } from "../lab/sampleObjects.ts";
import { Arrivals } from "./arrivals.ts";

const vm = aVm("v-1", "h-1", { nativeId: "11111111-1111-4111-8111-111111111111" });

test("who waits for a VM is told when the estate has it, and not of others", async () => {
  const estate = new Estate();
  const arrivals = new Arrivals(estate);
  let told = 0;
  const all = [1, 2].map(() => arrivals.vm("h-1", vm.nativeId, 60_000).then((there) => (told++, there)));
  for (const other of [aVm("v-2", "h-1", { nativeId: "2" }), aVm("v-3", "h-2", { nativeId: vm.nativeId })]) {
    estate.put(other);
    arrivals.applied({ kind: "vm", object: other });
  }
  await new Promise((resolve) => setImmediate(resolve));
  expect(told).toBe(0);
  estate.put(vm);
  arrivals.applied({ kind: "vm", object: vm });
  expect(await Promise.all(all)).toEqual([true, true]);
});

test("a VM that is there is not waited for, and one that never comes is not waited for endlessly", async () => {
  const estate = new Estate();
  const arrivals = new Arrivals(estate);
  expect(await arrivals.vm("h-1", vm.nativeId, 1)).toBe(false);
  estate.put(vm);
  expect(await arrivals.vm("h-1", vm.nativeId, 60_000)).toBe(true);
});
