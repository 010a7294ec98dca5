import { requestSchema } from "@polyvisor/api";
import { simWorld } from "@polyvisor/hypervisors";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { filterOf } from "../estate/filterOf.ts";
import { watchCommits, type Commits } from "../lab/commits.ts";
import { openLabPlane, type LabPlane } from "../lab/labPlane.ts";
import { startSitePostgres, type SitePostgres } from "../lab/sitePostgres.ts";
import { until } from "../lab/until.ts";

let site: SitePostgres;
let lab: LabPlane;
let commits: Commits;
beforeAll(async () => {
  site = await startSitePostgres();
});
afterAll(() => site.close());
beforeEach(async () => {
  lab = await openLabPlane(await site.database());
  commits = watchCommits(lab.store);
});
afterEach(async () => {
  await lab.close();
  simWorld("doubt").reset();
});

const uri = "sim://doubt/host-0001?hosts=1&vms=4";
const added = async (): Promise<string> => {
  const { id } = await lab.plane.hosts.add({ uri }, "me");
  await until("connected", () => lab.plane.metrics().hosts.connected === 1);
  return id;
};
/** Why there is no connection to a host. */
const without = (id: string): string => {
  try {
    lab.plane.hosts.hypervisor(id);
    return "";
  } catch (error) {
    return (error as Error).message;
  }
};

describe("when the answer to a commit is lost, the one who asked is told, and what was kept holds", () => {
  test("a host that was added is connected", async () => {
    commits.loseAnswer();
    await expect(lab.plane.hosts.add({ uri }, "me")).rejects.toMatchObject({ code: "storeUnavailable" });
    await until("connected", () => lab.plane.metrics().hosts.connected === 1);
    await expect(lab.plane.hosts.add({ uri }, "me")).rejects.toMatchObject({ code: "conflict" });
  });

  test("a host that was disabled is disconnected, and one that was enabled is connected", async () => {
    const id = await added();
    commits.loseAnswer();
    await expect(lab.plane.hosts.change(id, { enabled: false })).rejects.toMatchObject({ code: "storeUnavailable" });
    await until("disconnected", () => /disabled/.test(without(id)));
    commits.loseAnswer();
    await expect(lab.plane.hosts.change(id, { enabled: true })).rejects.toMatchObject({ code: "storeUnavailable" });
    await until("connected", () => lab.plane.metrics().hosts.connected === 1);
  });

  test("a host that was removed is disconnected, and can be added again", async () => {
    const id = await added();
    commits.loseAnswer();
    await expect(lab.plane.hosts.remove(id)).rejects.toMatchObject({ code: "storeUnavailable" });
    await until("disconnected", () => /there is no host/.test(without(id)));
    await added();
  });

  test("a task is carried out once, and the same order finds it", async () => {
    await added();
    const vm = lab.plane.estate.page("vm", { filter: filterOf("state = running", "vm", "test"), limit: 1 }).items[0]!;
    const order = { request: requestSchema.parse({ do: "vm.destroy", vms: [vm.id] }), reason: "", account: "lab", idempotencyKey: "one" };
    commits.loseAnswer();
    await expect(lab.plane.tasks.create(order)).rejects.toMatchObject({ code: "storeUnavailable" });
    await until("off", () => lab.plane.estate.get("vm", vm.id)?.state === "off");
    const { items } = await lab.plane.tasks.list({ limit: 10 });
    expect(items).toHaveLength(1);
    expect((await lab.plane.tasks.create(order)).id).toBe(items[0]!.id);
    expect((await lab.ended(items[0]!.id)).state).toBe("succeeded");
  });
});

test("a host that is lost in the moment in which it is disabled stays disabled", async () => {
  const id = await added();
  const release = commits.hold();
  const before = lab.plane.estate.get("host", id)!;
  const tagged = lab.plane.hosts.change(id, { tags: ["x"] }); // holds the journal's batch
  await until("a batch is on its way", () => lab.plane.metrics().journal.waiting === 0);
  const disabled = lab.plane.hosts.change(id, { enabled: false });
  simWorld("doubt").host("host-0001").drop();
  await until("the loss waits behind it", () => lab.plane.metrics().journal.waiting >= 2);
  expect(lab.plane.estate.get("host", id)).toBe(before);
  release();
  await tagged;
  expect((await disabled).connection.state).toBe("disabled");
  await until("all is written", () => lab.plane.metrics().journal.waiting === 0);
  await lab.plane.hosts.change(id, { tags: ["y"] }); // behind everything
  expect(lab.plane.estate.get("host", id)!.connection.state).toBe("disabled");
});

test("a host with another revision is not removed", async () => {
  const id = await added();
  await expect(lab.plane.hosts.remove(id, 1_000_000)).rejects.toMatchObject({ code: "changedMeanwhile" });
  expect(without(id)).toBe("");
});
