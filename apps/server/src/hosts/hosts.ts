import type { Hypervisor } from "@polyvisor/hypervisors";
import type { Event, Host, HostFacts } from "@polyvisor/model";
import type { Logger } from "pino";
import type pg from "pg";
import type { HostInput, HostPatch, HostsControl, Intervals, Secrets } from "../controlPlane.ts";
import { gated } from "../cluster/gated.ts";
import type { Leases } from "../cluster/leases.ts";
import type { Attribution } from "../estate/attribution.ts";
import type { Estate } from "../estate/estate.ts";
import { clean } from "../estate/facts.ts";
import type { InventoryRules } from "../estate/inventoryRules.ts";
import { wantRevision } from "../estate/wantRevision.ts";
import { ClaimLost, type Claim } from "../events/claim.ts";
import type { Draft } from "../events/draft.ts";
import type { Journal } from "../events/journal.ts";
import { newId } from "../newId.ts";
import { Semaphore } from "../semaphore.ts";
import { changedHost } from "./changedHost.ts";
import { canonicalUri, Connector, type ConnectorOptions, type CredentialAt } from "./connector.ts";
import { Credentials, hostKeysOf, type HostKeys } from "./credentials.ts";
import { tellConnecting } from "./connecting.ts";
import { Endpoints } from "./endpoints.ts";
import { HostConnection } from "./hostConnection.ts";
import { HostFeed } from "./hostFeed.ts";
import { isDisabled, noSuchHost, storedPerhaps } from "./hostErrors.ts";
import { HostUsers } from "./hostUsers.ts";
import { newConnection, newHost } from "./newHost.ts";
import { removeHost } from "./removeHost.ts";

/** Attempts to connect at the same time. Most of an attempt is waiting, so that hung hosts do not hold up the others for long. */
const connectsAtOnce = 128;

export interface HostsOptions extends ConnectorOptions {
  estate: Estate;
  journal: Journal;
  rules: InventoryRules;
  attribution: Attribution;
  pool: pg.Pool;
  secrets: Secrets;
  log: Logger;
  intervals: Intervals;
  serverId: string;
  leases: Pick<Leases, "held" | "check" | "adopt" | "forget" | "doubt">;
  /** A host is connected, for the first time or again. */
  connected(hostId: string): void;
}

/** The hosts that are managed and their connections. */
export class Hosts implements HostsControl {
  readonly #options: HostsOptions;
  readonly #connections = new Map<string, HostConnection>();
  readonly #gate = new Semaphore(connectsAtOnce);
  readonly #endpoints: Endpoints;
  readonly #credentials: Credentials;
  readonly #connector: Connector;
  readonly users = new HostUsers();
  /** Rises with each host that comes or goes. */
  changed = 0;

  constructor(options: HostsOptions) {
    this.#options = options;
    this.#endpoints = new Endpoints((id) => options.estate.get("host", id)?.name ?? id);
    this.#credentials = new Credentials(options.pool, options.secrets);
    this.#connector = new Connector(options);
  }

  /** Knows the endpoints of all hosts. After a start of the server, before hosts are gained. */
  resume(): void {
    this.#endpoints.takeAll(this.#options.estate.tables.host.byId.values(), this.#options.log);
  }

