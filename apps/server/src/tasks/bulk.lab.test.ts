import type { TaskStep } from "@polyvisor/model";
import { simWorld } from "@polyvisor/hypervisors";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openLabPlane, type LabPlane } from "../lab/labPlane.ts";
import { until } from "../lab/until.ts";

const hosts = 10;
const each = 500;
const uri = (n: number): string => `sim://bulk/host-${String(n).padStart(4, "0")}?hosts=${hosts}&vms=${each}`;
let lab: LabPlane;
beforeAll(async () => {
  lab = await openLabPlane();
  for (let n = 1; n <= hosts; n++) await lab.plane.hosts.add({ uri: uri(n) }, "test");
  await until("all VMs", () => lab.plane.estate.tables.vm.byId.size === hosts * each, 60_000);
});
afterAll(async () => {
  await lab.close();
  simWorld("bulk").reset();
});

const request = { do: "vm.setAutostart", select: "name=*", on: true };
const tally = (steps: readonly TaskStep[]): Record<string, number> => {
  const out: Record<string, number> = {};
  for (const { state } of steps) out[state] = (out[state] ?? 0) + 1;
  return out;
};

test("cancelled in the middle, each of 5,000 VMs is known to be done or not", { timeout: 180_000 }, async () => {
  const order = { request: request as never, reason: "bulk", account: "lab" };
  const before = new Map([...lab.plane.estate.tables.vm.byId.values()].map((vm) => [vm.id, vm.autostart]));
  const { id, plan } = await lab.plane.tasks.create(order);
  expect(plan.steps).toHaveLength(hosts * each);
  await until("some are done", async () => (tally((await lab.plane.tasks.get(id)).steps)["succeeded"] ?? 0) > 200, 60_000);
  await lab.plane.tasks.cancel(id);
  const task = await lab.ended(id);
  expect(task.state).toBe("cancelled");
  const counts = tally(task.steps);
  expect(Object.keys(counts).sort()).toEqual(["cancelled", "succeeded"]);
  expect(counts["cancelled"]! + counts["succeeded"]!).toBe(hosts * each);
  // What each item says is what is so on its host.
  const states = new Map(task.steps.map((step, i) => [plan.steps[i]!.target.id!, step.state]));
  await until(
    "the estate agrees",
    () => [...lab.plane.estate.tables.vm.byId.values()].every((vm) => vm.autostart === (states.get(vm.id) === "succeeded" || before.get(vm.id))),
    30_000,
  );
  // A task of 5,000 steps writes what changed: a row for a step, not all of them for each.
  const { rows } = await lab.store.pool.query<{ n: number }>("select count(*) as n from task_step where task_id = $1", [id]);
  expect(rows[0]!.n).toBe(hosts * each);
  const told = await lab.store.pool.query<{ longest: number }>(
    "select max(length(doc::text)) as longest from event where task_id = $1 and kind = 'task' and type = 'changed'",
    [id],
  );
  expect(told.rows[0]!.longest).toBeLessThan(1_000_000);

  // The same order again does the rest; what is done says so and stays.
  const again = await lab.run(request);
  expect(again.state).toBe("succeeded");
});

test("what changed since it was seen is left alone, and the rest is done", async () => {
  const [seen, changed] = [...lab.plane.estate.tables.vm.byId.values()];
  const before = changed!.revision;
  await lab.plane.vms.change(changed!.id, { notes: "by someone else" });
  const task = await lab.run(
    { do: "vm.describe", vms: [seen!.id, changed!.id], title: "mine" },
    { ifRevisions: { [seen!.id]: lab.plane.estate.get("vm", seen!.id)!.revision, [changed!.id]: before } },
  );
  expect(task.state).toBe("partial");
  expect(task.steps.map(({ state, failure }) => [state, failure?.code])).toEqual([
    ["succeeded", undefined],
    ["failed", "changedMeanwhile"],
  ]);
  expect(task.steps[1]!.failure!.detail).toMatch(new RegExp(`revision ${before + 1} now`));
});
