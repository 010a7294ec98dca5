import { PolyvisorError, formatBytes } from "@polyvisor/model";
import { activeMountOf } from "./actions/handler.ts";
import type { SimDatastore, SimVolume } from "./simDatastore.ts";
import type { SimHost } from "./simHost.ts";
import { VolumeContent } from "./volumeContent.ts";

function volumeOf(host: SimHost, datastore: string, name: string): { store: SimDatastore; volume: SimVolume } {
  const { store } = activeMountOf(host, datastore);
  const volume = store.volumes.get(name);
  if (!volume) throw new PolyvisorError("notFound", { detail: `datastore ${store.name} of ${host.name} has no volume ${name}` });
  return { store, volume };
}

/** Bytes of a volume: all of a raw one; of another format the file as it was written. Made as the reader takes them. */
export function readVolume(host: SimHost, datastore: string, name: string, check: () => void): AsyncIterable<Uint8Array> {
  const { volume } = volumeOf(host, datastore, name);
  const content = volume.content;
  const length = volume.facts.format === "raw" ? volume.facts.capacity : (content?.length ?? 0);
  async function* bytes(): AsyncGenerator<Uint8Array> {
    for (const chunk of (content ?? new VolumeContent()).read(length)) {
      check();
      yield chunk;
    }
  }
  return bytes();
}

/** Fills a volume from its start; takes the next bytes only when the last ones are kept. */
export async function writeVolume(
  host: SimHost,
  datastore: string,
  name: string,
  bytes: AsyncIterable<Uint8Array>,
  size: number,
  check: () => void,
): Promise<void> {
  const { store, volume } = volumeOf(host, datastore, name);
  const room = volume.facts.format === "raw" ? volume.facts.capacity : store.available + volume.facts.allocation;
  if (size > room) throw new PolyvisorError("noSpace", { detail: `${name} has room for ${formatBytes(room)}; ${formatBytes(size)} were to be written` });
  const content = (volume.content ??= new VolumeContent());
  if (volume.facts.format !== "raw") content.clear(); // a new image, not a patch on the old one
  let at = 0;
  for await (const chunk of bytes) {
    check();
    if (at + chunk.length > size) throw new PolyvisorError("badRequest", { detail: `more than the ${size} bytes that were announced came for ${name}` });
    content.write(at, chunk);
    at += chunk.length;
  }
  check();
  if (at < size)
    throw new PolyvisorError("badRequest", { detail: `${at} of ${size} bytes came for ${name}`, remedy: "The transfer broke off; send it again." });
  if (volume.facts.format !== "raw") {
    const { path: _path, ...facts } = volume.facts;
    store.put({ ...facts, allocation: Math.max(facts.allocation, size) });
    host.touchStore(store, "volume written");
  }
}
