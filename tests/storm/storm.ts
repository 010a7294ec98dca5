import { copyFile, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { makeDataFolder } from "../../apps/server/src/lab/labServer.ts";
import { startSitePostgres } from "../../apps/server/src/lab/sitePostgres.ts";
import { until } from "../../apps/server/src/lab/until.ts";
import { auditFaults, compareAll, growthFaults, historyFaults, logFaults, quiet, type Site } from "./aftermath.ts";
import { AnyServer } from "./anyServer.ts";
import { behindItsBack } from "./behindItsBack.ts";
import { FaultProxy } from "./faultProxy.ts";
import { badWeather, calm, trouble, type Scene } from "./faults.ts";
import { Follower } from "./follower.ts";
import { NoteKeeper } from "./noteKeeper.ts";
import { Operator, type Book, type Storm } from "./operator.ts";
import { Random } from "./random.ts";
import { restless } from "./restless.ts";
import { StormHost } from "./stormHost.ts";
import { StormServer } from "./stormServer.ts";

export interface StormOptions {
  seed: number;
  seconds: number;
  /** 1 to 3. */
  servers: number;
  /** Hosts of libvirt's test driver beside the one of QEMU. */
  testHosts?: number;
  qemu?: boolean;
  /** Everything that happens, where it is wanted. */
  tell?: (line: string) => void;
  /** Leaves the servers' folders with their logs. */
  keep?: boolean;
}

export interface StormReport {
  seed: number;
  faults: string[];
  summary: string;
}

/** A storm over servers, hosts and a database of its own; then quiet, and what is wrong after it. */
export async function runStorm(options: StormOptions): Promise<StormReport> {
  const { seed, seconds, testHosts = 2, qemu = true, keep = false } = options;
  const began = performance.now();
  const tell = (line: string): void => options.tell?.(`${((performance.now() - began) / 1000).toFixed(1).padStart(6)} ${line}`);
  const random = new Random(`storm ${seed}`);
  const ends: (() => Promise<unknown>)[] = [];
  const over = new AbortController();
  const stop = new AbortController();
  try {
    const folder = await mkdtemp(path.join(tmpdir(), "storm-"));
    ends.push(() => rm(folder, { recursive: true, force: true }));
    const site = await startSitePostgres();
    ends.push(() => site.close());
    const databaseUrl = await site.database();
    const servers: StormServer[] = [];
    for (let n = 0; n < options.servers; n++) {
      const url = new URL(databaseUrl);
      const dice = random.fork(`database ${n}`);
      const proxy = await FaultProxy.listen(0, { host: "127.0.0.1", port: Number(url.port) }, () => dice.next());
      ends.push(() => proxy.close());
      url.port = String(proxy.port);
      const data = await makeDataFolder();
      if (n > 0) await copyFile(path.join(servers[0]!.folder, "secret.key"), path.join(data, "secret.key"));
      const server = new StormServer(`server-${n + 1}`, data, url.href, proxy);
      ends.push(async () => {
        await server.signal("SIGCONT");
        await server.signal("SIGKILL");
        if (keep) options.tell?.(`${server.name}: ${data}`);
        else await rm(data, { recursive: true, force: true });
      });
      await server.start();
      servers.push(server);
    }
    const drivers = [...Array.from({ length: testHosts }, () => "test" as const), ...(qemu ? (["qemu"] as const) : [])];
    const hosts = new Map<StormHost, string>();
    const any = new AnyServer(servers);
    for (const [n, driver] of drivers.entries()) {
      const dice = random.fork(`host ${n}`);
      const host = await StormHost.start(`${driver}-${n + 1}`, driver, folder, () => dice.next());
      ends.push(() => host.close());
      hosts.set(host, (await any.ask("a host", (client) => client.call("hostAdd", { body: { uri: host.uri(folder), name: host.name } }))).id);
    }
    const stage: Site = { hosts, servers, site, databaseUrl };
    const calmFirst = await quiet(stage);
    for (const server of servers) server.first = await server.weigh();
    const followers = servers.map((_, n) => new Follower(servers, n, over.signal));

    const book: Book = {
      entries: new Map([...hosts.keys()].map((host) => [host, []])),
      accepted: new Map(),
      faults: [],
      refused: new Map(),
      operations: new Map(),
    };
    const kept = async (reason: string): Promise<string | undefined> =>
      ((await site.query(databaseUrl, `select id from polyvisor.task where reason = '${reason}'`).catch(() => [])) as { id: string }[])[0]?.id;
    const storm: Storm = { any, book, stop: stop.signal, tell, kept };
    const names = [1, 2, 3].map((n) => `both-${n}`);
    const work: Promise<unknown>[] = [];
    let byVirsh = 0;
    for (const [host, id] of hosts) {
      const fork = (what: string): Random => random.fork(`${host.name} ${what}`);
      for (const name of host.driver === "test" ? ["a", "b", "c"] : ["a"]) work.push(new Operator(name, host, id, fork(name), storm).own(2));
      work.push(new Operator("s", host, id, fork("s"), storm).shared(names));
      work.push(
        behindItsBack(host, host.driver === "test" ? [...names, "virsh-1", "virsh-2"] : ["both-1"], fork("virsh"), stop.signal).then(
          (done) => (byVirsh += done),
        ),
      );
    }
    for (const [host, id] of hosts) work.push(restless(id, any, random.fork(`${host.name} restless`), stop.signal));
    const keeper = new NoteKeeper([...hosts.values()][0]!, any);
    work.push(keeper.count(stop.signal), keeper.count(stop.signal));
    const scene: Scene = { hosts: [...hosts.keys()], servers, site, stop: stop.signal, tell };
    const spared = random.int(0, 1) === 0 ? servers[0] : undefined;
    let died: unknown;
    const bad = Promise.all([badWeather(scene, random.fork("weather")), trouble(scene, random.fork("trouble"), spared)]);
    const reviving = setInterval(() => {
      for (const host of hosts.keys()) void host.revive(tell).catch((error: unknown) => (died ??= error));
    }, 500);
    ends.push(async () => clearInterval(reviving));
    const weighing = weighRestarted(servers, stop.signal);
    await Promise.race([
      delay(seconds * 1000),
      ...[...work, bad].map((each) =>
        each.then(
          () => new Promise(() => undefined),
          (error: unknown) => (died = error),
        ),
      ),
    ]);
    stop.abort();
    tell("quiet");
    const troubles = await bad.catch((error: unknown) => ((died ??= error), [0, 0]));
    await weighing;
    await calm(scene);
    const workEnded = await Promise.race([Promise.allSettled(work).then(() => true), delay(300_000, false)]);

    const faults = [...calmFirst, ...book.faults, ...any.faults];
    if (died !== undefined) faults.push(`a part of the storm broke: ${died instanceof Error ? `${died.stack ?? ""} ${String(died.cause)}` : String(died)}`);
    if (!workEnded) faults.push("orders were not answered in 300 s of quiet");
    // A wish to disable that was given up may have been taken all the same, after the one to enable.
    for (const id of hosts.values())
      await any.ask("enabled again", (client, signal) => client.call("hostChange", { params: { id }, body: { enabled: true }, signal }));
    faults.push(...(await quiet(stage)));
    tell("comparing");
    faults.push(...(await compareAll(stage, followers)));
    faults.push(...(await historyFaults(stage, book, followers)));
    const counted = await keeper.fault();
    if (counted !== undefined) faults.push(counted);
    faults.push(...(await auditFaults(stage)));
    faults.push(...(await logFaults(servers)));
    faults.push(...(await growthFaults(stage, tell)));
    const entries = [...book.entries.values()].flat();
    const verdicts = Map.groupBy(entries, (entry) => entry.verdict);
    const summary = [
      `seed ${seed}: ${options.servers} servers, ${hosts.size} hosts, ${seconds} s of storm, ${troubles.join(" + ")} faults, ${((performance.now() - began) / 1000).toFixed(0)} s in all`,
      `${book.accepted.size} tasks (${entries.length} counted steps: ${["done", "not", "maybe"].map((each) => `${verdicts.get(each as never)?.length ?? 0} ${each}`).join(", ")}), ${byVirsh} changes by virsh, ${keeper.kept} counted tags`,
      `refused: ${[...book.refused].map(([code, n]) => `${code} ${n}`).join(", ") || "nothing"}; ${followers[0]!.replica.last} events, followers moved ${followers.map((each) => each.moves).join(", ")} times`,
      faults.length === 0
        ? "no difference, nothing lost or doubled"
        : `${faults.length} FAULTS; again with: ./polyvisor storm --seed ${seed} --servers ${options.servers} --minutes ${seconds / 60}`,
    ].join("\n");
    return { seed, faults, summary };
  } finally {
    stop.abort();
    over.abort();
    for (const end of ends.reverse()) await end().catch((error: unknown) => options.tell?.(`the end of a part failed: ${String(error)}`));
  }
}

/** Weighs servers that were started anew, once they have been up for a moment: from there on they may not grow. */
async function weighRestarted(servers: readonly StormServer[], stop: AbortSignal): Promise<void> {
  while (!stop.aborted) {
    for (const server of servers)
      if (server.up && !server.first && performance.now() - server.since > 10_000)
        server.first = await until("a weight", () => server.weigh(), 20_000).catch(() => undefined);
    await delay(500, undefined, { signal: stop }).catch(() => undefined);
  }
}
