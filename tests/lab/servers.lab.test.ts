import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { connectHypervisor, serveSim, simWorld, type ServedSim } from "@polyvisor/hypervisors";
import type { Event, Task, Vm } from "@polyvisor/model";
import { afterAll, beforeAll, expect, test } from "vitest";
import { EventReplica } from "../../apps/server/src/lab/labPlane.ts";
import { startSitePostgres, type SitePostgres } from "../../apps/server/src/lab/sitePostgres.ts";
import { until } from "../../apps/server/src/lab/until.ts";
import { StormHost } from "../storm/stormHost.ts";
import { serverGroup, type GroupServer } from "./serverGroup.ts";

// Three server processes on one PostgreSQL, over hosts that outlive all of them and count what was done to their VMs:
// simulated ones, and two real libvirtd.

const simCount = 9;
const hostCount = simCount + 2;
const vmsPerHost = 4;
const workers = 6;
/** More than a server begins at once on one host. */
const vmsPerLibvirtd = 6;
/** What the issue states. */
const takeOverMs = 15_000;
/** For a machine on which a dozen other things run; what was measured is printed. */
const noiseMs = 15_000;

let site: SitePostgres;
let databaseUrl: string;
let folder: string;
let served: ServedSim;
const daemons: StormHost[] = [];
let group: Awaited<ReturnType<typeof serverGroup>>;
let servers: GroupServer[];
const over = new AbortController();
const uri = (n: number, scheme = "sim+unix"): string =>
  `${scheme}://servers/host-000${n}?${scheme === "sim" ? "" : `socket=${encodeURIComponent(path.join(folder, "hosts.sock"))}&`}hosts=${hostCount}&vms=${vmsPerHost}&pace=0.05&queue=100000`;

beforeAll(async () => {
  site = await startSitePostgres();
  folder = await mkdtemp(path.join(tmpdir(), "servers-"));
  served = await serveSim(path.join(folder, "hosts.sock"));
  for (const name of ["real-1", "real-2"]) {
    const daemon = await StormHost.start(name, "test", folder, () => 0);
    daemons.push(daemon);
    for (let n = 1; n <= vmsPerLibvirtd; n++) await daemon.define(`${name}-${n}`, daemon.xmlOf(`${name}-${n}`, 16));
  }
  databaseUrl = await site.database();
  group = await serverGroup(databaseUrl, 3);
  servers = group.servers;
});
afterAll(async () => {
  over.abort();
  await group.close();
  for (const daemon of daemons) await daemon.close();
  await served.close();
  simWorld("servers").reset();
  await site.close();
  await rm(folder, { recursive: true, force: true });
});

/** Any server that is up, another one each time. */
let turn = 0;
function anyServer(): GroupServer {
  const up = servers.filter((server) => server.up);
  return up[turn++ % up.length]!;
}
/** Asks one server after another until one answers: as a client behind a load balancer does. */
async function asking<T>(ask: (server: GroupServer) => Promise<T>): Promise<T> {
  const end = Date.now() + 60_000;
  for (;;) {
    const server = anyServer();
    try {
      return await Promise.race([ask(server), delay(5_000).then(() => Promise.reject(new Error("no answer")))]);
    } catch (error) {
      const problem = (error as { problem?: { code: string } }).problem;
      if ((problem !== undefined && !["starting", "hostUnreachable", "storeUnavailable"].includes(problem.code)) || Date.now() > end) throw error;
      await delay(50);
    }
  }
}

/** What happened to the VMs on the hosts themselves: every change between running and off, in order. */
const seen = new Map<string, string[]>();
async function watchHosts(): Promise<void> {
  for (let n = 1; n <= simCount; n++) {
    const host = await connectHypervisor(uri(n, "sim"), { signal: over.signal, openTimeoutMs: 5_000, callTimeoutMs: 5_000 });
    const known = new Map<string, string>();
    const begun = Promise.withResolvers<void>();
    void (async () => {
      for await (const change of host.changes(over.signal)) {
        const vms = change.type === "inventory" ? change.inventory.vms : change.type === "upsert" && change.kind === "vm" ? [change.facts] : [];
        if (change.type === "inventory" && known.size > 0) throw new Error("the watcher was too slow");
        for (const vm of vms) {
          if (known.has(vm.nativeId) && known.get(vm.nativeId) !== vm.state) seen.set(vm.nativeId, [...(seen.get(vm.nativeId) ?? []), vm.state]);
          known.set(vm.nativeId, vm.state);
        }
        begun.resolve();
      }
    })();
    await begun.promise;
  }
}

