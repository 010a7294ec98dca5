import { features as words, PolyvisorError } from "@polyvisor/model";
import type { Action, Change, FeatureName, FeatureTable, Inventory, Samples } from "@polyvisor/model";
import { ConnectionError, constants as c } from "@polyvisor/protocol-libvirt";
import type { ByteChannel, ConsoleRequest, Hypervisor, RunContext, RunResult, Screenshot } from "../hypervisor.ts";
import type { ActionTools, Observation } from "./actions/actionTools.ts";
import { observeAction, runAction } from "./actions/runAction.ts";
import { openConsole, takeScreenshot } from "./consoles.ts";
import { EndpointReader } from "./endpointReader.ts";
import { failure } from "./failure.ts";
import { readSamples } from "./samples.ts";
import type { Session } from "./session.ts";
import { readVolumeBytes, writeVolumeBytes } from "./storage/volumeBytes.ts";
import { ChangeFeed } from "./watch/changeFeed.ts";

/** What of the datastores an action may have changed. */
function storedBy({ verb }: Action): "volumes" | "sizes" | undefined {
  if (verb === "volume.resize" || verb === "datastore.refresh") return "sizes";
  return /^(volume|datastore)\.|^vm\.(create|attachDisk|clone|delete|migrate)$/.test(verb) ? "volumes" : undefined;
}

/** A libvirt endpoint behind the one interface. */
export class LibvirtHypervisor implements Hypervisor {
  readonly features: FeatureTable;
  readonly closed: Promise<Error | undefined>;
  readonly #session: Session;
  readonly #tools: ActionTools;
  readonly #reader: EndpointReader;
  #feed: AbortController | undefined;
  #watched: ChangeFeed | undefined;

  constructor(tools: ActionTools, features: FeatureTable) {
    this.features = features;
    this.#tools = tools;
    this.#session = tools.session;
    this.#reader = new EndpointReader(tools.session, tools.acceleration, features["host.devices"].supported);
    this.closed = tools.session.connection.closed.then((reason) =>
      reason.kind === "closed" ? undefined : failure(reason, { endpoint: tools.session.endpoint }),
    );
  }

  async inventory(signal?: AbortSignal): Promise<Inventory> {
    const inventory = await this.#session.told("read the inventory", () => this.#reader.inventory(signal));
    this.#watched?.compare(inventory);
    return inventory;
  }

  async *changes(signal: AbortSignal): AsyncGenerator<Change> {
    if (this.#feed && !this.#feed.signal.aborted) throw new PolyvisorError("internal", { detail: "the changes of an endpoint have one consumer" });
    if (signal.aborted) return;
    const stopped = new AbortController();
    this.#feed = stopped;
    const stop = (): void => stopped.abort();
    signal.addEventListener("abort", stop, { once: true });
    const feed = new ChangeFeed(this.#reader, stopped);
    this.#watched = feed;
    this.#tools.acceleration.done = () => feed.hostChanged();
    try {
      let first = true;
      for await (const change of feed.run()) {
        yield change;
        // Only a connection that stays is worth the seconds that the test guests take.
        if (first) void this.#tools.acceleration.result();
        first = false;
      }
    } catch (error) {
      if (signal.aborted || (error instanceof ConnectionError && error.kind === "closed")) return;
      throw failure(error, { endpoint: this.#session.endpoint, doing: "watch for changes" });
    } finally {
      signal.removeEventListener("abort", stop);
      stopped.abort();
      if (this.#watched === feed) this.#watched = undefined;
    }
  }

  samples(signal?: AbortSignal): Promise<Samples> {
    return this.#session.told("measure", () => readSamples(this.#session, signal));
  }

  async run(action: Action, context: RunContext): Promise<RunResult> {
    let told: Promise<void> | undefined;
    try {
      const result = await runAction(this.#tools, this.features, action, context);
      // What follows, above all its start, does not wait until a new VM was read.
      if (action.verb === "vm.create") return { ...result, told: (told = this.#tellChanged(storedBy(action), action.vm).catch(() => {})) };
      return result;
    } finally {
      if (!told) await this.#tellChanged(storedBy(action), "vm" in action ? action.vm : undefined);
    }
  }

  /** libvirt has no events for volumes and for edits of a definition; what we changed ourselves is read at once. */
  async #tellChanged(stored: "volumes" | "sizes" | undefined, vm: string | undefined): Promise<void> {
    const feed = this.#watched;
    if (!feed || !this.#session.connection.open) return;
    const dom = vm === undefined ? undefined : await this.#session.findVm(vm).catch(() => undefined);
    if (dom) feed.happened({ kind: "vm", dom });
    if (stored) feed.happened({ kind: "datastores", sizes: stored === "sizes" });
    await feed.caughtUp();
  }

  observe(action: Action, signal?: AbortSignal): Promise<Observation> {
    return observeAction(this.#tools, action, signal);
  }

  definition(vm: string, which: "live" | "nextStart"): Promise<string> {
    return this.#session.told(`read the definition of VM ${vm}`, async () => {
      const dom = await this.#session.vm(vm);
      return (await this.#session.call.domainGetXmlDesc({ dom, flags: which === "nextStart" ? c.VIR_DOMAIN_XML_INACTIVE : 0 })).xml;
    });
  }

  async console(vm: string, request: ConsoleRequest): Promise<ByteChannel> {
    this.#need(request.kind === "text" ? "vm.console.serial" : "vm.console.graphical");
    return this.#session.told(`open the console of VM ${vm}`, () => openConsole(this.#session, vm, request));
  }

  async screenshot(vm: string): Promise<Screenshot> {
    this.#need("vm.screenshot");
    return this.#session.told(`take a picture of the screen of VM ${vm}`, () => takeScreenshot(this.#session, vm));
  }

  readVolume(datastore: string, volume: string, signal?: AbortSignal): Promise<AsyncIterable<Uint8Array>> {
    return this.#session.told(`read volume "${volume}" in datastore "${datastore}"`, () => readVolumeBytes(this.#session, datastore, volume, signal));
  }

  async writeVolume(datastore: string, volume: string, bytes: AsyncIterable<Uint8Array>, size: number, signal?: AbortSignal): Promise<void> {
    try {
      await this.#session.told(`fill volume "${volume}" in datastore "${datastore}"`, () =>
        writeVolumeBytes(this.#session, datastore, volume, bytes, size, signal),
      );
    } finally {
      await this.#tellChanged("sizes", undefined);
    }
  }

  #need(name: FeatureName): void {
    const feature = this.features[name];
    if (!feature.supported) throw new PolyvisorError("notSupported", { detail: `${words[name]} on ${this.#session.endpoint}: ${feature.reason}` });
  }

  async close(): Promise<void> {
    this.#feed?.abort();
    await this.#session.close();
  }
}
