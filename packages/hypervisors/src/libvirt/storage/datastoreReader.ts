import { constants as c, LibvirtError } from "@polyvisor/protocol-libvirt";
import type { StoragePool, StorageVol } from "@polyvisor/protocol-libvirt";
import type { DatastoreFacts } from "@polyvisor/model";
import { isLibvirt, isUnsupported } from "../failure.ts";
import { InTurn } from "../inTurn.ts";
import { pipelined } from "../pipelined.ts";
import { absent } from "../session.ts";
import type { Session } from "../session.ts";
import { bytesOf } from "../domain/describedVm.ts";
import { parseXml } from "../xml/parseXml.ts";
import { at, attribute, child, textOf } from "../xml/xmlNode.ts";

type Volume = DatastoreFacts["volumes"][number];

/** Reads storage pools and their volumes, and keeps them, so that looking again asks only for what is new. */
export class DatastoreReader {
  readonly #session: Session;
  readonly #known = new Map<string, DatastoreFacts>();
  #byPath = new Map<string, Volume>();
  readonly #turns = new InTurn();
  #supported = true;

  constructor(session: Session) {
    this.#session = session;
  }

  /** All pools with their volumes. `anew` reads the sizes of volumes that are known again, too. */
  readAll(how: "anew" | "new", signal?: AbortSignal): Promise<DatastoreFacts[]> {
    return this.#turns.run(() => this.#readAll(how, signal));
  }

  async #readAll(how: "anew" | "new", signal?: AbortSignal): Promise<DatastoreFacts[]> {
    const pools = await this.#list(signal);
    const read = (await pipelined(pools, (pool) => this.#readable(pool, how, signal), 8)).filter((each) => each !== undefined);
    const uuids = new Set(read.map((each) => each.nativeId));
    for (const uuid of this.#known.keys()) if (!uuids.has(uuid)) this.#known.delete(uuid);
    this.#index();
    return read;
  }

  /** One datastore that the endpoint cannot describe must not hide the others: it is shown as it was, or with what the list tells. */
  async #readable(pool: StoragePool, how: "anew" | "new", signal?: AbortSignal): Promise<DatastoreFacts | undefined> {
    try {
      return await this.readOne(pool, how, signal);
    } catch (error) {
      if (!(error instanceof LibvirtError)) throw error;
      this.#session.log("warn", "a datastore could not be read", { datastore: pool.name, error: String(error) });
      const nothing = { type: "unknown", active: false, autostart: false, capacity: 0, allocation: 0, available: 0, volumes: [] };
      const shown = this.#known.get(pool.uuid) ?? { nativeId: pool.uuid, name: pool.name, ...nothing };
      this.#known.set(pool.uuid, shown);
      return shown;
    }
  }

  /** All datastores as last read. */
  known(): DatastoreFacts[] {
    return [...this.#known.values()];
  }

  /** Size of the volume at a path, or of `datastore/volume`, as last read. */
  sizes(source: string): { capacity: number; allocation: number } | undefined {
    return this.#byPath.get(source);
  }

  async #list(signal?: AbortSignal): Promise<StoragePool[]> {
    if (!this.#supported) return [];
    try {
      return (await this.#session.call.connectListAllStoragePools({ needResults: 1 }, { signal })).pools;
    } catch (error) {
      if (!isUnsupported(error)) throw error;
      this.#supported = false;
      return [];
    }
  }

  /** One pool; undefined where it is gone. */
  async readOne(pool: StoragePool, how: "anew" | "new", signal?: AbortSignal): Promise<DatastoreFacts | undefined> {
    const { call } = this.#session;
    try {
      const [info, { autostart }, { xml }, volumes] = await Promise.all([
        call.storagePoolGetInfo({ pool }, { signal }),
        call.storagePoolGetAutostart({ pool }, { signal }).catch((error: unknown) => {
          if (isLibvirt(error, "OPERATION_INVALID", "NO_SUPPORT")) return { autostart: 0 };
          throw error;
        }),
        call.storagePoolGetXmlDesc({ pool }, { signal }),
        absent(call.storagePoolListAllVolumes({ pool, needResults: 1 }, { signal }), "OPERATION_INVALID"),
      ]);
      const root = parseXml(xml, `the description of datastore "${pool.name}"`);
      const facts: DatastoreFacts = {
        nativeId: pool.uuid,
        name: pool.name,
        type: attribute(root, "type") ?? "unknown",
        active: info.state !== c.VIR_STORAGE_POOL_INACTIVE,
        autostart: autostart !== 0,
        capacity: Number(info.capacity),
        allocation: Number(info.allocation),
        available: Number(info.available),
        path: textOf(at(root, "target", "path")),
        volumes: await this.#volumes(pool, volumes?.vols ?? [], how, signal),
      };
      this.#known.set(pool.uuid, facts);
      return facts;
    } catch (error) {
      if (isLibvirt(error, "NO_STORAGE_POOL")) return undefined;
      throw error;
    }
  }

  async #volumes(pool: StoragePool, volumes: StorageVol[], how: "anew" | "new", signal?: AbortSignal): Promise<Volume[]> {
    const before = how === "new" ? new Map(this.#known.get(pool.uuid)?.volumes.map((volume) => [volume.name, volume])) : undefined;
    const read = await pipelined(
      volumes,
      async (vol) => {
        const known = before?.get(vol.name);
        if (known) return known;
        // A volume can go, or be in the making, between the list and the look.
        try {
          return volumeOf((await this.#session.call.storageVolGetXmlDesc({ vol }, { signal })).xml, vol);
        } catch (error) {
          if (isLibvirt(error, "NO_STORAGE_VOL", "NO_STORAGE_POOL")) return undefined;
          if (isLibvirt(error, "INTERNAL_ERROR", "SYSTEM_ERROR", "OPEN_FAILED", "OPERATION_INVALID", "OPERATION_FAILED"))
            return { name: vol.name, path: vol.key, format: "unknown", capacity: 0, allocation: 0 };
          throw error;
        }
      },
      32,
    );
    return read.filter((each) => each !== undefined).sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  #index(): void {
    this.#byPath = new Map();
    for (const datastore of this.#known.values()) {
      for (const volume of datastore.volumes) {
        this.#byPath.set(volume.path, volume);
        this.#byPath.set(`${datastore.name}/${volume.name}`, volume);
      }
    }
  }
}

/** Reads a `<volume>`. */
export function volumeOf(xml: string, vol: { name: string; key: string }): Volume {
  const root = parseXml(xml, `the description of volume "${vol.name}"`);
  return {
    name: vol.name,
    path: textOf(at(root, "target", "path")) ?? vol.key,
    format: attribute(at(root, "target", "format"), "type") ?? "raw",
    capacity: bytesOf(child(root, "capacity"), 1) ?? 0,
    allocation: bytesOf(child(root, "allocation"), 1) ?? 0,
  };
}
