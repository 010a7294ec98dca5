import { readFile } from "node:fs/promises";
import path from "node:path";
import { connectHypervisor, simUris, simWorld } from "@polyvisor/hypervisors";
import type { Event, Inventory } from "@polyvisor/model";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { ControlPlane } from "./controlPlane.ts";
import { filterOf } from "./estate/filterOf.ts";
import { EventReplica, everything, openLabPlane, type LabPlane } from "./lab/labPlane.ts";
import { startSitePostgres, type SitePostgres } from "./lab/sitePostgres.ts";
import { until } from "./lab/until.ts";

let site: SitePostgres;
let lab: LabPlane;
const aborts: AbortController[] = [];
beforeAll(async () => {
  site = await startSitePostgres();
});
afterAll(() => site.close());
beforeEach(async () => {
  lab = await openLabPlane(await site.database());
});
afterEach(async () => {
  for (const each of aborts.splice(0)) each.abort();
  await lab.close();
  simWorld("plane").reset();
});
const uri = (n: number, more = ""): string => `sim://plane/host-000${n}?hosts=3&vms=8${more}`;
const connected = (plane: ControlPlane, count: number): Promise<true> => until(`${count} hosts`, () => plane.metrics().hosts.connected === count);
const vmIn = (state: string) => lab.plane.estate.page("vm", { filter: filterOf(`state = ${state}`, "vm", "test"), limit: 1 }).items[0]!;
const signal = (): AbortSignal => {
  const abort = new AbortController();
  aborts.push(abort);
  return abort.signal;
};
/** What a host has, without what only this connection knows. */
async function inventoryOf(host: string): Promise<Inventory> {
  const hypervisor = await connectHypervisor(host, { signal: signal(), openTimeoutMs: 5_000, callTimeoutMs: 10_000 });
  try {
    return await hypervisor.inventory();
  } finally {
    await hypervisor.close();
  }
}
/** The estate says of a host's VMs exactly what the host says. */
async function agrees(plane: ControlPlane, hostUri: string): Promise<void> {
  await until(
    "estate and host agree",
    async () => {
      const { vms, datastores, networks } = await inventoryOf(hostUri);
      const host = plane.estate.page("host", { limit: 100 }).items.find((each) => each.uri === hostUri)!;
      for (const [kind, facts] of [
        ["vm", vms],
        ["datastore", datastores],
        ["network", networks],
      ] as const) {
        const here = plane.estate.page(kind, { filter: filterOf(`host = ${host.id}`, kind, "test"), limit: 1000 }).items;
        expect(here.length).toBe(facts.length);
        for (const fact of facts) expect(here.find((each) => each.nativeId === fact.nativeId)).toMatchObject(fact);
      }
      return host.connection.state === "connected";
    },
    5_000,
  );
}