/** The same of a VM on a libvirtd, from its witness. */
const witnessed = (vm: Vm): string[] =>
  daemons
    .flatMap((daemon) => daemon.witnessed)
    .filter((each) => each.vm === vm.name)
    .flatMap(({ event }) => (event === "Started Booted" ? ["running"] : event === "Stopped Destroyed" ? ["off"] : []));
const isReal = (vm: Vm): boolean => /^real-\d-\d$/.test(vm.name);
/** Orders what turns a VM on or off, and waits for the end. */
async function turnTo(vm: Vm, to: "running" | "off", idempotencyKey: string): Promise<Task> {
  const order = { request: { do: to === "off" ? "vm.destroy" : "vm.start", vms: [vm.id] }, reason: "load" } as const;
  const { id } = await asking((server) => server.client.call("taskCreate", { body: order, idempotencyKey }));
  return until(
    `task ${id}`,
    async () => {
      const known = (await asking((server) => server.client.call("taskGet", { params: { id } }))) as Task;
      return known.endedAt !== undefined && known;
    },
    90_000,
  );
}

/** Follows a server's events; when it goes, another's, from where it was. */
async function follow(replica: EventReplica, first: number): Promise<void> {
  for (let n = first; !over.signal.aborted; n++) {
    const server = servers[n % servers.length]!;
    if (!server.up) {
      await delay(20);
      continue;
    }
    const lost = new AbortController();
    const watch = setInterval(() => server.up || lost.abort(), 50);
    try {
      const signal = AbortSignal.any([over.signal, lost.signal]);
      for await (const event of server.client.events({ since: replica.last, signal, onConnection: (state) => state === "lost" && lost.abort() }))
        replica.take(event as Event);
    } catch {
      // it went; the next one goes on
    } finally {
      clearInterval(watch);
    }
  }
}

const hostsOf = async (server: GroupServer): Promise<number> => {
  const { items } = await asking((other) => other.client.call("serverList"));
  const id = await server.id;
  return items.find((each) => each.id === id)?.hosts ?? 0;
};
const allConnected = async (): Promise<boolean> => {
  const { items } = await asking((server) => server.client.call("hostList", { query: { limit: 100 } }));
  return items.length === hostCount && items.every((host) => host.connection.state === "connected");
};

