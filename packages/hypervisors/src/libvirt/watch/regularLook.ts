import type { Domain } from "@polyvisor/protocol-libvirt";
import type { EndpointReader } from "../endpointReader.ts";
import type { ChangeFeed } from "./changeFeed.ts";
import { DescriptionTurns } from "./descriptionTurns.ts";
import { lookPace, type LookPace } from "./lookPace.ts";

/** Least milliseconds between the end of a look and the next: an endpoint that answers slowly has a rest. */
const rest = 1_000;
/** Milliseconds of a period from which on it begins at any time within the first. */
const spread = 3_000;
/** Milliseconds after which a guest whose agent came has its addresses. */
const settles = 4_000;
/** Looks between two readings of what costs more: sizes of volumes and disks, addresses from agents. */
const thorough = { agents: 5, sizes: 20 } as const;

/**
 * Finds what libvirt has no event for: edits of a configuration, autostart, snapshots at rest, volumes, leases. VMs are
 * looked at apart from all else, so that a datastore that hangs hides no edit of a VM.
 */
export class RegularLook {
  readonly #reader: EndpointReader;
  readonly #feed: ChangeFeed;
  readonly #signal: AbortSignal;
  readonly #descriptions: DescriptionTurns;
  readonly #pace: LookPace;
  readonly #timers = new Set<NodeJS.Timeout>();
  #looks = 0;
  #machine = "";
  #asking = false;
  #stopped = false;

  constructor(reader: EndpointReader, feed: ChangeFeed, signal: AbortSignal, pace: LookPace = lookPace) {
    this.#pace = pace;
    this.#reader = reader;
    this.#feed = feed;
    this.#signal = signal;
    this.#descriptions = new DescriptionTurns(reader.vms, reader.session);
  }

  start(): void {
    this.#pace.weigh(this, Array.from(this.#reader.vms.uuids()).length);
    // Endpoints that connect at the same time, as at a start, are not looked at in the same moment ever after.
    const first = this.#pace.period * (this.#pace.period > spread ? Math.random() : 1);
    this.#later(first, () => this.#again(() => this.#vms()));
    this.#later(first, () => this.#again(() => this.#surroundings()));
    void this.#agents();
  }

  stop(): void {
    this.#stopped = true;
    this.#pace.forget(this);
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
  }

  #later(ms: number, work: () => void): void {
    if (this.#stopped) return;
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      work();
    }, ms);
    this.#timers.add(timer);
  }

  /** An agent came: asks it, and once more when the guest has had time to get its addresses. */
  askAgent(dom: Domain): void {
    void this.#agents(dom);
    this.#later(settles, () => void this.#agents(dom));
  }

  /** Looks, and again in time, whatever came of it. */
  #again(look: () => Promise<void>): void {
    const began = performance.now();
    void look()
      .catch((error: unknown) => {
        if (!this.#signal.aborted && this.#reader.session.connection.open) this.#reader.session.log("warn", "a regular look failed", { error: String(error) });
      })
      .then(() => {
        this.#feed.resume();
        this.#later(Math.max(rest, this.#pace.period - (performance.now() - began)), () => this.#again(look));
      });
  }

  async #vms(): Promise<void> {
    const { changed, gone, all } = await this.#reader.vms.changedSince(this.#signal);
    if (!this.#stopped) this.#pace.weigh(this, all.length);
    for (const dom of changed) this.#feed.happened({ kind: "vm", dom });
    for (const uuid of gone) this.#feed.happened({ kind: "vm", dom: { uuid, name: uuid, id: -1 } });
    await this.#descriptions.compare(all, (dom) => this.#feed.happened({ kind: "vm", dom }), this.#signal);
  }

  async #surroundings(): Promise<void> {
    const { vms, datastores, networks, session } = this.#reader;
    this.#looks++;
    const sizes = this.#looks % thorough.sizes === 0;
    this.#feed.tellAll("network", await networks.readAll(this.#signal));
    const stored = this.#feed.tellAll("datastore", await datastores.readAll(sizes ? "anew" : "new", this.#signal));
    if (sizes) await vms.readDiskSizes(this.#signal);
    // Memory and processors are plugged into hosts too, and no driver tells.
    const { memory, cpus } = await session.call.nodeGetInfo({ signal: this.#signal });
    const machine = `${memory} ${cpus}`;
    if (sizes || (this.#machine !== "" && this.#machine !== machine)) this.#feed.hostChanged();
    this.#machine = machine;
    const leased = await networks.readLeases(this.#signal);
    if (sizes || stored) this.#feed.retell(vms.uuids());
    else if (leased.size > 0)
      this.#feed.retell(
        [...vms.uuids()].filter((uuid) => vms.facts(uuid)?.nics.some(({ mac }) => leased.has(mac))),
        "its address changed",
      );
    if (this.#looks % thorough.agents === 0) void this.#agents();
  }

  async #agents(only?: Domain): Promise<void> {
    // Where many agents hang, asking all takes longer than the time between two askings.
    if (!only && this.#asking) return;
    if (!only) this.#asking = true;
    try {
      const changed = await this.#reader.readAgentAddresses(this.#signal, only);
      if (!this.#stopped) this.#feed.retell(changed, "its guest told its addresses");
    } catch (error) {
      if (!this.#signal.aborted) this.#reader.session.log("debug", "agents could not be asked", { error: String(error) });
    } finally {
      if (!only) this.#asking = false;
    }
  }
}
