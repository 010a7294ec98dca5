import { execFile } from "node:child_process";
import path from "node:path";
import { isDeepStrictEqual, promisify } from "node:util";
import type { SitePostgres } from "../../apps/server/src/lab/sitePostgres.ts";
import { until } from "../../apps/server/src/lab/until.ts";
import { differences, everything, sorted, type EstateObject } from "./compare.ts";
import type { Follower } from "./follower.ts";
import { judge } from "./ledger.ts";
import type { Book } from "./operator.ts";
import type { StormHost } from "./stormHost.ts";
import type { StormServer } from "./stormServer.ts";
import type { Weight } from "./inServer.ts";

const run = promisify(execFile);
const program = path.join(import.meta.dirname, "../../apps/cli/src/main.ts");

export interface Site {
  hosts: ReadonlyMap<StormHost, string>;
  servers: readonly StormServer[];
  site: SitePostgres;
  databaseUrl: string;
}

/** After so long of quiet everything must agree. */
const agreeMs = 90_000;

/** Nothing is under way any more. */
export async function quiet({ site, databaseUrl, servers, hosts }: Site): Promise<string[]> {
  try {
    await until(
      "no task is open",
      async () => {
        const [row] = (await site.query(databaseUrl, "select count(*)::int as n from polyvisor.task where state in ('queued', 'running')")) as { n: number }[];
        return row!.n === 0;
      },
      240_000,
    );
    await until(
      "every host is connected",
      async () => {
        const { items } = await servers[0]!.client.call("hostList", { query: { limit: 1_000 } });
        return items.length === hosts.size && items.every((host) => host.connection.state === "connected");
      },
      agreeMs,
    );
    return [];
  } catch (error) {
    return [`the quiet did not come: ${String(error)}; ${await whatIsOpen(site, databaseUrl)}`];
  }
}

/** What a run that gets stuck hangs on: the tasks that are open, what they wait for, and who has which host. */
async function whatIsOpen(site: SitePostgres, databaseUrl: string): Promise<string> {
  const parts = {
    tasks: "select id, state, owner, fence, cancel_requested from polyvisor.task where state in ('queued', 'running') limit 8",
    steps: "select task_id, n, state from polyvisor.task_step where state in ('waiting', 'running') limit 8",
    "steps of others":
      "select task_id, n, host_id, coordinator, performer, state, fence, interrupted, cancel from polyvisor.step_work where state <> 'done' limit 8",
    leases: "select host_id, server_id, fence from polyvisor.lease",
    servers: "select id, name, beat, clock_timestamp() - beat_at as silent from polyvisor.server",
    hosts: "select id, doc->>'name' as name, doc->'connection' as connection from polyvisor.object where kind = 'host'",
  };
  const told = await Promise.all(
    Object.entries(parts).map(async ([what, sql]) => `${what}: ${JSON.stringify(await site.query(databaseUrl, sql).catch((error: unknown) => String(error)))}`),
  );
  return told.join("; ");
}

/** The estate of every server is what virsh tells, what each follower made of the events, and what the history says of now. */
export async function compareAll({ hosts, servers }: Site, followers: readonly Follower[]): Promise<string[]> {
  let faults: string[] = ["nothing was compared"];
  await until(
    "everything agrees",
    async () => {
      faults = [];
      const estates = await Promise.all(servers.map((server) => everything(server.client)));
      for (const [host, id] of hosts) faults.push(...(await differences(host, id, estates[0]!)));
      for (const [i, estate] of estates.entries()) faults.push(...unlike(`${servers[i]!.name} and ${servers[0]!.name}`, estate, estates[0]!));
      for (const [i, follower] of followers.entries())
        faults.push(...unlike(`follower ${i} and ${servers[0]!.name}`, follower.replica.objects as Map<string, EstateObject>, estates[0]!));
      return faults.length === 0;
    },
    agreeMs,
  ).catch((error: unknown) => faults.push(`${String(error)}${(error as Error).cause === undefined ? "" : `: ${String((error as Error).cause)}`}`));
  if (faults.length > 0) return faults;
  const now = await everything(servers[0]!.client);
  return unlike("the history and the present", await everything(servers.at(-1)!.client, new Date().toISOString()), now);
}