test(
  "each killed and paused in turn under load: taken over within 15 s, nothing lost, nothing done twice, one order of events",
  { timeout: 600_000 },
  async () => {
    await watchHosts();
    for (let n = 1; n <= simCount; n++) await asking((server) => server.client.call("hostAdd", { body: { uri: uri(n) } }));
    for (const daemon of daemons) await asking((server) => server.client.call("hostAdd", { body: { uri: daemon.uri(folder), name: daemon.name } }));
    await until("all hosts are connected", allConnected, 60_000);
    await until("each server has its share", async () => (await Promise.all(servers.map(hostsOf))).every((hosts) => hosts > 0), 60_000);

    const { items: vms } = await asking((server) => server.client.call("vmList", { query: { limit: 1_000 } }));
    const beginning = (await asking((server) => server.client.call("infoGet"))) && "0";
    const replicas = servers.map(() => new EventReplica(beginning));
    for (const [i, replica] of replicas.entries()) void follow(replica, i);

    // Load: each worker has VMs of its own and starts and stops them in turn, always through whichever server answers.
    const done = new Map<string, string[]>();
    const strange: string[] = [];
    let stop = false;
    let tasks = 0;
    const mine = vms.filter((vm) => isReal(vm) || (vm.name.startsWith("vm-") && (vm.state === "running" || vm.state === "off")));
    const real = mine.filter(isReal);
    expect(real).toHaveLength(2 * vmsPerLibvirtd);
    const simulated = mine.filter((vm) => !isReal(vm));
    // Of the real ones each has a worker, so that more is ordered on a host than its server begins at once.
    const shares = [...Array.from({ length: workers }, (_, worker) => simulated.filter((_vm, i) => i % workers === worker)), ...real.map((vm) => [vm])];
    const load = shares.map(async (own, worker) => {
      const states = new Map(own.map((vm) => [vm.id, vm.state as string]));
      for (let round = 0; !stop; round++) {
        const vm = own[round % own.length]!;
        const to = states.get(vm.id) === "running" ? "off" : "running";
        const task = await turnTo(vm, to, `${worker}-${round}`);
        tasks++;
        if (task.state !== "succeeded") strange.push(JSON.stringify({ state: task.state, steps: task.steps, failure: task.failure }));
        else {
          states.set(vm.id, to);
          done.set(vm.nativeId, [...(done.get(vm.nativeId) ?? []), to]);
        }
      }
    });
    load.forEach((worker) => void worker.catch((error: unknown) => strange.push(String(error))));

    const figures: string[] = [];
    for (const [i, victim] of servers.entries()) {
      for (const how of ["SIGKILL", "SIGSTOP"] as const) {
        const before = tasks;
        await until("work is done", () => tasks > before + 20, 60_000);
        const id = await victim.id;
        const began = performance.now();
        await victim.signal(how);
        await until("its hosts are another's", async () => (await hostsOf(victim)) === 0, takeOverMs + noiseMs);
        const hostsMs = performance.now() - began;
        await until(
          "its tasks are another's",
          async () => {
            const open = (await site.query(
              databaseUrl,
              `select count(*)::int as n from polyvisor.task where owner = '${id}' and state in ('queued', 'running')`,
            )) as { n: number }[];
            return open[0]!.n === 0;
          },
          takeOverMs + noiseMs,
        );
        const tasksMs = performance.now() - began;
        await until("all hosts are connected", allConnected, 30_000);
        figures.push(
          `server ${i + 1} ${how === "SIGKILL" ? "killed" : "paused"}: hosts taken over after ${(hostsMs / 1000).toFixed(1)} s, tasks ${(tasksMs / 1000).toFixed(1)} s, all connected ${((performance.now() - began) / 1000).toFixed(1)} s`,
        );
        const under = tasks;
        await until("work goes on without it", () => tasks > under + 10, 60_000);
        if (how === "SIGKILL") await victim.start();
        else await victim.signal("SIGCONT");
        await until("it has its share again", async () => (await hostsOf(victim)) > 0, 60_000);
      }
    }
    const before = tasks;
    await until("work goes on", () => tasks > before + 20, 60_000);
    stop = true;
    await Promise.all(load);
    process.stdout.write(`${figures.join("\n")}\n${tasks} tasks\n`);

    expect(strange).toEqual([]);
    // What the hosts saw is what the tasks say, in order, each once.
    for (const daemon of daemons) await daemon.settled();
    for (const vm of mine) expect(isReal(vm) ? witnessed(vm) : (seen.get(vm.nativeId) ?? []), vm.name).toEqual(done.get(vm.nativeId) ?? []);
    for (const vm of real) expect(done.get(vm.nativeId)!.length, vm.name).toBeGreaterThan(5);
    expect(tasks).toBeGreaterThan(200);
    // Every server's clients were told the same.
    const last = Number(((await site.query(databaseUrl, "select max(id)::int as id from polyvisor.event")) as { id: number }[])[0]!.id);
    for (const [i, replica] of replicas.entries()) {
      await until(`the follower ${i} has all`, () => Number(replica.last) >= last, 30_000);
      expect(replica.faults).toEqual([]);
      expect(replica.resets).toBe(0);
    }
    for (const server of servers) {
      const { items } = await server.client.call("vmList", { query: { limit: 1_000 } });
      for (const vm of items) expect(replicas[0]!.objects.get(vm.id)).toEqual(vm);
      expect(await server.log()).not.toMatch(/fault of ours|unhandled/);
    }
  },
);

test(
  "more orders than are begun at once on a host wait for its server, which stands still: who takes it over carries all of them out",
  { timeout: 300_000 },
  async () => {
    await until("all hosts are connected", allConnected, 60_000);
    const { items } = await asking((server) => server.client.call("hostList", { query: { limit: 100 } }));
    const host = items.find((each) => each.name === "real-1")!;
    const vms = (await asking((server) => server.client.call("vmList", { query: { limit: 1_000 } }))).items.filter((vm) => vm.hostId === host.id && isReal(vm));
    expect(vms).toHaveLength(vmsPerLibvirtd);
    const [lease] = (await site.query(databaseUrl, `select server_id from polyvisor.lease where host_id = '${host.id}'`)) as { server_id: string }[];
    const ids = await Promise.all(servers.map((server) => server.id));
    const left = servers.find((_, i) => ids[i] !== lease!.server_id)!;
    const before = new Map(vms.map((vm) => [vm.id, witnessed(vm).length]));
    for (const server of servers) if (server !== left) await server.signal("SIGSTOP");
    const tasks = await Promise.all(vms.map((vm) => turnTo(vm, vm.state === "running" ? "off" : "running", `taken-over-${vm.id}`)));
    for (const server of servers) if (server !== left) await server.signal("SIGCONT");
    for (const task of tasks) expect(task, JSON.stringify(task.steps)).toMatchObject({ state: "succeeded" });
    await until("all hosts are connected", allConnected, 60_000);
    await daemons[0]!.settled();
    for (const vm of vms) expect(witnessed(vm).slice(before.get(vm.id)), vm.name).toEqual([vm.state === "running" ? "off" : "running"]);
  },
);
