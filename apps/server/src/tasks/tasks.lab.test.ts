import type { Task } from "@polyvisor/model";
import { simWorld } from "@polyvisor/hypervisors";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openLabPlane, type LabPlane } from "../lab/labPlane.ts";
import { until } from "../lab/until.ts";

const uri = "sim://tasks/host-0001?hosts=1&vms=4";
let lab: LabPlane;
beforeAll(async () => {
  lab = await openLabPlane();
  await lab.plane.hosts.add({ uri }, "test");
  await until("all VMs", () => lab.plane.estate.tables.vm.byId.size === 4, 60_000);
});
afterAll(async () => {
  await lab.close();
  simWorld("tasks").reset();
});

const someVm = () => [...lab.plane.estate.tables.vm.byId.values()].sort((a, b) => (a.id < b.id ? -1 : 1))[0]!;

/** What was told of a task: each time one transaction. */
async function newsOf(id: string): Promise<[type: string, state: string, steps: string][]> {
  const { rows } = await lab.store.pool.query<{ type: string; doc: Task }>("select type, doc from event where object_id = $1 order by id", [id]);
  return rows.map(({ type, doc }) => [type, doc.state, doc.steps.map(({ state }) => state).join(" ")]);
}

test("a task is kept with the mark of its first step, and the end of a step with the mark of the next", async () => {
  const task = await lab.run({ do: "vm.create", spec: { name: "made", memory: 2 ** 28 }, start: true });
  expect(task.state).toBe("succeeded");
  expect(await newsOf(task.id)).toEqual([
    ["created", "running", "running waiting"],
    ["changed", "running", "succeeded running"],
    ["changed", "succeeded", "succeeded succeeded"],
  ]);
  const { rows } = await lab.store.pool.query("select state, revision, started_at is not null as started, by_account from task where id = $1", [task.id]);
  expect(rows).toEqual([{ state: "succeeded", revision: task.revision, started: true, by_account: "lab" }]);
  // Who asks right after the end finds it.
  expect(lab.plane.estate.find("vm", "made").nativeId).toBe((task.plan.steps[0]!.action as { vm: string }).vm);
});

test("of a task that the database does not take nothing is begun", async () => {
  const vm = someVm();
  const request = { do: "vm.setAutostart", vms: [vm.id], on: !vm.autostart };
  await lab.store.pool.query("alter table task add constraint refused check (reason <> 'refuse me') not valid");
  const [refused, taken] = await Promise.allSettled([lab.run(request, { reason: "refuse me" }), lab.run({ do: "vm.describe", vms: [vm.id], title: "taken" })]);
  expect(refused).toMatchObject({ status: "rejected", reason: { constraint: "refused" } });
  expect(taken).toMatchObject({ status: "fulfilled", value: { state: "succeeded" } });
  await until("nothing is open", () => {
    const { queued, running } = lab.plane.metrics().tasks.open;
    return queued + running === 0;
  });
  expect((await lab.store.pool.query("select from task where reason = 'refuse me'")).rowCount).toBe(0);
  expect((await lab.store.pool.query("select from task_step left join task on task.id = task_id where task.id is null")).rowCount).toBe(0);
  expect(lab.plane.estate.get("vm", vm.id)).toMatchObject({ autostart: vm.autostart, title: "taken" });
});

test("the tasks of an object are those that changed it or were to", async () => {
  const vm = someVm();
  const other = [...lab.plane.estate.tables.vm.byId.values()].find(({ id }) => id !== vm.id)!;
  const done = await lab.run({ do: "vm.describe", vms: [vm.id], title: "mine" });
  const failed = await lab.run({ do: "vm.detachDisk", vms: [vm.id], target: "vdz" } as never).catch(() => undefined);
  const elsewhere = await lab.run({ do: "vm.describe", vms: [other.id], title: "theirs" });
  const ids = (await lab.plane.tasks.list({ object: vm.id, limit: 100 })).items.map(({ id }) => id);
  expect(ids).toContain(done.id);
  if (failed) expect(ids).toContain(failed.id);
  expect(ids).not.toContain(elsewhere.id);
  expect((await lab.plane.tasks.list({ object: "vm-nobody", limit: 100 })).items).toEqual([]);
});
