import { randomUUID } from "node:crypto";
import { simWorld } from "@polyvisor/hypervisors";
import type { TaskOrder } from "../controlPlane.ts";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openLabPlane, type LabPlane } from "../lab/labPlane.ts";
import { startSitePostgres, type SitePostgres } from "../lab/sitePostgres.ts";
import { until } from "../lab/until.ts";

let site: SitePostgres;
let one: LabPlane;
let two: LabPlane;
/** Boundaries at which the first server is held, and those that each passed. */
let hold: { at: string; gate: Promise<void> } | undefined;
const passed = { one: [] as string[], two: [] as string[] };
beforeAll(async () => {
  site = await startSitePostgres();
  const databaseUrl = await site.database();
  one = await openLabPlane(databaseUrl, {
    serverId: "one",
    onBoundary: async (point) => {
      passed.one.push(point);
      if (hold?.at === point) await hold.gate;
    },
  });
  two = await openLabPlane(databaseUrl, { serverId: "two", onBoundary: (point) => void passed.two.push(point) });
  await one.plane.hosts.add({ uri: "sim://keys2/host-0001?vms=6&seed=5", name: "h" }, "lab");
  await until("the VMs", () => [one, two].every(({ plane }) => plane.estate.tables.vm.byId.size === 6));
});
afterAll(async () => {
  await two.close();
  await one.close();
  await site.close();
  simWorld("keys2").reset();
});

const vmIn = (state: string): string => [...one.plane.estate.tables.vm.byId.values()].find((vm) => vm.state === state)!.id;
const orderOf = (request: TaskOrder["request"]): TaskOrder => ({ request, reason: "", account: "lab", idempotencyKey: randomUUID() });
const reserved = async (key: string): Promise<boolean> => (await one.store.pool.query("select from task_order where key = $1", [key])).rowCount === 1;
function heldAt(at: string): () => void {
  const { promise, resolve } = Promise.withResolvers<void>();
  hold = { at, gate: promise };
  return () => {
    hold = undefined;
    resolve();
  };
}

test.each(["task reserved", "task planned"])("a key that is used at a second server while the first is at '%s' waits for the first one's task", async (at) => {
  const release = heldAt(at);
  const order = orderOf({ do: "vm.setAutostart", vms: [vmIn("running")], on: true });
  const first = one.plane.tasks.create(order);
  await until("the first is held", () => passed.one.at(-1) === at);
  passed.two.length = 0;
  // Another request under the same key is known as such already, and not only when the first is kept.
  await expect(two.plane.tasks.create({ ...order, reason: "other" })).rejects.toMatchObject({ code: "conflict" });
  const second = two.plane.tasks.create(order);
  release();
  expect((await second).id).toBe((await first).id);
  expect(passed.two.filter((point) => /reserved|planned/.test(point))).toEqual([]); // it planned nothing itself
  await until("nothing is reserved", async () => !(await reserved(order.idempotencyKey!)));
});

test("where the first is refused, the second plans by itself and gets an answer of its own", async () => {
  const release = heldAt("task reserved");
  const order = orderOf({ do: "vm.start", vms: [vmIn("running")] });
  const first = one.plane.tasks.create(order).catch((error: { code: string }) => error.code);
  await until("the first is held", () => reserved(order.idempotencyKey!));
  passed.two.length = 0;
  const second = two.plane.tasks.create(order).catch((error: { code: string }) => error.code);
  release();
  expect([await first, await second]).toEqual(["wrongState", "wrongState"]);
  expect(passed.two).toEqual(["task reserved"]);
  expect(await reserved(order.idempotencyKey!)).toBe(false);
});

test("what a dead server had reserved is taken over, and where it was not dead there is one task all the same", async () => {
  const order = orderOf({ do: "vm.setAutostart", vms: [vmIn("running")], on: false });
  const release = heldAt("task planned");
  const first = one.plane.tasks.create(order);
  await until("the first is held", () => passed.one.at(-1) === "task planned");
  await one.store.pool.query("update task_order set alive_until = now() where key = $1", [order.idempotencyKey]); // as when it stood still for long
  const second = await two.plane.tasks.create(order);
  release();
  expect((await first).id).toBe(second.id);
  const { rowCount } = await one.store.pool.query("select from task where id = $1", [second.id]);
  expect(rowCount).toBe(1);
  await until("nothing is reserved", async () => !(await reserved(order.idempotencyKey!)));
});

test("a server that comes up again has nothing reserved of its former process", async () => {
  const order = orderOf({ do: "vm.setAutostart", vms: [vmIn("running")], on: true });
  await two.store.pool.query(
    "insert into task_order (account_id, key, request_hash, holder, alive_until) values ('lab', $1, 'x', 'two killed', now() + interval '1 hour'), ('lab', 'b', 'x', 'twofold killed', now() + interval '1 hour')",
    [order.idempotencyKey],
  );
  await two.reopen();
  expect(await reserved(order.idempotencyKey!)).toBe(false);
  expect(await reserved("b")).toBe(true); // another server's, whose id begins alike
  await until("the VMs", () => two.plane.estate.tables.vm.byId.size === 6);
  expect((await two.plane.tasks.create(order)).title).toMatch(/autostart|starts with/i);
});
