import { apiBase } from "@polyvisor/api";
import { afterAll, beforeAll, expect, test } from "vitest";
import { clientOf, startLabServer, type LabServer } from "../lab/labServer.ts";
import { startSitePostgres, type SitePostgres } from "../lab/sitePostgres.ts";
import { person, simHost } from "../lab/tenants.ts";
import { until } from "../lab/until.ts";

let site: SitePostgres;
let one: LabServer;
let two: LabServer;
beforeAll(async () => {
  site = await startSitePostgres();
  const url = await site.database();
  one = await startLabServer(url);
  two = await startLabServer(url, one);
});
afterAll(async () => {
  await two.close();
  await one.close();
  await site.close();
});

test("what is granted on one server counts on the others, and streams there are told", async () => {
  const { vms } = await simHost(one, "sim://several/host-0001?vms=4&seed=5", 4, { name: "h1" });
  const eve = await person(one, "eve");
  const there = clientOf(two.url, eve.token);
  const sees = (count: number) => until(`${count} VMs on the other server`, async () => (await there.call("vmList")).total === count);
  await sees(0);
  const stop = new AbortController();
  let text = "";
  const opened = Promise.withResolvers<void>();
  const read = async (since?: string): Promise<void> => {
    const answer = await fetch(`${two.url}${apiBase}/events${since === undefined ? "" : `?since=${since}`}`, {
      headers: { authorization: `Bearer ${eve.token}` },
      signal: stop.signal,
    });
    for await (const chunk of answer.body!) {
      text += Buffer.from(chunk).toString();
      if (text.includes("event: ready")) opened.resolve();
    }
  };
  const reading = read().catch(() => undefined);
  await opened.promise;
  const { id } = await one.client.call("grantCreate", { body: { role: "viewer", account: "eve", on: { object: vms[0]!.id } } });
  await sees(1);
  await until("the stream's reset", () => text.includes("event: reset"));
  const group = await one.client.call("groupCreate", { body: { name: "watchers" } });
  await one.client.call("grantCreate", { body: { role: "viewer", group: group.name, on: { site: true } } });
  await one.client.call("memberAdd", { params: { id: group.id, account: "eve" } });
  await sees(4);
  await until("another reset", () => text.split("event: reset").length === 3);
  await one.client.call("grantRemove", { params: { id } });
  await one.client.call("memberRemove", { params: { id: group.id, account: "eve" } });
  await sees(0);
  await until("the last reset", () => text.split("event: reset").length >= 4);

  // A place that one server told is one that the other knows; one that was made up is refused.
  const first = await fetch(`${one.url}${apiBase}/events`, { headers: { authorization: `Bearer ${eve.token}` }, signal: stop.signal });
  const place = /^id: (.+)$/m.exec(Buffer.from((await first.body!.getReader().read()).value!).toString())![1]!;
  expect(place).not.toMatch(/^\d+$/);
  text = "";
  const again = read(place).catch(() => undefined);
  await until("what it reads then", () => text.includes("event: ready"));
  expect(text).not.toContain("event: reset");
  expect((await fetch(`${two.url}${apiBase}/events?since=7`, { headers: { authorization: `Bearer ${eve.token}` } })).status).toBe(400);
  stop.abort();
  await Promise.all([reading, again]);
});
