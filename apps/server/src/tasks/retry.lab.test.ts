import { randomUUID } from "node:crypto";
import { simWorld } from "@polyvisor/hypervisors";
import type { RequestInput } from "@polyvisor/api/client";
import type { Task, Vm } from "@polyvisor/model";
import pg from "pg";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { startLabServer, type LabServer } from "../lab/labServer.ts";
import { startSitePostgres, type SitePostgres } from "../lab/sitePostgres.ts";
import { ended, person, refused, simHost } from "../lab/tenants.ts";

let site: SitePostgres;
let lab: LabServer;
let pool: pg.Pool;
let vms: Vm[];
const world = simWorld("retry");
beforeAll(async () => {
  site = await startSitePostgres();
  const databaseUrl = await site.database();
  pool = new pg.Pool({ connectionString: databaseUrl, options: "-c search_path=polyvisor" });
  lab = await startLabServer(databaseUrl);
  ({ vms } = await simHost(lab, "sim://retry/host-0001?vms=12&seed=3", 12, { name: "one" }));
});
afterAll(async () => {
  await pool.end();
  await lab.close();
  await site.close();
  world.reset();
});
const host = () => world.host("sim://retry/host-0001");
afterEach(() => host().clearFaults());

const order = async (request: RequestInput, client = lab.client): Promise<Task> => ended(client, await client.call("taskCreate", { body: { request } }));
const again = async (id: string, client = lab.client): Promise<Task> => ended(client, await client.call("taskRetry", { params: { id } }));
const vmIn = (state: Vm["state"]): Vm => vms.find((vm) => vm.state === state)!;

describe("a retry", () => {
  test("does of many objects only those that failed, as a task of its own that names the first", async () => {
    host().fault("fail:vm.setAutostart:0.5");
    const first = await order({ do: "vm.setAutostart", select: "host = one", on: true });
    expect(first.state).toBe("partial");
    host().clearFaults();
    const plan = await lab.client.call("taskRetryPlan", { params: { id: first.id }, body: { reason: "look first" } });
    const second = await again(first.id);
    const failed = first.plan.steps.filter((_, i) => first.steps[i]!.state === "failed").map(({ target }) => target.id);
    expect(second.plan.steps.map(({ target }) => target.id)).toEqual(failed);
    expect(plan.steps.map(({ target }) => target.id)).toEqual(failed);
    expect([second.state, second.retryOf, second.by, second.reason]).toEqual(["succeeded", first.id, "admin", first.reason]);
    expect(await lab.client.call("taskGet", { params: { id: first.id } })).toEqual(first);
    expect(await refused(again(second.id))).toBe("conflict"); // it did all of it
  });

  test("leaves out what is gone, and says so", async () => {
    const made = [];
    for (const name of ["gone", "stays"]) made.push(await order({ do: "vm.create", host: "one", spec: { name, disks: [], nics: [] }, start: false }));
    host().fault("fail:vm.describe:1");
    const ids = await Promise.all(["gone", "stays"].map(async (name) => (await lab.client.call("vmGet", { params: { id: name } })).id));
    const first = await order({ do: "vm.describe", vms: ids, title: "t" });
    expect(first.state).toBe("failed");
    await order({ do: "vm.delete", vms: [ids[0]!] });
    host().clearFaults();
    const second = await again(first.id);
    expect(second.plan.steps.map(({ target }) => target.name)).toEqual(["stays"]);
    expect(second.plan.warnings[0]).toMatch(/1 of the 2 VMs .* are left out/);
    expect(made.every(({ state }) => state === "succeeded")).toBe(true);
  });

  test("of a VM that was made and did not start only starts it", async () => {
    host().fault("fail:vm.start:1");
    const first = await order({ do: "vm.create", host: "one", spec: { name: "made", disks: [], nics: [] } });
    expect(first.state).toBe("failed");
    host().clearFaults();
    const second = await again(first.id);
    expect(second.plan.steps.map(({ action }) => action.verb)).toEqual(["vm.start"]);
    expect((await lab.client.call("vmGet", { params: { id: "made" } })).state).toBe("running");
  });

  test("of what left nothing behind does all of it, by what there is now", async () => {
    host().fault("fail:vm.create:1");
    const first = await order({ do: "vm.create", host: "one", spec: { name: "anew", disks: [{ size: 1024 ** 2 }], nics: [] }, start: false });
    host().clearFaults();
    const second = await again(first.id);
    expect([second.state, second.plan.steps.map(({ action }) => action.verb)]).toEqual(["succeeded", ["volume.create", "vm.create"]]);
  });

  test("with one key is one task, and what the plan of it shows is not done", async () => {
    host().fault("fail:vm.describe:1");
    const first = await order({ do: "vm.describe", vms: [vms[0]!.id], title: "once" });
    host().clearFaults();
    const idempotencyKey = randomUUID();
    const send = () => lab.client.call("taskRetry", { params: { id: first.id }, idempotencyKey });
    const ids = (await Promise.all([send(), send(), send()])).map(({ id }) => id);
    ids.push((await send()).id);
    expect(new Set(ids).size).toBe(1);
    expect(await refused(lab.client.call("taskRetry", { params: { id: first.id }, body: { reason: "other" }, idempotencyKey }))).toBe("conflict");
    const { rows } = await pool.query<{ n: number }>("select count(*)::int as n from task where retry_of = $1", [first.id]);
    expect(rows[0]!.n).toBe(1);
  });

  test("of a task that is not over, or whose request was never kept, is refused with what to do", async () => {
    host().fault("delay:vm.describe:60000");
    const running = await lab.client.call("taskCreate", { body: { request: { do: "vm.describe", vms: [vms[0]!.id], title: "x" } } });
    expect(await refused(again(running.id))).toBe("conflict");
    await lab.client.call("taskCancel", { params: { id: running.id } });
    host().clearFaults();
    await ended(lab.client, running);
    await pool.query("update task set asked = null where id = $1", [running.id]); // as a version before kept it
    const problem = await lab.client.call("taskRetry", { params: { id: running.id } }).catch((error: { problem: object }) => error.problem);
    expect(problem).toMatchObject({ code: "conflict", detail: expect.stringMatching(/was not kept/), remedy: "Ask for it anew." });
  });
});

