import { readdirSync } from "node:fs";
import { arch, cpus, freemem, loadavg, release, totalmem } from "node:os";
import { getHeapSpaceStatistics, getHeapStatistics } from "node:v8";
import type pg from "pg";
import type { Logger } from "pino";
import type { Config } from "../config.ts";
import type { ControlPlane } from "../controlPlane.ts";
import { logRoomsOf } from "../logRooms.ts";
import { recentLines } from "../recentLines.ts";
import type { Store } from "../store/openStore.ts";
import { scrub, scrubLine } from "./scrub.ts";
import { tarGz } from "./tarGz.ts";

/** What the server is asked for its support bundle. */
export interface SupportSources {
  /** The one with the rooms. */
  log: Logger;
  config: Config;
  store: Store;
  version: string;
}

const mostHosts = 1_000;

/**
 * A .tar.gz of what helps to find a fault. Every fact in it is named here (nothing is taken along because it lies near), and
 * text is looked through for what has the shape of a secret. A database that is down is told as such.
 */
export async function supportBundle(sources: SupportSources, control: ControlPlane, now = Date.now()): Promise<Buffer> {
  const known = secretsOf(sources.config);
  const text = (value: unknown): string => `${scrubDeep(value, known)}\n`;
  const lines = recentLines(sources.log).flatMap((line) => scrubLine(line, known) ?? []);
  return tarGz(
    [
      [
        "polyvisor-support/README.txt",
        "Made by polyvisor support-bundle. It holds no secret; messages of the log may name machines. Look through it before you give it away.\n",
      ],
      ["polyvisor-support/about.json", text(about(sources, now))],
      ["polyvisor-support/config.json", text(configFacts(sources))],
      ["polyvisor-support/health.json", text({ ready: control.ready(), store: sources.store.healthy() })],
      ["polyvisor-support/figures.json", text(figures(control))],
      ["polyvisor-support/hosts.json", text(hosts(control))],
      ["polyvisor-support/store.json", text(await storeFacts(sources.store))],
      ["polyvisor-support/memory.json", text(memory())],
      ["polyvisor-support/log.jsonl", lines.length > 0 ? `${lines.join("\n")}\n` : ""],
    ],
    now / 1000,
  );
}

/** Of the settings, wherever they may be repeated. */
function secretsOf({ databaseUrl }: Config): string[] {
  if (databaseUrl === undefined || !URL.canParse(databaseUrl)) return [];
  const { password } = new URL(databaseUrl);
  return password === "" ? [] : [password, decodeURIComponent(password)];
}

const scrubDeep = (value: unknown, known: readonly string[]): string =>
  JSON.stringify(value, (_, each: unknown) => (typeof each === "string" ? scrub(each, known) : typeof each === "bigint" ? Number(each) : each), 2);

function about({ version }: SupportSources, now: number): object {
  const { node, v8, uv, openssl } = process.versions;
  return {
    polyvisor: version,
    at: new Date(now).toISOString(),
    upSeconds: Math.round(process.uptime()),
    versions: { node, v8, uv, openssl },
    machine: {
      system: process.platform,
      kernel: release(),
      architecture: arch(),
      processors: cpus().length,
      memory: totalmem(),
      free: freemem(),
      load: loadavg(),
    },
  };
}

function configFacts({ config, log }: SupportSources): object {
  return {
    loopbackOnly: ["127.0.0.1", "::1"].includes(config.listen),
    port: config.port,
    names: config.names.length,
    tls: config.tls?.kind ?? "off",
    database: config.databaseUrl === undefined ? "private" : "the site's",
    log: logRoomsOf(log)?.now() ?? { level: config.logLevel },
  };
}

function figures(control: ControlPlane): object {
  const { vmLoads: _vms, hostLoads: _hosts, ...rest } = control.metrics();
  return rest;
}

function hosts(control: ControlPlane): object {
  const { items, total } = control.estate.page("host", { sort: "id", limit: mostHosts });
  return {
    total,
    hosts: items.map(({ id, uri, connection }) => ({
      id,
      kind: /^[a-z0-9+.-]+(?=:)/i.exec(uri)?.[0],
      state: connection.state,
      since: "since" in connection ? connection.since : undefined,
      failure: "failure" in connection ? (connection.failure as { code?: string } | undefined)?.code : undefined,
    })),
  };
}

async function storeFacts(store: Store): Promise<object> {
  const ask = async (sql: string): Promise<unknown> => {
    try {
      const query = { text: sql, query_timeout: 5_000 } as pg.QueryConfig;
      return (await store.pool.query(query)).rows as unknown[];
    } catch (error) {
      return { unknown: (error as { code?: string }).code ?? "no answer" };
    }
  };
  const [server, size, migrations, tables, sessions, settings] = await Promise.all([
    ask("select current_setting('server_version') as version, pg_is_in_recovery() as standby, current_setting('default_transaction_read_only') as read_only"),
    ask("select pg_database_size(current_database())::float8 as bytes"),
    ask("select version, name, at from migration order by version"),
    ask(
      "select relname as name, n_live_tup::float8 as rows, n_dead_tup::float8 as dead, pg_total_relation_size(relid)::float8 as bytes, last_autovacuum from pg_stat_user_tables where schemaname = current_schema() order by 4 desc limit 200",
    ),
    ask(
      "select state, wait_event_type, wait_event, extract(epoch from now() - state_change)::float8 as seconds from pg_stat_activity where application_name = 'polyvisor' and datname = current_database()",
    ),
    ask(
      "select name, setting, unit from pg_settings where name in ('max_connections', 'shared_buffers', 'work_mem', 'synchronous_commit', 'fsync', 'max_wal_size')",
    ),
  ]);
  return { server, size, migrations, tables, sessions, settings, slow: store.slowQueries() };
}

function memory(): object {
  const resources: Record<string, number> = {};
  for (const each of process.getActiveResourcesInfo()) resources[each] = (resources[each] ?? 0) + 1;
  return {
    process: process.memoryUsage(),
    heap: getHeapStatistics(),
    spaces: getHeapSpaceStatistics(),
    usage: process.resourceUsage(),
    eventLoop: performance.eventLoopUtilization(),
    openFiles: openFiles(),
    resources,
  };
}

function openFiles(): number | undefined {
  try {
    return readdirSync("/proc/self/fd").length;
  } catch {
    return undefined;
  }
}
