import { parseHypervisorUri, type connectHypervisor, type ConnectOptions, type Hypervisor } from "@polyvisor/hypervisors";
import { featureTable, PolyvisorError, type FeatureTable, type Host, type HostFacts } from "@polyvisor/model";
import type { Logger } from "pino";
import type pg from "pg";
import type { Credential, HostInput, HostsControl, Intervals, Secrets } from "../controlPlane.ts";
import type { Attribution } from "../estate/attribution.ts";
import type { Estate } from "../estate/estate.ts";
import { clean } from "../estate/facts.ts";
import type { InventoryRules } from "../estate/inventoryRules.ts";
import type { Draft } from "../events/draft.ts";
import type { Journal } from "../events/journal.ts";
import { newId } from "../newId.ts";
import { Semaphore } from "../semaphore.ts";
import { Endpoints } from "./endpoints.ts";
import { HostConnection } from "./hostConnection.ts";
import { HostFeed } from "./hostFeed.ts";

/** Attempts to connect at the same time. Most of an attempt is waiting, so that hung hosts do not hold up the others for long. */
const connectsAtOnce = 128;

export interface HostsOptions {
  estate: Estate;
  journal: Journal;
  rules: InventoryRules;
  attribution: Attribution;
  pool: pg.Pool;
  secrets: Secrets;
  log: Logger;
  now(): number;
  intervals: Intervals;
  connect: Partial<Pick<ConnectOptions, "ssh">>;
  connectTo: typeof connectHypervisor;
  /** A host is connected, for the first time or again. */
  connected(hostId: string): void;
}

/** The hosts that are managed and their connections. */
export class Hosts implements HostsControl {
  readonly #options: HostsOptions;
  readonly #connections = new Map<string, HostConnection>();
  readonly #gate = new Semaphore(connectsAtOnce);
  readonly #endpoints: Endpoints;

  constructor(options: HostsOptions) {
    this.#options = options;
    this.#endpoints = new Endpoints((id) => options.estate.get("host", id)?.name ?? id);
  }

  /**
   * After a start of the server: connects to every host that is wanted.
   * @param lastSeen when the server before this one was last known to run
   */
  async resume(lastSeen: string | undefined): Promise<void> {
    const since = new Date(this.#options.now()).toISOString();
    for (const host of this.#options.estate.tables.host.byId.values()) {
      try {
        this.#endpoints.take(host.id, host.uri, host.facts);
      } catch (error) {
        this.#options.log.warn({ host: host.name, err: error }, "two hosts are the same endpoint");
      }
    }
    const wanted = [...this.#options.estate.tables.host.byId.values()].filter((host) => host.connection.state !== "disabled");
    await this.#options.journal.write((draft) => {
      for (const { id } of wanted) {
        const host = draft.get("host", id);
        if (!host) continue;
        const was = host.connection;
        draft.put(
          {
            ...host,
            revision: host.revision + 1,
            connection: { state: "connecting", since, lastSeen: was.state === "connected" ? (lastSeen ?? was.lastSeen) : was.lastSeen },
          },
          { type: "changed", fields: ["connection"], cause: "the server started" },
        );
      }
    });
    for (const host of wanted) this.#open(host.id, host.uri).start();
  }

  async add(input: HostInput, _account: string): Promise<Host> {
    const uri = canonical(input.uri);
    const id = newId("host");
    this.#endpoints.take(id, uri);
    let hypervisor: Hypervisor | undefined;
    try {
      hypervisor = await this.#connectOnce(uri, input.credential);
      const { host: facts } = await hypervisor.inventory();
      this.#endpoints.take(id, uri, facts);
      const features = hypervisor.features;
      const host = await this.#options.journal.ask((draft) => this.#insert(draft, id, uri, input, clean(facts) as HostFacts, features));
      this.#open(id, uri).start(hypervisor);
      return host;
    } catch (error) {
      this.#endpoints.release(id);
      await hypervisor?.close().catch(() => undefined);
      throw error;
    }
  }

  async test(input: HostInput): ReturnType<HostsControl["test"]> {
    const hypervisor = await this.#connectOnce(canonical(input.uri), input.credential);
    try {
      const { host, vms } = await hypervisor.inventory();
      return { hostname: host.hostname, hypervisor: `${host.hypervisor.type} ${host.hypervisor.version}`, vms: vms.length, features: hypervisor.features };
    } finally {
      await hypervisor.close().catch(() => undefined);
    }
  }

