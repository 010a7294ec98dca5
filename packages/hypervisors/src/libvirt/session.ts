import { constants as c } from "@polyvisor/protocol-libvirt";
import type { Calls, Connection, Domain, Network, StoragePool, StorageVol } from "@polyvisor/protocol-libvirt";
import { PolyvisorError } from "@polyvisor/model";
import type { ConnectOptions } from "../hypervisor.ts";
import { failure, isLibvirt } from "./failure.ts";

const uuidShape = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** An open libvirt connection with what every part of the adapter needs of it. */
export class Session {
  readonly connection: Connection;
  readonly call: Calls;
  readonly options: ConnectOptions;
  /** The URI without anything secret, for words. */
  readonly endpoint: string;
  /** libvirt's name of the driver: `QEMU`, `LXC`, `Xen`, `Test`. */
  readonly driver: string;
  constructor(connection: Connection, options: ConnectOptions, endpoint: string, driver: string) {
    this.connection = connection;
    this.call = connection.call;
    this.options = options;
    this.endpoint = endpoint;
    this.driver = driver;
  }

  readonly #registered = new Map<string, Promise<void>>();
  /**
   * Asks the server once for a kind of event, for as long as the connection lasts: it takes only one such wish of a
   * connection. None is taken back: libvirtd 9.0 was once seen to crash while it freed the wishes of a client that left,
   * and calls that change that list at the same moment are the likely cause. What nobody listens to costs nothing.
   */
  register(kind: string, ask: () => Promise<unknown>): Promise<void> {
    let asked = this.#registered.get(kind);
    if (!asked) {
      asked = ask().then(() => {});
      this.#registered.set(kind, asked);
    }
    return asked;
  }

  /** The lifecycle events of VMs, which everyone shares who waits for one. */
  lifecycleEvents(): Promise<void> {
    return this.register(`domain ${c.VIR_DOMAIN_EVENT_ID_LIFECYCLE}`, () =>
      this.call.connectDomainEventCallbackRegisterAny({ eventID: c.VIR_DOMAIN_EVENT_ID_LIFECYCLE }),
    );
  }

  /** Ends the connection, with no wish for events under way: see `register`. */
  async close(): Promise<void> {
    if (this.connection.open)
      await Promise.race([
        Promise.allSettled(this.#registered.values()),
        new Promise((resolve) => {
          setTimeout(resolve, 2_000).unref();
        }),
      ]);
    await this.connection.close();
  }

  now(): number {
    return this.options.now?.() ?? Date.now();
  }

  log(level: "debug" | "info" | "warn" | "error", message: string, fields: Record<string, unknown> = {}): void {
    this.options.log?.(level, message, { endpoint: this.endpoint, ...fields });
  }

  /** Does something and makes its failure one of the model's catalogue. */
  async told<T>(doing: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw failure(error, { endpoint: this.endpoint, doing });
    }
  }

  /** The VM of that native id, or undefined. */
  async findVm(uuid: string): Promise<Domain | undefined> {
    if (!uuidShape.test(uuid)) return undefined;
    return absent(
      this.call.domainLookupByUuid({ uuid }).then((answer) => answer.dom),
      "NO_DOMAIN",
    );
  }

  /** @throws PolyvisorError `notFound` */
  async vm(uuid: string): Promise<Domain> {
    return (await this.findVm(uuid)) ?? gone(`there is no VM ${uuid} on ${this.endpoint}`);
  }

  /** The storage pool of that native id or name, or undefined. */
  async findPool(datastore: string): Promise<StoragePool | undefined> {
    const byName = absent(
      this.call.storagePoolLookupByName({ name: datastore }).then((answer) => answer.pool),
      "NO_STORAGE_POOL",
    );
    if (!uuidShape.test(datastore)) return byName;
    const byUuid = await absent(
      this.call.storagePoolLookupByUuid({ uuid: datastore }).then((answer) => answer.pool),
      "NO_STORAGE_POOL",
    );
    return byUuid ?? byName;
  }

  /** @throws PolyvisorError `notFound` */
  async pool(datastore: string): Promise<StoragePool> {
    return (await this.findPool(datastore)) ?? gone(`there is no datastore "${datastore}" on ${this.endpoint}`);
  }

  /** The volume of that name in a datastore, or undefined where either is missing. */
  async findVolume(datastore: string, volume: string): Promise<StorageVol | undefined> {
    const pool = await this.findPool(datastore);
    return pool
      ? absent(
          this.call.storageVolLookupByName({ pool, name: volume }).then((answer) => answer.vol),
          "NO_STORAGE_VOL",
        )
      : undefined;
  }

  /** @throws PolyvisorError `notFound` */
  async volume(datastore: string, volume: string): Promise<StorageVol> {
    const pool = await this.pool(datastore);
    const vol = await absent(
      this.call.storageVolLookupByName({ pool, name: volume }).then((answer) => answer.vol),
      "NO_STORAGE_VOL",
    );
    return vol ?? gone(`there is no volume "${volume}" in datastore "${datastore}" on ${this.endpoint}`);
  }

  /** The volume at an absolute path, or `datastore/volume`; undefined where no pool has it. */
  async findVolumeAt(place: string): Promise<StorageVol | undefined> {
    if (place.startsWith("/"))
      return absent(
        this.call.storageVolLookupByPath({ path: place }).then((answer) => answer.vol),
        "NO_STORAGE_VOL",
      );
    const slash = place.indexOf("/");
    return slash > 0 ? this.findVolume(place.slice(0, slash), place.slice(slash + 1)) : undefined;
  }

  /** The network of that native id or name, or undefined. */
  async findNetwork(id: string): Promise<Network | undefined> {
    const found = uuidShape.test(id)
      ? await absent(
          this.call.networkLookupByUuid({ uuid: id }).then((answer) => answer.net),
          "NO_NETWORK",
        )
      : undefined;
    return (
      found ??
      absent(
        this.call.networkLookupByName({ name: id }).then((answer) => answer.net),
        "NO_NETWORK",
      )
    );
  }

  /** @throws PolyvisorError `notFound` */
  async network(id: string): Promise<Network> {
    return (await this.findNetwork(id)) ?? gone(`there is no network "${id}" on ${this.endpoint}`);
  }
}

/** The answer, or undefined where libvirt says that there is no such object. */
export async function absent<T>(answer: Promise<T>, ...codes: string[]): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (isLibvirt(error, ...codes)) return undefined;
    throw error;
  }
}

function gone(detail: string): never {
  throw new PolyvisorError("notFound", { detail });
}
