import type { Change, DatastoreFacts, HostFacts, Inventory, NetworkFacts, VmFacts } from "@polyvisor/model";
import type { Hypervisor } from "../hypervisor.ts";

/** A consumer of changes that keeps what they say: at any moment it should be what the endpoint has. */
export class Follower {
  readonly seen: Change[] = [];
  inventories = 0;
  /** How the stream ended: with an error, or without. */
  ended: { error: unknown } | undefined;
  host: HostFacts | undefined;
  readonly vms = new Map<string, VmFacts>();
  readonly datastores = new Map<string, DatastoreFacts>();
  readonly networks = new Map<string, NetworkFacts>();
  readonly #stop = new AbortController();
  readonly #over: Promise<void>;

  constructor(hypervisor: Hypervisor) {
    this.#over = this.#follow(hypervisor);
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#over;
  }

  /** What it knows, in the order of native ids. */
  known(): Inventory {
    return ordered({ host: this.host!, vms: [...this.vms.values()], datastores: [...this.datastores.values()], networks: [...this.networks.values()] });
  }

  async #follow(hypervisor: Hypervisor): Promise<void> {
    try {
      for await (const change of hypervisor.changes(this.#stop.signal)) this.#take(change);
      this.ended = { error: undefined };
    } catch (error) {
      this.ended = { error };
    }
  }

  #take(change: Change): void {
    this.seen.push(change);
    const tables = { vm: this.vms, datastore: this.datastores, network: this.networks } as const;
    if (change.type === "inventory") {
      this.inventories++;
      this.host = change.inventory.host;
      for (const table of Object.values(tables)) table.clear();
      for (const facts of change.inventory.vms) this.vms.set(facts.nativeId, facts);
      for (const facts of change.inventory.datastores) this.datastores.set(facts.nativeId, facts);
      for (const facts of change.inventory.networks) this.networks.set(facts.nativeId, facts);
    } else if (change.type === "host") this.host = change.facts;
    else if (change.type === "remove") tables[change.kind].delete(change.nativeId);
    else (tables[change.kind] as Map<string, unknown>).set(change.facts.nativeId, change.facts);
  }
}

const byId = (a: { nativeId: string }, b: { nativeId: string }): number => (a.nativeId < b.nativeId ? -1 : 1);

/** The same inventory, in the order of native ids: the endpoint's own order means nothing. */
export function ordered({ host, vms, datastores, networks }: Inventory): Inventory {
  return {
    host,
    vms: vms.toSorted(byId),
    networks: networks.toSorted(byId),
    datastores: datastores.toSorted(byId).map((each) => ({ ...each, volumes: each.volumes.toSorted((a, b) => (a.name < b.name ? -1 : 1)) })),
  };
}