  async change(id: string, patch: Parameters<HostsControl["change"]>[1], ifRevision?: number): Promise<Host> {
    const host = await this.#options.journal.ask((draft) => {
      const known = wantRevision(draft.get("host", id), id, ifRevision);
      const after: Host = { ...known, revision: known.revision + 1 };
      const fields: string[] = [];
      if (patch.name !== undefined && patch.name !== known.name) {
        if (draft.hostNamed(patch.name)) throw new PolyvisorError("nameTaken", { detail: `another host is called "${patch.name}"`, where: "name" });
        after.name = clean(patch.name) as string;
        fields.push("name");
      }
      if (patch.tags !== undefined) {
        after.tags = clean([...new Set(patch.tags)]) as string[];
        fields.push("tags");
      }
      const enabled = known.connection.state !== "disabled";
      if (patch.enabled !== undefined && patch.enabled !== enabled) {
        after.connection = {
          state: patch.enabled ? "connecting" : "disabled",
          since: new Date(this.#options.now()).toISOString(),
          lastSeen: this.#seen(id) ?? known.connection.lastSeen,
        };
        fields.push("connection");
      }
      if (fields.length === 0) return known;
      draft.put(after, { type: "changed", fields, cause: "changed by an operator" });
      return after;
    });
    if (host.connection.state === "disabled") await this.#close(id);
    else if (!this.#connections.has(id)) this.#open(id, host.uri).start();
    return host;
  }

