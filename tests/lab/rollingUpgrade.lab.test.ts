import { copyFile, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { Task, Vm } from "@polyvisor/model";
import { expect, test } from "vitest";
import { EventReplica } from "../../apps/server/src/lab/labPlane.ts";
import { makeDataFolder } from "../../apps/server/src/lab/labServer.ts";
import { startSitePostgres } from "../../apps/server/src/lab/sitePostgres.ts";
import { until } from "../../apps/server/src/lab/until.ts";
import { migrations } from "../../apps/server/src/store/migrations.ts";
import { StormHost } from "../storm/stormHost.ts";
import { formerVersion } from "./formerVersion.ts";
import { GroupServer } from "./serverGroup.ts";

// Servers of the version before and of this one on one PostgreSQL and real libvirtd, changed one after the other under load.

/** So many that each of three servers has one at least, however they are shared out. */
const hostCount = 7;
const vmsPerHost = 2;

test(
  "two servers of the version before are replaced one by one: hosts move, no task fails or is done twice, all clients follow",
  { timeout: 600_000 },
  async ({ skip }) => {
    const former = await formerVersion();
    if (typeof former === "string") return skip(former);
    await using stack = new AsyncDisposableStack();
    stack.use(former);
    expect(former.migrations).toBeLessThan(migrations.length);
    const site = await startSitePostgres();
    stack.defer(() => site.close());
    const folder = await mkdtemp(path.join(tmpdir(), "upgrade-"));
    stack.defer(() => rm(folder, { recursive: true, force: true }));
    const database = await site.database();
    const applied = async (): Promise<number> => ((await site.query(database, "select count(*)::int as n from polyvisor.migration")) as { n: number }[])[0]!.n;

    const daemons: StormHost[] = [];
    for (let n = 1; n <= hostCount; n++) {
      const daemon = await StormHost.start(`real-${n}`, "test", folder, () => 0);
      stack.defer(() => daemon.close());
      daemons.push(daemon);
      for (let m = 1; m <= vmsPerHost; m++) await daemon.define(`up-${n}-${m}`, daemon.xmlOf(`up-${n}-${m}`, 16));
    }
    const servers: GroupServer[] = [];
    const start = async (main: string | undefined, data?: string): Promise<GroupServer> => {
      const own = data ?? (await makeDataFolder());
      if (servers.length > 0 && data === undefined) await copyFile(path.join(servers[0]!.folder, "secret.key"), path.join(own, "secret.key"));
      const server = new GroupServer(own, database, undefined, main);
      stack.defer(async () => {
        await server.signal("SIGKILL");
        await rm(own, { recursive: true, force: true });
      });
      await server.start();
      servers.push(server);
      return server;
    };
    const over = new AbortController();
    stack.defer(() => over.abort());
    let turn = 0;
    /** A server of a version before may end a task a moment before all know what it did: who orders the next thing then asks again. */
    let mixed = true;
    const asking = async <T>(ask: (server: GroupServer) => Promise<T>): Promise<T> => {
      for (const end = Date.now() + 60_000; ;) {
        const up = servers.filter((server) => server.up);
        try {
          return await ask(up[turn++ % up.length]!);
        } catch (error) {
          const problem = (error as { problem?: { code: string } }).problem;
          const passes =
            problem === undefined || problem.code === "starting" || problem.code === "storeUnavailable" || (mixed && problem.code === "wrongState");
          if (!passes || Date.now() > end) throw error;
          await delay(50);
        }
      }
    };
    const allConnected = async (): Promise<boolean> => {
      const { items } = await asking((server) => server.client.call("hostList", { query: { limit: 100 } }));
      return items.length === hostCount && items.every((host) => host.connection.state === "connected");
    };
    const hasHosts = async (server: GroupServer): Promise<boolean> => {
      const id = (await server.client.call("serverList")).items.find((each) => each.self)!.id;
      const rows = (await site.query(database, `select count(*)::int as n from polyvisor.lease where server_id = '${id}'`)) as { n: number }[];
      return rows[0]!.n > 0 && (await allConnected());
    };
    /** A client that stays with one server as long as that is up. */
    const follow = async (replica: EventReplica, server: GroupServer): Promise<void> => {
      while (!over.signal.aborted) {
        const at = server.up ? server : servers.find((each) => each.up)!;
        const lost = new AbortController();
        const watch = setInterval(() => at.up || lost.abort(), 20);
        try {
          const signal = AbortSignal.any([over.signal, lost.signal]);
          for await (const event of at.client.events({ since: replica.last, signal, onConnection: (state) => state === "lost" && lost.abort() }))
            replica.take(event);
        } catch {
          // it went; another goes on
        } finally {
          clearInterval(watch);
        }
        await delay(20);
      }
    };

    const first = await start(former.main);
    const second = await start(former.main);
    expect(await applied()).toBe(former.migrations);
    for (const daemon of daemons) await asking((server) => server.client.call("hostAdd", { body: { uri: daemon.uri(folder), name: daemon.name } }));
    await until("both of the version before have hosts", async () => (await hasHosts(first)) && (await hasHosts(second)), 60_000);
    const replicas: EventReplica[] = [];
    const followed = (server: GroupServer): void => void follow(replicas[replicas.push(new EventReplica("0")) - 1]!, server);
    followed(first);
    followed(second);

    const { items } = await asking((server) => server.client.call("vmList", { query: { limit: 1_000 } }));
    const vms = items.filter((vm) => vm.name.startsWith("up-"));
    expect(vms).toHaveLength(hostCount * vmsPerHost);
    const done = new Map<string, string[]>(vms.map((vm) => [vm.name, []]));
    const strange: string[] = [];
    let stop = false;
    let tasks = 0;
    const work = async (vm: Vm): Promise<void> => {
      for (let round = 0, to = "vm.start" as "vm.start" | "vm.destroy"; !stop; round++, to = to === "vm.start" ? "vm.destroy" : "vm.start") {
        const order = { body: { request: { do: to, vms: [vm.id] }, reason: "upgrade" }, idempotencyKey: `${vm.name}-${round}` };
        const { id } = await asking((server) => server.client.call("taskCreate", order));
        const task = await until(
          `task ${id}`,
          async () => {
            const known = (await asking((server) => server.client.call("taskGet", { params: { id } }))) as Task;
            return known.endedAt !== undefined && known;
          },
          90_000,
        );
        if (task.state !== "succeeded") return void strange.push(JSON.stringify(task));
        tasks++;
        done.get(vm.name)!.push(to === "vm.start" ? "Started Booted" : "Stopped Destroyed");
      }
    };
    const load = vms.map((vm) => work(vm).catch((error: unknown) => void strange.push(`${vm.name}: ${String(error)}`)));
    const goesOn = async (): Promise<void> => {
      const before = tasks;
      await until(`work goes on; ${strange.join("; ")}`, () => tasks > before + 30, 60_000);
    };

    await goesOn();
    const third = await start(undefined);
    expect(await applied()).toBe(migrations.length);
    followed(third);
    await until("the new one has hosts, beside two of the version before", () => hasHosts(third), 60_000);
    await goesOn();
    for (const [i, old] of [first, second].entries()) {
      await old.signal("SIGTERM");
      const renewed = await start(undefined, old.folder);
      followed(renewed);
      await until(`server ${i + 1} has hosts as the new version`, () => hasHosts(renewed), 60_000);
      await goesOn();
    }
    stop = true;
    await Promise.all(load);
    process.stdout.write(
      `from ${former.commit.slice(0, 7)} (${former.migrations} migrations) to ${migrations.length}: ${tasks} tasks, ${replicas[0]!.last} events\n`,
    );

    expect(strange).toEqual([]);
    for (const daemon of daemons) await daemon.settled();
    const seen = daemons.flatMap((daemon) => daemon.witnessed).filter((each) => /^(Started|Stopped)/.test(each.event));
    for (const vm of vms)
      expect(
        seen.filter((each) => each.vm === vm.name).map((each) => each.event),
        vm.name,
      ).toEqual(done.get(vm.name));
    const last = ((await site.query(database, "select max(id)::int as id from polyvisor.event")) as { id: number }[])[0]!.id;
    const now = (await third.client.call("vmList", { query: { limit: 1_000 } })).items;
    for (const replica of replicas) {
      await until("the follower has all", () => Number(replica.last) >= last, 30_000);
      expect(replica.faults).toEqual([]);
      expect(replica.resets).toBe(0);
      for (const vm of vms) expect(replica.objects.get(vm.id)).toEqual(now.find((each) => each.id === vm.id));
    }
    for (const server of servers) expect(await server.log()).not.toMatch(/fault of ours|unhandled|"level":"(error|fatal)"/i);
  },
);