function unlike(what: string, a: ReadonlyMap<string, EstateObject>, b: ReadonlyMap<string, EstateObject>): string[] {
  const out: string[] = [];
  for (const id of new Set([...a.keys(), ...b.keys()])) {
    const [left, right] = [sorted(a.get(id)), sorted(b.get(id))] as Record<string, unknown>[];
    if (isDeepStrictEqual(left, right)) continue;
    const keys = [...new Set([...Object.keys(left ?? {}), ...Object.keys(right ?? {})])].filter((key) => !isDeepStrictEqual(left?.[key], right?.[key]));
    out.push(
      `${what}: ${id} ${String((left ?? right)?.["name"])}: ${left && right ? keys.map((key) => `${key} ${JSON.stringify(left[key])} and ${JSON.stringify(right[key])}`).join(", ") : `only the ${left ? "first" : "second"} has it`}`,
    );
  }
  return out;
}

/** What was done against what was ordered: each accepted task once, each of its effects once. */
export async function historyFaults({ hosts, site, databaseUrl }: Site, book: Book, followers: readonly Follower[]): Promise<string[]> {
  const faults: string[] = [];
  for (const host of hosts.keys()) {
    await host.settled();
    faults.push(...judge(host, book.entries.get(host)!));
  }
  const rows = (await site.query(databaseUrl, "select id, reason, state from polyvisor.task")) as { id: string; reason: string; state: string }[];
  const byReason = Map.groupBy(rows, (row) => row.reason);
  for (const [key, list] of byReason) if (list.length > 1) faults.push(`${key} was accepted once and is the tasks ${list.map((row) => row.id).join(", ")}`);
  for (const [key, id] of book.accepted) if (!byReason.get(key)?.some((row) => row.id === id)) faults.push(`the task ${id} of ${key} is lost`);
  const steps = (await site.query(databaseUrl, "select task_id, n, state from polyvisor.task_step where state in ('waiting', 'running')")) as object[];
  for (const step of steps) faults.push(`a step of a task that ended has not: ${JSON.stringify(step)}`);
  for (const [i, follower] of followers.entries()) faults.push(...follower.faults(book.accepted.values()).map((fault) => `follower ${i}: ${fault}`));
  return faults;
}

/** Whether the audit log is as it was written, by the command line. */
export async function auditFaults({ servers }: Site): Promise<string[]> {
  const [server] = servers;
  try {
    await run(process.execPath, [program, "audit-log", "verify"], {
      env: { ...process.env, POLYVISOR_URL: server!.url, POLYVISOR_TOKEN: server!.token },
      timeout: 120_000,
      maxBuffer: 2 ** 26,
    });
    return [];
  } catch (error) {
    const { stdout = "", stderr = "" } = error as { stdout?: string; stderr?: string };
    return [`the audit log is not as it was written: ${stdout.slice(0, 2_000)}${stderr.slice(0, 2_000)}`];
  }
}

/** Errors that the storm itself makes. */
const foreseen = new Set(["the database does not answer"]);

/** What no log may hold, and ends that nobody ordered. */
export async function logFaults(servers: readonly StormServer[]): Promise<string[]> {
  const out: string[] = [];
  for (const server of servers) {
    out.push(...server.crashes);
    const errors = (await server.logged(["error", "fatal"])).filter((line) => !foreseen.has(String(line["msg"])));
    const kinds = Map.groupBy(errors, (line) => `${String(line["level"])} ${String(line["msg"])}`);
    for (const [kind, lines] of kinds)
      out.push(`${server.name} logged ${lines.length} times: ${kind}: ${JSON.stringify(lines[0]!["err"] ?? lines[0]).slice(0, 1_500)}`);
  }
  return out;
}

/** Bounds of growth from when a server was ready until the quiet after the storm. The handles are those of the pools and of clients that stay connected. */
export const growth = { heapMiB: 48, handles: 40, clientsPerHost: 4, daemonHandles: 12 };

export async function growthFaults({ servers, hosts }: Site, tell: (line: string) => void): Promise<string[]> {
  const out: string[] = [];
  for (const server of servers) {
    const before = server.first;
    const after = await server.weigh();
    const show = (weight: Weight): string =>
      `heap ${(weight.heap / 2 ** 20).toFixed(0)} MiB, RSS ${(weight.rss / 2 ** 20).toFixed(0)} MiB, ${weight.handles} handles`;
    const words = `${server.name} after ${((performance.now() - server.since) / 60_000).toFixed(1)} min: ${before ? `${show(before)} -> ` : ""}${show(after)}`;
    tell(words);
    if (before && (after.heap - before.heap > growth.heapMiB * 2 ** 20 || after.handles - before.handles > growth.handles)) out.push(`growth: ${words}`);
  }
  for (const host of hosts.keys())
    if (host.proxy.connections > growth.clientsPerHost) out.push(`growth: ${host.proxy.connections} connections to ${host.name} are open`);
  return out;
}