  async remove(id: string): Promise<void> {
    if (!this.#options.estate.get("host", id)) throw noSuchHost(id);
    await this.#close(id);
    try {
      await this.#options.journal.ask((draft) => {
        const host = draft.get("host", id);
        if (!host) return;
        const note = { cause: `the host ${host.name} was removed from Polyvisor` };
        for (const kind of ["vm", "datastore", "network"] as const) for (const object of draft.ofHost(kind, id)) draft.remove(object, note);
        draft.remove(host, note);
        draft.also((client) => client.query("delete from credential where host_id = $1", [id]));
      });
      this.#endpoints.release(id);
    } catch (error) {
      const host = this.#options.estate.get("host", id);
      if (host && host.connection.state !== "disabled") this.#open(id, host.uri).start();
      throw error;
    }
  }

  async reconnect(id: string): Promise<Host> {
    const host = this.#options.estate.get("host", id);
    if (!host) throw noSuchHost(id);
    if (host.connection.state === "disabled")
      throw new PolyvisorError("conflict", { detail: `the host ${host.name} is disabled`, remedy: `Enable it: polyvisor host enable ${host.name}` });
    this.#connections.get(id)?.reconnect();
    return host;
  }

  hypervisor(id: string): Hypervisor {
    return this.connection(id).hypervisor();
  }

  /** @throws PolyvisorError when there is no such host or it is disabled */
  connection(id: string): HostConnection {
    const connection = this.#connections.get(id);
    if (connection) return connection;
    const host = this.#options.estate.get("host", id);
    if (!host) throw noSuchHost(id);
    throw new PolyvisorError("hostUnreachable", { detail: `the host ${host.name} is disabled`, remedy: `Enable it: polyvisor host enable ${host.name}` });
  }

  /** Ids of hosts that are connected now. */
  connected(): string[] {
    return [...this.#connections].filter(([, connection]) => connection.isConnected).map(([id]) => id);
  }

  async close(): Promise<void> {
    await Promise.all([...this.#connections.keys()].map((id) => this.#close(id)));
  }

  #insert(draft: Draft, id: string, uri: string, input: HostInput, facts: HostFacts, features: FeatureTable | undefined): Host {
    const taken = (name: string): boolean => draft.hostNamed(name) !== undefined;
    if (input.name !== undefined && taken(input.name))
      throw new PolyvisorError("nameTaken", { detail: `another host is called "${input.name}"`, where: "name" });
    const at = new Date(this.#options.now()).toISOString();
    const host: Host = {
      kind: "host",
      id,
      revision: 1,
      name: (clean(input.name) as string | undefined) ?? freeName(facts, taken),
      uri,
      tags: clean([...new Set(input.tags)]) as string[],
      connection: { state: "connecting", since: at, lastSeen: at },
      features: features ?? featureTable({}),
      facts,
    };
    draft.put(host, { type: "created", cause: "added by an operator" });
    if (input.credential) {
      const sealed = this.#options.secrets.seal(JSON.stringify(input.credential), id);
      draft.also((client) =>
        client.query("insert into credential (host_id, sealed) values ($1, $2) on conflict (host_id) do update set sealed = excluded.sealed", [id, sealed]),
      );
    }
    return host;
  }

  #open(id: string, uri: string): HostConnection {
    const { journal, rules, attribution, log, now, intervals } = this.#options;
    const connection = new HostConnection({
      id,
      journal,
      log,
      now,
      gate: this.#gate,
      reconnectMax: intervals.reconnectMax,
      inventoryTimeout: Math.max(60_000, intervals.callTimeout * 2),
      feed: new HostFeed(id, journal, rules, attribution),
      connect: (signal) => this.#connect(uri, () => this.#credential(id), signal),
      connected: () => {
        try {
          this.#endpoints.take(id, uri, this.#options.estate.get("host", id)?.facts);
        } catch (error) {
          log.warn({ host: id, err: error }, "two hosts are the same machine");
        }
        this.#options.connected(id);
      },
    });
    this.#connections.set(id, connection);
    return connection;
  }

  async #close(id: string): Promise<void> {
    const connection = this.#connections.get(id);
    this.#connections.delete(id);
    await connection?.stop();
  }

  #seen(id: string): string | undefined {
    const at = this.#connections.get(id)?.lastSeen;
    return at === undefined ? undefined : new Date(at).toISOString();
  }

  #connect(uri: string, credential: () => Promise<Credential | undefined>, signal: AbortSignal): Promise<Hypervisor> {
    const { log, now, intervals, connect, connectTo } = this.#options;
    return connectTo(uri, {
      ...connect,
      signal,
      now,
      openTimeoutMs: intervals.openTimeout,
      callTimeoutMs: intervals.callTimeout,
      log: (level, message, fields) => log[level]({ uri, ...fields }, message),
      secret: async ({ kind }) => {
        const known = await credential();
        return kind === "username" ? known?.username : kind === "password" ? known?.password : undefined;
      },
    });
  }

  /** For someone who waits for the answer. */
  async #connectOnce(uri: string, credential: Credential | undefined): Promise<Hypervisor> {
    const giveUp = new AbortController();
    const limit = this.#options.intervals.openTimeout * 2;
    const timer = setTimeout(() => giveUp.abort(new PolyvisorError("hostTimeout", { detail: `the connection was not there after ${limit / 1000} s` })), limit);
    try {
      return await this.#connect(uri, async () => credential, giveUp.signal);
    } finally {
      clearTimeout(timer);
    }
  }

  async #credential(id: string): Promise<Credential | undefined> {
    const { rows } = await this.#options.pool.query<{ sealed: Buffer }>("select sealed from credential where host_id = $1", [id]);
    return rows[0] && (JSON.parse(this.#options.secrets.open(rows[0].sealed, id)) as Credential);
  }
}

/** One spelling for one URI. @throws PolyvisorError `badUri` */
function canonical(text: string): string {
  return parseHypervisorUri(text).uri.href;
}

function freeName(facts: HostFacts, taken: (name: string) => boolean): string {
  const base = (facts.hostname || "host").slice(0, 200);
  if (!taken(base)) return base;
  const typed = `${base}-${facts.hypervisor.type.toLowerCase()}`;
  if (!taken(typed)) return typed;
  for (let n = 2; ; n++) if (!taken(`${typed}-${n}`)) return `${typed}-${n}`;
}

const noSuchHost = (id: string): PolyvisorError => new PolyvisorError("notFound", { detail: `there is no host "${id.slice(0, 64)}"` });

/** @throws PolyvisorError `notFound`, or `changedMeanwhile` when it has another revision */
export function wantRevision<T extends { revision: number; name: string }>(object: T | undefined, id: string, ifRevision: number | undefined): T {
  if (!object) throw new PolyvisorError("notFound", { detail: `there is no object "${id.slice(0, 64)}"` });
  if (ifRevision !== undefined && object.revision !== ifRevision)
    throw new PolyvisorError("changedMeanwhile", { detail: `"${object.name}" has revision ${object.revision} now, not ${ifRevision}` });
  return object;
}
