import { hash } from "node:crypto";
import { inventoryKinds } from "@polyvisor/model";
import type { Change, HostFacts, Inventory, InventoryKind } from "@polyvisor/model";
import type { Domain } from "@polyvisor/protocol-libvirt";
import { isTestGuest } from "../host/accelerationProbe.ts";
import type { EndpointReader } from "../endpointReader.ts";
import { ChangeQueue } from "./changeQueue.ts";
import { listen } from "./endpointEvents.ts";
import type { Happening } from "./endpointEvents.ts";
import { RegularLook } from "./regularLook.ts";

interface Dirty {
  dom: Domain;
  causes: string[];
  tell: boolean;
}

/** What is to be looked at again beside VMs; of datastores either their lists, or every volume anew. */
interface Stale {
  datastores?: "new" | "anew";
  networks: boolean;
  devices: boolean;
}

/** Milliseconds that the VMs of one batch wait for the slowest of them; it is told when it answers. */
const patience = 1_000;
/** VMs read at once: each takes seven calls, and an urgent call waits behind them. */
const batchSize = 128;
const digest = (facts: unknown): string => hash("sha1", JSON.stringify(facts), "base64");

/**
 * Turns what an endpoint says into changes. An event only marks what it concerns; that is then read as it is now, so
 * events that come late, twice or in the wrong order do no harm. What has no events is found by a regular look.
 */
export class ChangeFeed {
  readonly #reader: EndpointReader;
  readonly #queue = new ChangeQueue<Change>(20_000);
  readonly #dirty = new Map<string, Dirty>();
  readonly #reading = new Set<string>();
  readonly #told = new Map<string, { kind: InventoryKind; digest: string }>();
  #hostTold = "";
  #stale: Stale = { networks: false, devices: false };
  #working = false;
  #lastWork: Promise<void> = Promise.resolve();
  #ready = false;
  readonly #stopped: AbortController;
  readonly #look: RegularLook;

  constructor(reader: EndpointReader, stopped: AbortController) {
    this.#reader = reader;
    this.#stopped = stopped;
    this.#look = new RegularLook(reader, this, stopped.signal);
  }

