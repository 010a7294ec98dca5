import type { DatastoreFacts } from "./datastore.ts";
import type { HostFacts } from "./host.ts";
import type { InventoryKind } from "./id.ts";
import type { NetworkFacts } from "./network.ts";
import type { VmFacts } from "./vm.ts";

/** Everything an endpoint has, at one moment. */
export interface Inventory {
  host: HostFacts;
  vms: VmFacts[];
  datastores: DatastoreFacts[];
  networks: NetworkFacts[];
}

export type FactsOf = { vm: VmFacts; datastore: DatastoreFacts; network: NetworkFacts };

/**
 * One change on an endpoint, in the order it happened there. `cause` tells what the hypervisor said
 * ("started: booted"). `inventory`: everything anew, because changes may have been missed.
 */
export type Change =
  | { [K in InventoryKind]: { type: "upsert"; kind: K; facts: FactsOf[K]; cause?: string } }[InventoryKind]
  | { type: "remove"; kind: InventoryKind; nativeId: string; cause?: string }
  | { type: "host"; facts: HostFacts }
  | { type: "inventory"; inventory: Inventory };
