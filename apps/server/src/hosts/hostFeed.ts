import type { Change, InventoryKind, Inventory } from "@polyvisor/model";
import type { Attribution } from "../estate/attribution.ts";
import { clean } from "../estate/facts.ts";
import type { InventoryRules } from "../estate/inventoryRules.ts";
import type { Claim } from "../events/claim.ts";
import type { Draft } from "../events/draft.ts";
import type { Journal } from "../events/journal.ts";
import { pieceSize } from "../events/prepare.ts";
import { theHost } from "../history/actor.ts";

const causeLength = 1024;

/** Brings the changes of one host to the journal, in order. */
export class HostFeed {
  readonly #hostId: string;
  readonly #claim: Claim;
  readonly #journal: Journal;
  readonly #rules: InventoryRules;
  readonly #attribution: Attribution;

  constructor(claim: Claim, journal: Journal, rules: InventoryRules, attribution: Attribution) {
    this.#hostId = claim.id;
    this.#claim = claim;
    this.#journal = journal;
    this.#rules = rules;
    this.#attribution = attribution;
  }

  /** Resolves when the journal has it and has room for more; what it brings is committed later, an inventory when it resolves. */
  async take(told: Change): Promise<void> {
    const change = clean(told) as Change;
    const rules = this.#rules;
    const hostId = this.#hostId;
    await this.#journal.room();
    if (change.type === "inventory") return this.#inventory(change.inventory);
    if (change.type === "host") this.#write((draft) => rules.host(draft, hostId, change.facts));
    else if (change.type === "remove") {
      const taskId = this.#attribution.taskOf(hostId, change.kind, change.nativeId);
      this.#write((draft) => rules.remove(draft, change.kind, hostId, change.nativeId, { cause: change.cause?.slice(0, causeLength), taskId }));
    } else {
      const taskId = this.#attribution.taskOf(hostId, change.kind, change.kind === "vm" ? change.facts.nativeId : change.facts.name);
      this.#write((draft) => rules.upsert(draft, change.kind, hostId, change.facts, { cause: change.cause?.slice(0, causeLength), taskId }));
    }
  }

  /** An inventory is given in pieces, so that a large host makes no endless transaction; what it does not have goes last. Resolves when all of it is committed. */
  async #inventory({ host, vms, datastores, networks }: Inventory): Promise<void> {
    const rules = this.#rules;
    const hostId = this.#hostId;
    const all = [
      ...vms.map((facts) => ({ kind: "vm", facts }) as const),
      ...datastores.map((facts) => ({ kind: "datastore", facts }) as const),
      ...networks.map((facts) => ({ kind: "network", facts }) as const),
    ];
    this.#write((draft) => rules.host(draft, hostId, host));
    for (let i = 0; i < all.length; i += pieceSize) {
      const piece = all.slice(i, i + pieceSize);
      await this.#journal.room();
      this.#write((draft) => {
        for (const { kind, facts } of piece) rules.upsert(draft, kind, hostId, facts as never, {});
      });
    }
    const present: Record<InventoryKind, Set<string>> = {
      vm: new Set(vms.map((each) => each.nativeId)),
      datastore: new Set(datastores.map((each) => each.nativeId)),
      network: new Set(networks.map((each) => each.nativeId)),
    };
    for (let more = true; more;) {
      await this.#journal.room();
      more = await this.#journal.write((draft) => {
        draft.under(this.#claim);
        return rules.keepOnly(draft, hostId, present, pieceSize);
      }, theHost);
    }
  }

  /** Under the lease: what is heard after another server took the host over changes nothing. */
  #write(mutation: (draft: Draft) => void): void {
    // A refusal of the store is in the log; the next inventory repairs what it left out. A closed journal ends the feed.
    this.#journal
      .write((draft) => {
        draft.under(this.#claim);
        mutation(draft);
      }, theHost)
      .catch(() => undefined);
  }
}