describe("secrets", () => {
  test("that are typed are in nothing that is kept or told, and a retry says that they are gone", async () => {
    host().fault("fail:vm.sendKeys:1");
    const vm = vmIn("running");
    const made = await lab.client.call("taskCreate", { body: { request: { do: "vm.sendKeys", vms: [vm.id], keys: ["KEY_Z", "KEY_Q"] } } });
    const first = await ended(lab.client, made);
    expect(first.state).toBe("failed");
    const { rows } = await pool.query<{ text: string }>(
      "select (select plan::text || coalesce(asked::text, '') from task where id = $1) || (select string_agg(doc::text, '') from event where task_id = $1) as text",
      [first.id],
    );
    for (const text of [rows[0]!.text, JSON.stringify(made), JSON.stringify(first)]) expect(text).not.toMatch(/KEY_[ZQ]/);
    const problem = await lab.client.call("taskRetry", { params: { id: first.id } }).catch((error: { problem: object }) => error.problem);
    expect(problem).toMatchObject({ code: "conflict", detail: expect.stringMatching(/keys of vm.sendKeys may hold a secret/) });
  });

  test("of a definition neither; one without any is done again", async () => {
    host().fault("fail:vm.define:1");
    const definition = (name: string, inside = ""): string =>
      `<domain type="kvm"><name>${name}</name><memory unit="MiB">64</memory><vcpu>1</vcpu><os><type>hvm</type></os><devices>${inside}</devices></domain>`;
    const secret = await order({ do: "vm.define", host: "one", definition: definition("guarded", `<graphics type="vnc" passwd="swordfish"/>`) });
    const plain = await order({ do: "vm.define", host: "one", definition: definition("plain") });
    host().clearFaults();
    const { rows } = await pool.query<{ n: number }>(
      "select (select count(*) from task where plan::text || coalesce(asked::text, '') like '%swordfish%') + (select count(*) from event where doc::text like '%swordfish%') as n",
    );
    expect(Number(rows[0]!.n)).toBe(0);
    expect(await refused(again(secret.id))).toBe("conflict");
    expect((await again(plain.id)).state).toBe("succeeded");
  });
});

test("a retry has the rights of who asks for it, never those of who asked first", async () => {
  host().fault("fail:vm.describe:1");
  const [mine, theirs] = [vms[1]!, vms[2]!];
  const first = await order({ do: "vm.describe", vms: [mine.id, theirs.id], title: "by admin" });
  host().clearFaults();
  const stranger = await person(lab, "stranger");
  expect(await refused(again(first.id, stranger.client))).toBe("notFound");
  // Who sees all and may change one: the other one fails for him.
  const some = await person(lab, "some");
  await lab.client.call("roleCreate", { body: { name: "editor", permissions: ["vm.view", "vm.edit"] } });
  await lab.client.call("grantCreate", { body: { role: "viewer", account: "some", on: { site: true } } });
  await lab.client.call("roleCreate", { body: { name: "task-reader", permissions: ["task.view"] } });
  await lab.client.call("grantCreate", { body: { role: "task-reader", account: "some", on: { site: true } } });
  expect(await refused(some.client.call("taskRetry", { params: { id: first.id } }))).toBe("preCheckFailed");
  expect(await refused(some.client.call("taskRetryPlan", { params: { id: first.id } }))).toBe("preCheckFailed");
  await lab.client.call("grantCreate", { body: { role: "editor", account: "some", on: { object: mine.id } } });
  const second = await again(first.id, some.client);
  expect([second.by, second.state]).toEqual(["some", "partial"]);
  expect(second.steps.map(({ state, failure }) => failure?.code ?? state).sort()).toEqual(["forbidden", "succeeded"]);
  // Who sees one of the two only: of the other nothing is said.
  const one = await person(lab, "one");
  await lab.client.call("grantCreate", { body: { role: "editor", account: "one", on: { object: theirs.id } } });
  await lab.client.call("grantCreate", { body: { role: "task-reader", account: "one", on: { site: true } } });
  const third = await again(second.id, one.client);
  expect(third.plan.steps.map(({ target }) => target.id)).toEqual([theirs.id]);
});