describe("hosts", () => {
  test("one appears with everything on it; a second way to the same machine is refused", async () => {
    const host = await lab.plane.hosts.add({ uri: uri(1), tags: ["a", "a"], credential: { username: "u", password: "p" } }, "me");
    expect(host).toMatchObject({ name: "host-0001", tags: ["a"] });
    await agrees(lab.plane, uri(1));
    await expect(lab.plane.hosts.add({ uri: uri(1) }, "me")).rejects.toMatchObject({ code: "conflict" });
    await expect(lab.plane.hosts.add({ uri: uri(1, "&pace=1") }, "me")).rejects.toMatchObject({
      code: "conflict",
      detail: expect.stringMatching(/host-0001 is the same machine/),
    });
    await expect(lab.plane.hosts.add({ uri: uri(2), name: "host-0001" }, "me")).rejects.toMatchObject({ code: "nameTaken" });
    await lab.plane.hosts.add({ uri: uri(2) }, "me"); // what was refused holds nothing
  });

  test.each([
    ["refuse", "hostRefused"],
    ["unreachable", "hostUnreachable"],
    ["auth", "hostAuthFailed"],
  ])("one that answers with %s is not added, and the answer says why", async (fault, code) => {
    await expect(lab.plane.hosts.add({ uri: uri(1, `&fault=${fault}`) }, "me")).rejects.toMatchObject({ code });
    expect(everything(lab.plane).size).toBe(0);
  });

  test("one is removed, and the server stops, while its first inventory is still on the way", async () => {
    const { id } = await lab.plane.hosts.add({ uri: uri(1) }, "me");
    await lab.plane.hosts.remove(id);
    expect(everything(lab.plane).size).toBe(0);
    await lab.plane.hosts.add({ uri: uri(1) }, "me");
    await lab.reopen();
    await connected(lab.plane, 1);
  });

  test("one that breaks off is shown as last seen, and agrees again within 5 s of its return, whatever happened meanwhile", async () => {
    const { id } = await lab.plane.hosts.add({ uri: uri(1) }, "me");
    await connected(lab.plane, 1);
    const world = simWorld("plane").host("host-0001");
    const running = vmIn("running");
    world.refuse();
    world.drop();
    const lost = await until("lost", () => lab.plane.estate.get("host", id)?.connection.state === "lost" && lab.plane.estate.get("host", id));
    expect(lost!.connection).toMatchObject({ failure: { remedy: expect.any(String) }, lastSeen: expect.any(String) });
    expect(lab.plane.estate.get("vm", running.id)!.state).toBe("running");
    expect(lab.plane.vms.explain(running.id)).toMatchObject({ fresh: false, sentences: expect.arrayContaining([expect.stringMatching(/last seen/)]) });
    expect(() => lab.plane.hosts.hypervisor(id)).toThrow(expect.objectContaining({ code: expect.stringMatching(/^host/) }));
    await expect(lab.run({ do: "vm.destroy", vms: [running.id] })).rejects.toMatchObject({ code: "hostUnreachable" });
    await world.outside({ verb: "vm.destroy", vm: running.nativeId });
    const deleted = world.vms().at(-1)!;
    await world.outside({ verb: "vm.destroy", vm: deleted }).catch(() => undefined);
    await world.outside({ verb: "vm.delete", vm: deleted, volumes: [] });
    world.accept();
    await agrees(lab.plane, uri(1));
    expect(lab.plane.estate.get("vm", running.id)!.state).toBe("off");
  });

  test("one that hangs is found out, and agrees again when it answers", async () => {
    await lab.close();
    lab = await openLabPlane(await site.database(), { intervals: { callTimeout: 500, openTimeout: 500, reconnectMax: 300 } });
    await lab.plane.hosts.add({ uri: uri(1) }, "me");
    await connected(lab.plane, 1);
    const world = simWorld("plane").host("host-0001");
    world.hang();
    await until("lost", () => lab.plane.metrics().hosts.lost === 1);
    world.unhang();
    await agrees(lab.plane, uri(1));
  });

  test("disabled it is left alone, enabled it comes back, removed it is gone with all that was on it", async () => {
    const { id, revision } = await lab.plane.hosts.add({ uri: uri(1) }, "me");
    await connected(lab.plane, 1);
    await expect(lab.plane.hosts.change(id, { tags: ["x"] }, revision)).rejects.toMatchObject({ code: "changedMeanwhile" });
    expect((await lab.plane.hosts.change(id, { enabled: false, name: "mine" })).connection.state).toBe("disabled");
    expect(() => lab.plane.hosts.hypervisor(id)).toThrow(/disabled/);
    await lab.plane.hosts.change(id, { enabled: true });
    await connected(lab.plane, 1);
    const before = lab.plane.events.lastId();
    await lab.plane.hosts.remove(id);
    expect(everything(lab.plane).size).toBe(0);
    const told: Event[] = [];
    for await (const event of lab.plane.events.subscribe({ since: before, signal: signal() })) if (told.push(event) && event.kind === "host") break;
    expect(told.every((event) => event.type === "deleted" && event.object === undefined)).toBe(true);
    await lab.plane.hosts.add({ uri: uri(1) }, "me");
  });
});

