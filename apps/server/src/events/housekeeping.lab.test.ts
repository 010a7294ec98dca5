import { simWorld } from "@polyvisor/hypervisors";
import type { Event } from "@polyvisor/model";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { labLog, openLabPlane, type LabPlane } from "../lab/labPlane.ts";
import { startSitePostgres, type SitePostgres } from "../lab/sitePostgres.ts";
import { until } from "../lab/until.ts";
import { EventLog } from "./eventLog.ts";
import { Housekeeping } from "./housekeeping.ts";

let site: SitePostgres;
let lab: LabPlane | undefined;
beforeAll(async () => {
  site = await startSitePostgres();
});
afterAll(() => site.close());
afterEach(async () => {
  await lab?.close();
  simWorld("housekeeping").reset();
});

test("old events and tasks go; a reader who asks for them is told to read anew, one who does not reads on", async () => {
  lab = await openLabPlane(await site.database());
  await lab.plane.hosts.add({ uri: "sim://housekeeping/host-0001?vms=5" }, "me");
  await until("the host", () => lab!.plane.metrics().hosts.connected === 1);
  const task = await lab.run({ do: "vm.setAutostart", select: "name=*", on: true }, { idempotencyKey: "k" });
  const last = Number(lab.plane.events.lastId());
  const { pool } = lab.store;
  await pool.query("update event set at = at - interval '40 days' where id <= $1", [last - 3]);
  const events = await EventLog.open(pool, Date.now);
  const keep = await Housekeeping.open({ pool, events, log: labLog, now: Date.now, serverId: "other", keepEventsDays: 30 });
  // A server whose clock is a year ahead, and one whose clock is stepped by it, delete nothing.
  const year = 365 * 86_400_000;
  let step = year;
  const count = async (): Promise<number> => (await pool.query("select from event")).rowCount!;
  const all = await count();
  const ahead = await Housekeeping.open({ pool, events, log: labLog, now: () => Date.now() + step, serverId: "ahead", keepEventsDays: 30 });
  await ahead.prune();
  step = 0;
  await ahead.prune();
  await ahead.close();
  expect(await count()).toBe(all);
  await keep.prune();
  const left = (await pool.query<{ id: number; kind: string; object_id: string }>("select id, kind, object_id from event order by id")).rows;
  expect(left.slice(-3).map((row) => row.id)).toEqual([last - 2, last - 1, last]);
  // Of what is older only the newest of each object is left: the history goes on from there.
  const older = left.filter((row) => row.id <= last - 3);
  expect(older.filter((row) => row.kind === "task")).toEqual([]);
  expect(new Set(older.map((row) => row.object_id)).size).toBe(older.length);
  const first = async (since: number): Promise<Event> => {
    for await (const event of events.subscribe({ since: String(since), signal: new AbortController().signal })) return event;
    throw new Error("the stream ended");
  };
  expect((await first(last - 4)).type).toBe("reset");
  expect(await first(last - 3)).toMatchObject({ id: String(last - 2) });
  expect((await (await EventLog.open(pool, Date.now)).subscribe({ since: "1", signal: new AbortController().signal }).next()).value).toMatchObject({
    type: "reset",
  }); // also after a restart
  expect(await lab.plane.tasks.get(task.id)).toMatchObject({ id: task.id });
  await pool.query("update task set ended_at = now() - interval '40 days'");
  await keep.prune();
  expect((await pool.query("select from task")).rowCount).toBe(0);
  expect((await pool.query("select from task_step")).rowCount).toBe(0);
  expect((await pool.query("select from idempotency")).rowCount).toBe(0);
  await keep.close();
});