  /** Connects to hosts that this server looks after from now on. @param lastSeen when the server before this one was last known to run */
  async gained(claims: readonly Claim[], cause: string, lastSeen?: string): Promise<void> {
    const since = new Date(this.#options.now()).toISOString();
    await tellConnecting(this.#options.journal, claims, { since, cause, lastSeen });
    for (const { id } of claims) void this.#follow(id);
  }

  /** Lets go of hosts that another server looks after. Resolves when nothing is connected to them any more. */
  async lost(claims: readonly Claim[]): Promise<void> {
    await Promise.all(claims.map(({ id }) => this.#close(id)));
  }

  /** Something was committed, here or by another server: connections and endpoints follow. */
  applied(event: Event, own: boolean): void {
    if (event.kind !== "host") return;
    if (event.type !== "changed") this.changed++;
    if (own) return;
    const id = event.objectId;
    const host = event.object as Host | undefined;
    if (host?.facts && (event.type === "created" || event.fields.includes("facts"))) this.#endpoints.given(id, host.uri, host.facts);
    if (!host || event.fields.includes("connection")) void this.#follow(id);
    if (event.fields.includes("credential")) this.#connections.get(id)?.reconnect();
  }

  /** Tries to connect anew now, where this server looks after the host; for what another server was asked. */
  again(id: string, how: "reconnect" | "refresh"): void {
    this.#connections.get(id)?.[how]();
  }

  async add(input: HostInput, _account: string): Promise<Host> {
    const uri = canonicalUri(input.uri);
    const id = newId("host");
    const keys = hostKeysOf(input);
    this.#endpoints.take(id, uri);
    let hypervisor: Hypervisor | undefined;
    try {
      hypervisor = await this.#connector.openOnce(uri, this.#credentialAt(id, uri, keys));
      const { host: facts } = await hypervisor.inventory();
      this.#endpoints.take(id, uri, facts);
      const first = { id, uri, facts: clean(facts) as HostFacts, features: hypervisor.features, at: this.#options.now() };
      const host = await this.#options.journal.ask((draft) => {
        this.#endpoints.take(id, uri, facts); // another server may have added it meanwhile
        const made = newHost(draft, input, first);
        draft.also((client) => client.query("insert into lease (host_id, server_id) values ($1, $2)", [id, this.#options.serverId]));
        draft.put(made, { type: "created", cause: "added by an operator" });
        if (keys) this.#credentials.keep(draft, id, keys);
        return made;
      });
      const claim = this.#options.leases.adopt(id, 1);
      this.#open(claim, uri).start(this.#gated(claim, hypervisor));
      return host;
    } catch (error) {
      await hypervisor?.close().catch(() => undefined);
      if (storedPerhaps(error)) this.#followLater(id);
      else this.#endpoints.release(id);
      throw error;
    }
  }

  async test(input: HostInput): ReturnType<HostsControl["test"]> {
    const uri = canonicalUri(input.uri);
    const hypervisor = await this.#connector.openOnce(uri, async (at) => (at === uri ? hostKeysOf(input) : undefined));
    try {
      const { host, vms } = await hypervisor.inventory();
      return { hostname: host.hostname, hypervisor: `${host.hypervisor.type} ${host.hypervisor.version}`, vms: vms.length, features: hypervisor.features };
    } finally {
      await hypervisor.close().catch(() => undefined);
    }
  }

  async change(id: string, patch: HostPatch, ifRevision?: number, check?: (before: Host, after: Host) => void): Promise<Host> {
    const change = (draft: Draft): Host => {
      const known = wantRevision(draft.get("host", id), id, ifRevision);
      const { after, fields } = changedHost(draft, known, patch, (state) => this.#newly(state, known));
      check?.(known, after);
      const keys = hostKeysOf(patch);
      if (keys) this.#credentials.keep(draft, id, keys);
      if (fields.length === 0) return known;
      draft.put(after, { type: "changed", fields, cause: "changed by an operator" });
      return after;
    };
    try {
      const host = await this.#options.journal.ask(change);
      await this.#follow(id);
      if (hostKeysOf(patch)) this.#connections.get(id)?.reconnect();
      return host;
    } catch (error) {
      if (storedPerhaps(error)) this.#followLater(id);
      throw error;
    }
  }

  async remove(id: string, ifRevision?: number): Promise<void> {
    if (!this.#options.estate.get("host", id)) throw noSuchHost(id);
    try {
      await this.#options.journal.ask((draft) => {
        const host = draft.get("host", id);
        if (!host) return;
        removeHost(draft, wantRevision(host, id, ifRevision));
        this.#credentials.forget(draft, id);
      });
      await this.#follow(id);
    } catch (error) {
      if (storedPerhaps(error)) this.#followLater(id);
      throw error;
    }
  }

  async reconnect(id: string): Promise<Host> {
    const host = await this.#options.journal.ask((draft) => {
      const known = draft.get("host", id);
      if (!known) throw noSuchHost(id);
      if (known.connection.state === "disabled") throw isDisabled("conflict", known);
      if (known.connection.state !== "lost") return known;
      // Whoever asked waits for the outcome of this attempt, and must not take the failure of the last one for it.
      const after: Host = { ...known, revision: known.revision + 1, connection: this.#newly("connecting", known) };
      draft.put(after, { type: "changed", fields: ["connection"], cause: "an operator asked to connect now" });
      return after;
    });
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
    if (host.connection.state === "disabled") throw isDisabled("hostUnreachable", host);
    const claim = this.#options.leases.held(id);
    if (!claim) throw new ClaimLost({ kind: "host", id });
    const first = this.#open(claim, host.uri); // gained just now: who comes first begins
    first.start();
    return first;
  }

  /** Ids of hosts that are connected now. */
  connected(): string[] {
    return [...this.#connections].filter(([, connection]) => connection.isConnected).map(([id]) => id);
  }

  async close(): Promise<void> {
    await Promise.all([...this.#connections.keys()].map((id) => this.#close(id)));
  }

  #gated(claim: Claim, hypervisor: Hypervisor): Hypervisor {
    return gated(hypervisor, () => this.#options.leases.check(claim), { enter: () => this.users.enter(claim.id) });
  }

  #open(claim: Claim, uri: string): HostConnection {
    const { id } = claim;
    const { journal, rules, attribution, log, now, intervals } = this.#options;
    const connection = new HostConnection({
      claim,
      journal,
      log,
      now,
      gate: this.#gate,
      reconnectMax: intervals.reconnectMax,
      inventoryTimeout: Math.max(60_000, intervals.callTimeout * 2),
      feed: new HostFeed(claim, journal, rules, attribution),
      connect: async (signal) =>
        this.#gated(claim, await this.#connector.open(uri, this.#credentialAt(id, uri), signal, () => this.#options.leases.check(claim))),
      connected: () => {
        const host = this.#options.estate.get("host", id);
        if (!host) return; // removed meanwhile: the endpoint may be another's
        try {
          this.#endpoints.take(id, uri, host.facts);
        } catch (error) {
          log.warn({ host: id, err: error }, "two hosts are the same machine");
        }
        this.#options.connected(id);
      },
    });
    this.#connections.set(id, connection);
    return connection;
  }

  /** A host has a connection exactly when it is there, not disabled, and this server's to look after, whatever else was asked meanwhile. */
  async #follow(id: string): Promise<void> {
    const host = this.#options.estate.get("host", id);
    const claim = this.#options.leases.held(id);
    if (host && claim && host.connection.state !== "disabled") {
      if (!this.#connections.has(id)) this.#open(claim, host.uri).start();
      return;
    }
    await this.#close(id);
    if (!host && claim) this.#options.leases.forget(claim);
    if (!host) this.#endpoints.release(id); // not before: a connection that has just come about takes it
  }

  /** Nobody knows yet whether the store has it: it does when the journal goes on. */
  #followLater(id: string): void {
    this.#options.leases.doubt();
    void this.#options.journal
      .write(() => undefined)
      .then(() => this.#follow(id))
      .catch((error: unknown) => this.#options.log.debug({ host: id, err: error }, "a host is looked at again at the next start"));
  }

  async #close(id: string): Promise<void> {
    const connection = this.#connections.get(id);
    this.#connections.delete(id);
    await connection?.stop();
  }

  /** For a connection to one host, over which a VM may be moved to another. @param first until one is kept */
  #credentialAt(id: string, uri: string, first?: HostKeys): CredentialAt {
    return async (at) => {
      const owner = at === uri ? id : this.#endpoints.ownerOf(at);
      const kept = owner === undefined ? undefined : await this.#credentials.of(owner);
      return kept ?? (owner === id ? first : undefined);
    };
  }

  #newly(state: "connecting" | "disabled", { id, connection }: Host): Host["connection"] {
    return newConnection(state, connection, this.#connections.get(id)?.lastSeen, this.#options.now());
  }
}
