import type { Domain } from "@polyvisor/protocol-libvirt";
import type { EndpointReader } from "../endpointReader.ts";
import type { ChangeFeed } from "./changeFeed.ts";

/** Milliseconds between two looks; with what a look takes, nothing stays unseen for 5 s. */
const period = 3_000;
/** Most milliseconds that one look spends on descriptions: more VMs take more looks. */
const budget = 250;
/** Milliseconds after which a guest whose agent came has its addresses. */
const settles = 4_000;
/** Looks between two readings of what costs more: sizes of volumes and disks, addresses from agents. */
const thorough = { agents: 5, sizes: 20 } as const;

/**
 * Finds what libvirt has no event for: edits of a configuration, autostart, snapshots at rest, volumes, leases. The
 * lists are compared at each look; descriptions in turns, within a budget that keeps the endpoint's load small.
 */
export class RegularLook {
  readonly #reader: EndpointReader;
  readonly #feed: ChangeFeed;
  readonly #signal: AbortSignal;
  #timer: NodeJS.Timeout | undefined;
  #looks = 0;
  #cursor = 0;
  #machine = "";
  #stopped = false;

  constructor(reader: EndpointReader, feed: ChangeFeed, signal: AbortSignal) {
    this.#reader = reader;
    this.#feed = feed;
    this.#signal = signal;
  }

  start(): void {
    this.#timer = setTimeout(() => void this.#look(), period);
    void this.#agents();
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  /** An agent came: asks it, and once more when the guest has had time to get its addresses. */
  askAgent(dom: Domain): void {
    void this.#agents(dom);
    setTimeout(() => {
      if (!this.#stopped) void this.#agents(dom);
    }, settles).unref();
  }

  async #look(): Promise<void> {
    const { vms, datastores, networks, session } = this.#reader;
    this.#looks++;
    try {
      const { changed, gone, all } = await vms.changedSince(this.#signal);
      for (const dom of changed) this.#feed.happened({ kind: "vm", dom });
      for (const uuid of gone) this.#feed.happened({ kind: "vm", dom: { uuid, name: uuid, id: -1 } });
      await this.#descriptions(all);
      const sizes = this.#looks % thorough.sizes === 0;
      this.#feed.tellCollection("network", await networks.changes(this.#signal));
      const stored = await datastores.changes(sizes ? "anew" : "new", this.#signal);
      this.#feed.tellCollection("datastore", stored);
      if (sizes) await vms.readDiskSizes(this.#signal);
      // Memory and processors are plugged into hosts too, and no driver tells.
      const { memory, cpus } = await session.call.nodeGetInfo({ signal: this.#signal });
      const machine = `${memory} ${cpus}`;
      if (sizes || (this.#machine !== "" && this.#machine !== machine)) this.#feed.hostChanged();
      this.#machine = machine;
      const leased = await networks.readLeases(this.#signal);
      if (sizes || stored.upserts.length > 0) this.#feed.retell(vms.uuids());
      else if (leased.size > 0)
        this.#feed.retell(
          [...vms.uuids()].filter((uuid) => vms.facts(uuid)?.nics.some(({ mac }) => leased.has(mac))),
          "its address changed",
        );
      if (this.#looks % thorough.agents === 0) void this.#agents();
    } catch (error) {
      if (!this.#signal.aborted && session.connection.open) session.log("warn", "a regular look failed", { error: String(error) });
    }
    this.#feed.resume();
    if (!this.#stopped) this.#timer = setTimeout(() => void this.#look(), period);
  }

  async #descriptions(all: Domain[]): Promise<void> {
    const { vms } = this.#reader;
    const until = performance.now() + budget;
    for (let done = 0; done < all.length && performance.now() < until && !this.#stopped;) {
      const slice = Array.from({ length: Math.min(32, all.length - done) }, (_, i) => all[(this.#cursor + i) % all.length]!);
      const edited = await Promise.all(slice.map((dom) => vms.edited(dom, this.#signal)));
      slice.forEach((dom, i) => {
        if (edited[i]) this.#feed.happened({ kind: "vm", dom });
      });
      done += slice.length;
      this.#cursor = (this.#cursor + slice.length) % all.length;
    }
  }

  async #agents(only?: Domain): Promise<void> {
    try {
      const changed = await this.#reader.readAgentAddresses(this.#signal, only);
      if (!this.#stopped) this.#feed.retell(changed, "its guest told its addresses");
    } catch (error) {
      if (!this.#signal.aborted) this.#reader.session.log("debug", "agents could not be asked", { error: String(error) });
    }
  }
}
