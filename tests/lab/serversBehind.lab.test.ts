import { requestSchema } from "@polyvisor/api";
import { simWorld } from "@polyvisor/hypervisors";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openLabPlane, type LabPlane } from "../../apps/server/src/lab/labPlane.ts";
import { startSitePostgres, type SitePostgres } from "../../apps/server/src/lab/sitePostgres.ts";
import { until } from "../../apps/server/src/lab/until.ts";
import { FaultProxy } from "../storm/faultProxy.ts";

// One of two servers does not reach the database, and knows nothing of what the other did meanwhile.

let site: SitePostgres;
let proxy: FaultProxy;
let behind: LabPlane;
let other: LabPlane;
beforeAll(async () => {
  site = await startSitePostgres();
  const url = new URL(await site.database());
  proxy = await FaultProxy.listen(0, { host: "127.0.0.1", port: Number(url.port) }, () => 0);
  other = await openLabPlane(url.href, { serverId: "other" });
  url.port = String(proxy.port);
  behind = await openLabPlane(url.href, { serverId: "behind" });
});
afterAll(async () => {
  await behind.close();
  await other.close();
  await proxy.close();
  await site.close();
  simWorld("behind").reset();
});

test("who cannot read what others did refuses nothing by what it last knew", async () => {
  await other.plane.hosts.add({ uri: "sim://behind/host-0001?vms=6" }, "me");
  await until("each knows of the other", async () =>
    (await Promise.all([behind, other].map(({ plane }) => plane.cluster.servers()))).every((servers) => servers.filter((each) => each.alive).length === 2),
  );
  const running = await until("a running VM, known to both", () =>
    behind.plane.estate.page("vm", { limit: 10 }).items.find((vm) => vm.state === "running" && other.plane.estate.get("vm", vm.id)),
  );
  await until("its host is connected and stays where it is", () => behind.plane.estate.get("host", running.hostId)?.connection.state === "connected");
  proxy.weather = { kind: "refuse" };
  proxy.cut();
  const task = await other.run({ do: "vm.destroy", vms: [running.id] });
  expect(task, JSON.stringify(task.steps)).toMatchObject({ state: "succeeded" });
  expect(behind.plane.estate.get("vm", running.id)).toMatchObject({ state: "running" }); // as far as it knows
  const start = { request: requestSchema.parse({ do: "vm.start", vms: [running.id] }), reason: "", account: "me" };
  await expect(behind.plane.tasks.create(start)).rejects.toMatchObject({ code: "storeUnavailable" });
  proxy.weather = { kind: "clear" };
  const again = await until("it reaches the database", () => behind.plane.tasks.create(start).catch(() => undefined));
  expect(await behind.ended(again.id)).toMatchObject({ state: "succeeded" });
});
