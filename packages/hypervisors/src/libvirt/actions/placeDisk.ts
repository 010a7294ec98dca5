import { PolyvisorError } from "@polyvisor/model";
import type { DiskSpec } from "@polyvisor/model";
import { ConnectionError, constants as c } from "@polyvisor/protocol-libvirt";
import type { StoragePool, StorageVol } from "@polyvisor/protocol-libvirt";
import type { DiskSource } from "../domain/buildDevices.ts";
import { absent } from "../session.ts";
import type { Session } from "../session.ts";
import { element } from "../xml/xmlNode.ts";
import { writeXml } from "../xml/writeXml.ts";

/** Where a disk lies, and the volume that was made for it, which goes again when the rest fails. */
export interface PlacedDisk {
  source: DiskSource;
  made?: StorageVol;
}

/**
 * Where the disk of a specification lies: what it names, or its volume. A new disk's volume is made where it is not
 * there yet; a plan that made it before, or an attempt that was interrupted, is found by its name.
 * @param name of the volume where the specification names none
 */
export async function placeDisk(session: Session, disk: DiskSpec, name: string, where: string): Promise<PlacedDisk> {
  if (disk.source !== undefined) return { source: await placeSource(session, disk.source, where) };
  if (disk.size === undefined && disk.volume === undefined) {
    if (disk.device !== "disk") return { source: undefined };
    throw new PolyvisorError("badRequest", { detail: "the disk names neither a size nor a volume nor existing data", where });
  }
  const volume = disk.volume ?? name;
  const pool = await poolOf(session, disk.datastore);
  const found = (await absent(session.call.storageVolLookupByName({ pool, name: volume }), "NO_STORAGE_VOL"))?.vol;
  if (found) return { source: await ofVolume(session, found, pool.name, volume) };
  if (disk.size === undefined)
    throw new PolyvisorError("notFound", { detail: `there is no volume "${volume}" in datastore "${pool.name}" on ${session.endpoint}`, where });
  const { vol } = await session.call.storageVolCreateXml(
    { pool, xml: newVolume(volume, disk.size, disk.format === "vhd" ? "vpc" : disk.format) },
    { timeoutMs: 0 },
  );
  return { source: await ofVolume(session, vol, pool.name, volume), made: vol };
}

/** Where the disk of a specification would lie, without making anything; undefined where that cannot be told yet. */
export async function findDisk(session: Session, disk: DiskSpec): Promise<DiskSource> {
  if (disk.source === undefined && disk.volume === undefined) return undefined;
  if (disk.source !== undefined && (disk.source.startsWith("/") || !disk.source.includes("/"))) return placeSource(session, disk.source, "/disk");
  const vol = disk.source === undefined ? await session.findVolume(disk.datastore ?? "default", disk.volume!) : await session.findVolumeAt(disk.source);
  return vol && ofVolume(session, vol, vol.pool, vol.name);
}

/** The datastore of that name; where none is named, the one called `default`, or the only one. */
async function poolOf(session: Session, datastore: string | undefined): Promise<StoragePool> {
  if (datastore !== undefined) return session.pool(datastore);
  const found = await session.findPool("default");
  if (found) return found;
  const { pools } = await session.call.connectListAllStoragePools({ needResults: 1, flags: c.VIR_CONNECT_LIST_STORAGE_POOLS_ACTIVE });
  if (pools.length === 1) return pools[0]!;
  throw new PolyvisorError("badRequest", {
    detail: `a new disk needs a datastore: ${session.endpoint} has ${pools.length === 0 ? "none" : `${pools.map(({ name }) => name).join(", ")}, and none called default`}`,
    remedy: "Name one, or create one.",
  });
}

/** The description of a new empty volume, sparse whatever its format. */
export function newVolume(name: string, capacity: number, format: string): string {
  return writeXml(
    element(
      "volume",
      {},
      element("name", {}, name),
      element("capacity", { unit: "bytes" }, String(capacity)),
      format === "raw" ? element("allocation", { unit: "bytes" }, "0") : undefined,
      element("target", {}, element("format", { type: format })),
    ),
  );
}

/** Where existing data lies: an absolute path on the host, or `datastore/volume`. */
export async function placeSource(session: Session, source: string, where: string): Promise<DiskSource> {
  if (source.startsWith("/")) return source.startsWith("/dev/") ? { type: "block", path: source } : { type: "file", path: source };
  const slash = source.indexOf("/");
  if (slash < 1) throw new PolyvisorError("badRequest", { detail: `"${source}" is neither an absolute path on the host nor DATASTORE/VOLUME`, where });
  const [datastore, volume] = [source.slice(0, slash), source.slice(slash + 1)];
  return ofVolume(session, await session.volume(datastore, volume), datastore, volume);
}

async function ofVolume(session: Session, vol: StorageVol, datastore: string, volume: string): Promise<DiskSource> {
  const [{ type }, { name: path }] = await Promise.all([session.call.storageVolGetInfo({ vol }), session.call.storageVolGetPath({ vol })]);
  if (type === c.VIR_STORAGE_VOL_FILE) return { type: "file", path };
  if (type === c.VIR_STORAGE_VOL_BLOCK) return { type: "block", path };
  return { type: "volume", pool: datastore, volume };
}

/** A file that a VM boots from directly, as a path on the host. */
export async function placeFile(session: Session, file: string, where: string): Promise<string> {
  const place = await placeSource(session, file, where);
  if (place?.type === "file" || place?.type === "block") return place.path;
  throw new PolyvisorError("notSupported", { detail: `"${file}" is no file on the host`, where });
}

/**
 * Takes back volumes that were made for something that then failed. Where no answer came it may have been done all the
 * same, and the volumes may be in use: they stay, and a repetition finds them by their names.
 */
export async function takeBack(session: Session, placed: readonly PlacedDisk[], error: unknown): Promise<void> {
  if (error instanceof ConnectionError) return;
  for (const { made } of placed) if (made) await session.call.storageVolDelete({ vol: made }).catch(() => {});
}
