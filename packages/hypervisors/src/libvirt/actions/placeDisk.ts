import { PolyvisorError } from "@polyvisor/model";
import type { DiskSpec } from "@polyvisor/model";
import { constants as c } from "@polyvisor/protocol-libvirt";
import type { StorageVol } from "@polyvisor/protocol-libvirt";
import type { DiskSource } from "../domain/buildDevices.ts";
import type { Session } from "../session.ts";

/** Where the disk of a specification lies: its volume, which a plan has made before, or what it names. Nothing for an empty drive. */
export async function placeDisk(session: Session, disk: DiskSpec, where: string): Promise<DiskSource> {
  if (disk.source !== undefined) return placeSource(session, disk.source, where);
  if (disk.volume === undefined) {
    if (disk.size === undefined && disk.device !== "disk") return undefined;
    throw new PolyvisorError("badRequest", { detail: "the disk names neither a volume nor existing data", where });
  }
  const datastore = disk.datastore ?? "default";
  return ofVolume(session, await session.volume(datastore, disk.volume), datastore, disk.volume);
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