describe("after a restart", () => {
  test("everything is as it was, with ids, tags, notes and since when, and events go on where they were", async () => {
    await lab.plane.hosts.add({ uri: uri(1), credential: { username: "u", password: "p" } }, "me");
    await connected(lab.plane, 1);
    const vm = vmIn("running");
    await lab.plane.vms.change(vm.id, { tags: ["web"], notes: "mine" });
    const known = lab.plane.estate.get("vm", vm.id);
    const since = lab.plane.events.lastId();
    const plane = await lab.reopen();
    expect(plane.estate.get("vm", vm.id)).toEqual(known); // at once, before any host is connected
    await connected(plane, 1);
    expect(plane.estate.get("vm", vm.id)).toEqual(known);
    const kinds = new Set<string>();
    for await (const event of plane.events.subscribe({ since, signal: signal() })) {
      kinds.add(event.kind);
      if (event.kind === "host" && (event.object as { connection: { state: string } }).connection.state === "connected") break;
    }
    expect([...kinds]).toEqual(["host"]); // nothing else had changed
  });

  test("a state that changed meanwhile is newer than the restart", async () => {
    await lab.plane.hosts.add({ uri: uri(1) }, "me");
    await connected(lab.plane, 1);
    const vm = vmIn("running");
    await lab.plane.close();
    await simWorld("plane").host("host-0001").outside({ verb: "vm.destroy", vm: vm.nativeId });
    const plane = await lab.reopen();
    const after = await until("the change", () => plane.estate.get("vm", vm.id)?.state === "off" && plane.estate.get("vm", vm.id));
    expect(Date.parse(after!.stateSince)).toBeGreaterThan(Date.parse(vm.stateSince));
  });
});

describe("events", () => {
  test("played onto a copy they give the estate, for readers from the start, in between and after a break", async () => {
    const replicas = [new EventReplica(lab.plane.events.lastId())];
    void replicas[0]!.follow(lab.plane, signal());
    for (const n of [1, 2, 3]) await lab.plane.hosts.add({ uri: uri(n, "&churn=36000") }, "me");
    await connected(lab.plane, 3);
    const late = new EventReplica("0");
    replicas.push(late);
    void late.follow(lab.plane, signal());
    const broken = new EventReplica("0");
    replicas.push(broken);
    for (let i = 0; i < 5; i++) {
      const pause = new AbortController();
      const reading = broken.follow(lab.plane, pause.signal);
      await lab.run({ do: "vm.start", select: "state=off" }).catch(() => undefined);
      await lab.run({ do: "vm.destroy", select: "state=running" }).catch(() => undefined);
      pause.abort();
      await reading;
    }
    void broken.follow(lab.plane, signal());
    for (const n of [1, 2, 3]) await lab.plane.hosts.change(lab.plane.estate.find("host", `host-000${n}`).id, { enabled: false }); // quiet
    await until("all have read all", () => replicas.every((each) => each.last === lab.plane.events.lastId()));
    for (const each of replicas) {
      expect(each.faults).toEqual([]);
      expect(each.resets).toBe(0);
      expect(new Map([...each.objects].sort())).toEqual(new Map([...everything(lab.plane)].sort()));
    }
    const { rows } = await lab.store.pool.query<{ n: number; span: number }>("select count(*) as n, max(id) - min(id) + 1 as span from event");
    expect(rows[0]!.n).toBe(rows[0]!.span);
  });

  test("a change names the task that made it, and what was done behind our back names none", async () => {
    await lab.plane.hosts.add({ uri: uri(1) }, "me");
    await connected(lab.plane, 1);
    const since = lab.plane.events.lastId();
    const [ours, others] = lab.plane.estate.page("vm", { filter: filterOf("state = running", "vm", "test"), limit: 2 }).items;
    await simWorld("plane").host("host-0001").outside({ verb: "vm.destroy", vm: others!.nativeId });
    const task = await lab.run({ do: "vm.destroy", vms: [ours!.id] });
    const seen = new Map<string, string | undefined>();
    for await (const event of lab.plane.events.subscribe({ since, kinds: new Set(["vm"]), signal: signal() })) {
      if (event.fields.includes("state")) seen.set(event.objectId, event.taskId);
      if (seen.size === 2) break;
    }
    expect(seen).toEqual(
      new Map([
        [others!.id, undefined],
        [ours!.id, task.id],
      ]),
    );
  });

  test.each(["99999999", "x", "-1", "1e3"])("a reader who comes with the unknown id %s is told to read anew, once", async (since) => {
    const told: Event[] = [];
    void (async () => {
      for await (const event of lab.plane.events.subscribe({ since, signal: signal() })) told.push(event);
    })();
    await lab.plane.hosts.add({ uri: uri(1) }, "me");
    await connected(lab.plane, 1);
    await until("the stream", () => told.some((event) => event.kind === "vm"));
    expect(told.filter((event) => event.type === "reset").length).toBe(1);
    expect(told[0]!.type).toBe("reset");
  });
});