  /** The changes, beginning with the inventory. */
  async *run(): AsyncGenerator<Change> {
    const { signal } = this.#stopped;
    const stop = await listen(this.#reader.session, (happening) => this.happened(happening), signal);
    void this.#reader.session.connection.closed.then((reason) => this.#queue.end(reason.kind === "closed" ? undefined : reason));
    signal.addEventListener("abort", () => this.#queue.end(), { once: true });
    try {
      yield await this.#anew();
      this.#look.start();
      for (;;) {
        const next = await this.#queue.next();
        if (next === "ended" || signal.aborted) return;
        yield next === "overflowed" ? await this.#anew() : next.item;
      }
    } finally {
      this.#look.stop();
      this.#stopped.abort();
      stop();
    }
  }

  /** Reads what is still marked because reading it failed. */
  resume(): void {
    void this.#work();
  }

  /** The acceleration or the devices of the host are known better now. */
  hostChanged(): void {
    this.#stale.devices = true;
    void this.#work();
  }

  /**
   * Resolves when what happened so far was read and told, so that whoever did it finds it in the inventory; an endpoint
   * that is slow to tell is not waited for.
   */
  async caughtUp(): Promise<void> {
    await Promise.race([this.#lastWork, new Promise((resolve) => setTimeout(resolve, patience).unref())]);
  }

  /** Marks what a happening concerns and reads it soon. */
  happened(happening: Happening): void {
    switch (happening.kind) {
      case "vm": {
        if (isTestGuest(happening.dom.name)) return;
        const dirty = this.#dirty.get(happening.dom.uuid) ?? { dom: happening.dom, causes: [], tell: false };
        dirty.dom = happening.dom;
        if (happening.cause && !dirty.causes.includes(happening.cause)) dirty.causes.push(happening.cause);
        dirty.tell ||= happening.tell ?? false;
        // Again at the end: the order of the map is the order of the latest happenings.
        this.#dirty.delete(happening.dom.uuid);
        this.#dirty.set(happening.dom.uuid, dirty);
        if (happening.agent) this.#look.askAgent(happening.dom);
        break;
      }
      case "datastores":
        this.#stale.datastores = happening.sizes || this.#stale.datastores === "anew" ? "anew" : "new";
        break;
      case "networks":
        this.#stale.networks = true;
        break;
      case "devices":
        this.#stale.devices = true;
        break;
    }
    void this.#work();
  }

  /** Puts facts of VMs that were not read anew but put together anew (an address, a size) into the stream where they differ. */
  retell(uuids: Iterable<string>, cause?: string): void {
    for (const uuid of uuids) {
      const facts = this.#reader.vms.facts(uuid);
      if (facts) this.#tell({ type: "upsert", kind: "vm", facts, cause }, "vm", facts, false);
    }
  }

  /** Somebody else read the inventory: tells what that found, since nobody will find it new again. */
  compare({ host, vms, datastores, networks }: Inventory): void {
    if (!this.#ready) return;
    const found = { vm: vms, datastore: datastores, network: networks } as const;
    for (const kind of inventoryKinds) this.tellAll(kind, found[kind]);
    this.#tellHost(host);
  }

  async #anew(): Promise<Change> {
    this.#ready = false;
    const inventory = await this.#reader.inventory(this.#stopped.signal);
    this.#told.clear();
    for (const facts of inventory.vms) this.#told.set(facts.nativeId, { kind: "vm", digest: digest(facts) });
    for (const facts of inventory.datastores) this.#told.set(facts.nativeId, { kind: "datastore", digest: digest(facts) });
    for (const facts of inventory.networks) this.#told.set(facts.nativeId, { kind: "network", digest: digest(facts) });
    this.#hostTold = digest(inventory.host);
    // What was told while the inventory was read is in it, or is older.
    this.#queue.clear();
    this.#ready = true;
    void this.#work();
    return { type: "inventory", inventory };
  }

  async #work(): Promise<void> {
    // Who is at work looks again before it ends, and sees what was marked meanwhile.
    if (this.#working || !this.#ready) return;
    this.#working = true;
    this.#lastWork = this.#readMarked();
    return this.#lastWork;
  }

  async #readMarked(): Promise<void> {
    try {
      while (this.#ready && !this.#queue.ended && (this.#dirty.size > 0 || this.#stale.datastores || this.#stale.networks || this.#stale.devices)) {
        const took = await this.#vms();
        const collections = await this.#collections();
        // What is left is being read already; its own end brings us back.
        if (!took && !collections) break;
      }
    } catch (error) {
      if (!this.#queue.ended && !this.#stopped.signal.aborted)
        this.#reader.session.log("warn", "changes could not be read; the next look does it", { error: String(error) });
    } finally {
      this.#working = false;
    }
  }

  async #vms(): Promise<boolean> {
    const batch = this.#dirty
      .values()
      .filter(({ dom }) => !this.#reading.has(dom.uuid))
      .take(batchSize)
      .toArray();
    if (batch.length === 0) return false;
    const reads = batch.map((dirty) => {
      this.#dirty.delete(dirty.dom.uuid);
      this.#reading.add(dirty.dom.uuid);
      // Each has its handlers from the start: all of them fail at once when the connection does.
      return this.#reader.vms.readOne(dirty.dom, this.#stopped.signal).then(
        (facts) => () => this.#tellVm(dirty, facts),
        (error: unknown) => () => this.#missed(dirty, error),
      );
    });
    // Told in the order of the happenings, as long as each answers in good time; a VM that hangs holds up only itself.
    const deadline = new Promise<"late">((resolve) => setTimeout(resolve, patience, "late").unref());
    for (const [i, dirty] of batch.entries()) {
      const read = reads[i]!;
      const done = await Promise.race([read, deadline]);
      if (done === "late") {
        void read.then((tell) => {
          this.#reading.delete(dirty.dom.uuid);
          tell();
          void this.#work();
        });
      } else {
        this.#reading.delete(dirty.dom.uuid);
        done();
      }
    }
    return true;
  }

  #tellVm(dirty: Dirty, facts: Awaited<ReturnType<EndpointReader["vms"]["readOne"]>>): void {
    // Read while everything is read anew: what was found is marked again, for it would be found the same next time.
    if (!this.#ready) return this.happened({ kind: "vm", dom: dirty.dom });
    const cause = dirty.causes.length > 0 ? dirty.causes.join("; ") : undefined;
    if (facts) this.#tell({ type: "upsert", kind: "vm", facts, cause }, "vm", facts, dirty.tell);
    else this.#remove("vm", dirty.dom.uuid, cause);
  }

  #missed(dirty: Dirty, error: unknown): void {
    if (this.#queue.ended || this.#stopped.signal.aborted) return;
    this.#reader.session.log("warn", "a VM could not be read", { vm: dirty.dom.name, error: String(error) });
  }

  async #collections(): Promise<boolean> {
    const marked = this.#stale;
    const { datastores, networks, devices } = marked;
    this.#stale = { networks: false, devices: false };
    try {
      await this.#readCollections(marked);
    } catch (error) {
      // It stays marked, and the next look reads it.
      this.#stale = {
        datastores: this.#stale.datastores === "anew" ? "anew" : (datastores ?? this.#stale.datastores),
        networks: networks || this.#stale.networks,
        devices: devices || this.#stale.devices,
      };
      throw error;
    }
    return datastores !== undefined || networks || devices;
  }

  async #readCollections({ datastores, networks, devices }: Stale): Promise<void> {
    const { signal } = this.#stopped;
    if (datastores) this.tellAll("datastore", await this.#reader.datastores.readAll(datastores, signal));
    if (networks) this.tellAll("network", await this.#reader.networks.readAll(signal));
    if (devices) this.#tellHost(await this.#reader.host(signal));
  }

  /**
   * Tells which of all objects of a kind differ from what was told, and which are gone. What was told decides, and not what
   * was read last: somebody else may have read it, or failed behind it.
   * @returns whether there was anything to tell
   */
  tellAll(kind: InventoryKind, all: readonly { nativeId: string }[]): boolean {
    if (!this.#ready) return false;
    const present = new Set(all.map(({ nativeId }) => nativeId));
    const gone = [...this.#told].filter(([nativeId, told]) => told.kind === kind && !present.has(nativeId));
    for (const [nativeId] of gone) this.#remove(kind, nativeId);
    const told = all.filter((facts) => this.#tell({ type: "upsert", kind, facts } as Change, kind, facts, false));
    return gone.length + told.length > 0;
  }

  #tellHost(facts: HostFacts): void {
    const now = digest(facts);
    if (now === this.#hostTold) return;
    this.#hostTold = now;
    this.#queue.push({ type: "host", facts });
  }

  #tell(change: Change, kind: InventoryKind, facts: { nativeId: string }, always: boolean): boolean {
    if (!this.#ready) return false;
    const now = digest(facts);
    if (!always && this.#told.get(facts.nativeId)?.digest === now) return false;
    this.#told.set(facts.nativeId, { kind, digest: now });
    this.#queue.push(change);
    return true;
  }

  #remove(kind: InventoryKind, nativeId: string, cause?: string): void {
    if (this.#told.delete(nativeId)) this.#queue.push({ type: "remove", kind, nativeId, cause });
  }
}