describe("tasks", () => {
  beforeEach(async () => {
    await lab.plane.hosts.add({ uri: uri(1, "&pace=0") }, "me");
    await connected(lab.plane, 1);
  });

  test("the same key gives the same task, also at once and after a restart; another request under it is refused", async () => {
    const request = { do: "vm.destroy" as const, vms: [vmIn("running").id] };
    const order = { request, reason: "r", account: "me", idempotencyKey: "k" };
    const [a, b] = await Promise.all([lab.plane.tasks.create(order), lab.plane.tasks.create(order)]);
    expect(a.id).toBe(b.id);
    await lab.ended(a.id);
    await expect(lab.plane.tasks.create({ ...order, reason: "other" })).rejects.toMatchObject({ code: "conflict" });
    expect(await lab.plane.tasks.create({ ...order, account: "you" }).catch((error: { code: string }) => error.code)).toBe("wrongState"); // another account's key is another key
    await lab.reopen();
    expect((await lab.plane.tasks.create(order)).id).toBe(a.id);
  });

  test("of many, those that cannot be done are told and the rest is done", async () => {
    simWorld("plane").host("host-0001").fault("fail:vm.setAutostart:0.5");
    const all = lab.plane.estate.page("vm", { limit: 100 }).items;
    const task = await lab.run({ do: "vm.setAutostart", select: "name=*", on: true });
    expect(task.state).toBe("partial");
    for (const [i, step] of task.steps.entries()) {
      const vm = all.find((each) => each.id === task.plan.steps[i]!.target.id)!;
      if (step.state === "succeeded") await until("the change", () => lab.plane.estate.get("vm", vm.id)!.autostart);
      else expect(step.failure).toMatchObject({ code: "hypervisorFailed" });
    }
    expect(task.failure).toMatchObject({ code: "hypervisorFailed" });
  });

  test("a connection that breaks in the middle does nothing twice", async () => {
    simWorld("plane").host("host-0001").fault("lose:vm.destroy:1");
    const task = await lab.run({ do: "vm.destroy", vms: [vmIn("running").id] });
    expect(task.steps[0]).toMatchObject({ state: "succeeded", message: expect.stringMatching(/found done after the connection/) });
    simWorld("plane").host("host-0001").fault("lose:vm.reset:1");
    const reset = await lab.run({ do: "vm.reset", vms: [vmIn("running").id] });
    expect(reset.steps[0]).toMatchObject({ state: "interrupted", failure: { code: "interrupted" } });
  });

  test("cancelled, it says what was done and what was not", async () => {
    simWorld("plane").host("host-0001").fault("delay:vm.setAutostart:300");
    const task = await lab.plane.tasks.create({ request: { do: "vm.setAutostart", select: "name=*", on: true }, reason: "", account: "me" });
    await until("a step ran", async () => (await lab.plane.tasks.get(task.id)).steps.some((step) => step.state === "running"));
    await lab.plane.tasks.cancel(task.id);
    const ended = await lab.ended(task.id);
    expect(ended).toMatchObject({ state: "cancelled", cancelRequested: true });
    expect(ended.steps.filter((step) => step.state === "cancelled").length).toBeGreaterThan(0);
    expect(ended.steps.every((step) => step.state === "succeeded" || step.state === "cancelled")).toBe(true);
    expect((await lab.plane.tasks.cancel(task.id)).revision).toBe(ended.revision);
  });

  test("the list has the latest first, by pages", async () => {
    for (let i = 0; i < 5; i++) await lab.run({ do: "vm.setAutostart", select: "name=*", on: i % 2 === 0 });
    const first = await lab.plane.tasks.list({ limit: 3 });
    const rest = await lab.plane.tasks.list({ limit: 3, cursor: first.next });
    const ids = [...first.items, ...rest.items].map((task) => task.createdAt);
    expect(ids).toEqual(ids.toSorted().reverse());
    expect([first.items.length, rest.items.length, rest.next]).toEqual([3, 2, undefined]);
    await expect(lab.plane.tasks.list({ limit: 1, cursor: "x" })).rejects.toMatchObject({ code: "badRequest" });
  });
});

test("when the database dies nothing is lost, nothing is told twice, and who asks is told at once", { timeout: 240_000 }, async () => {
  const own = await openLabPlane();
  try {
    const replica = new EventReplica(own.plane.events.lastId());
    void replica.follow(own.plane, signal());
    await own.plane.hosts.add({ uri: uri(1, "&churn=36000") }, "me");
    await connected(own.plane, 1);
    for (let i = 0; i < 3; i++) {
      const running = own.plane.tasks
        .create({ request: { do: "vm.setAutostart", select: "name=*", on: i % 2 === 0 }, reason: "", account: "me" })
        .catch((error: { code: string }) => error.code);
      const before = own.plane.metrics().journal.failures;
      const pid = Number((await readFile(path.join(own.folder, "postgres/postmaster.pid"), "utf8")).split("\n")[0]);
      process.kill(pid, "SIGKILL");
      await until("the outage is noticed", () => own.plane.metrics().journal.failures > before);
      const vm = own.plane.estate.page("vm", { limit: 1 }).items[0]!;
      const asked = await own.plane.vms.change(vm.id, { notes: String(i) }).then(
        () => "done",
        (error: { code: string }) => error.code,
      );
      expect(["storeUnavailable", "done"]).toContain(asked);
      await until("it is back", async () => (await own.store.pool.query("select 1")).rowCount === 1, 60_000);
      const task = await running;
      if (typeof task === "string") expect(task).toBe("storeUnavailable");
      else expect(["succeeded", "partial", "failed"]).toContain((await own.ended(task.id)).state);
    }
    const { id } = own.plane.estate.find("host", "host-0001");
    await until("the host rests", () => own.plane.hosts.change(id, { enabled: false }));
    await until("all is read", () => replica.last === own.plane.events.lastId());
    expect(replica.faults).toEqual([]);
    expect(new Map([...replica.objects].sort())).toEqual(new Map([...everything(own.plane)].sort()));
    const { rows } = await own.store.pool.query<{ doc: { id: string } }>("select doc from object");
    expect(new Map(rows.map(({ doc }) => [doc.id, doc] as const).sort())).toEqual(new Map([...everything(own.plane)].sort()));
  } finally {
    await own.close();
  }
});

test("a thousand hosts with 25,000 VMs come, go and are there at once after a restart", { timeout: 240_000 }, async () => {
  const uris = simUris({ estate: "plane", hosts: 1000, vmsPerHost: 25 });
  const queue = [...uris];
  await Promise.all(
    Array.from({ length: 32 }, async () => {
      for (let next = queue.pop(); next; next = queue.pop()) await lab.plane.hosts.add({ uri: next }, "me");
    }),
  );
  await connected(lab.plane, 1000);
  const before = everything(lab.plane);
  expect(lab.plane.estate.page("vm", { limit: 1 }).total).toBe(25_000);
  const plane = await lab.reopen();
  expect(plane.estate.page("vm", { limit: 1 }).total).toBe(25_000);
  await connected(plane, 1000);
  const after = everything(plane);
  for (const [id, object] of before) if (!id.startsWith("h-")) expect(after.get(id)).toEqual(object);
  const replica = new EventReplica("0");
  void replica.follow(plane, signal());
  await until("all events are read", () => replica.last === plane.events.lastId(), 60_000);
  expect(replica.faults).toEqual([]);
  expect(replica.objects.size).toBe(after.size);
});
