import { PolyvisorError } from "@polyvisor/model";
import type { StoragePool, StorageVol } from "@polyvisor/protocol-libvirt";
import type { RunContext } from "../../hypervisor.ts";
import { isLibvirt } from "../failure.ts";
import { absent } from "../session.ts";
import type { Session } from "../session.ts";
import { parseXml } from "../xml/parseXml.ts";
import { at, attribute, element } from "../xml/xmlNode.ts";
import { writeXml } from "../xml/writeXml.ts";
import { unhurried } from "./actionTools.ts";
import type { Observation, VerbHandlers } from "./actionTools.ts";
import { meanwhile } from "./meanwhile.ts";
import { newVolume } from "./placeDisk.ts";

type Storage = Pick<
  VerbHandlers,
  "datastore.create" | "datastore.start" | "datastore.stop" | "datastore.delete" | "datastore.refresh" | "volume.create" | "volume.resize" | "volume.delete"
>;

async function activity(session: Session, datastore: string): Promise<boolean | undefined> {
  const pool = await session.findPool(datastore);
  return pool && (await session.call.storagePoolIsActive({ pool })).active !== 0;
}
const whether = (yes: boolean): Observation => (yes ? "done" : "notDone");

export const storageActions: Storage = {
  "datastore.create": {
    async run({ session }, { name, type, path, autostart }) {
      const xml = writeXml(element("pool", { type }, element("name", {}, name), element("target", {}, element("path", {}, path))));
      const before = await session.findPool(name);
      const pool = before ?? (await session.call.storagePoolDefineXml({ xml })).pool;
      try {
        if ((await session.call.storagePoolIsActive({ pool })).active === 0) {
          // Makes the folder where it is not there yet.
          await session.call.storagePoolBuild({ pool }).catch((error: unknown) => {
            if (!isLibvirt(error, "NO_SUPPORT", "OPERATION_INVALID", "STORAGE_POOL_BUILT")) throw error;
          });
          await session.call.storagePoolCreate({ pool });
        }
        if (autostart) await session.call.storagePoolSetAutostart({ pool, autostart: 1 });
      } catch (error) {
        // A datastore that never worked is not left behind; one that somebody made before is theirs.
        if (!before) await session.call.storagePoolUndefine({ pool }).catch(() => {});
        throw error;
      }
      return { message: `created in ${path}` };
    },
    async observe({ session }, { name, path, autostart }) {
      const pool = await session.findPool(name);
      if (!pool) return "notDone";
      const [{ xml }, { active }, auto] = await Promise.all([
        session.call.storagePoolGetXmlDesc({ pool }),
        session.call.storagePoolIsActive({ pool }),
        session.call.storagePoolGetAutostart({ pool }),
      ]);
      const target = at(parseXml(xml, `the description of datastore "${name}"`), "target", "path");
      if (target?.children.map((node) => (node.kind === "text" ? node.text : "")).join("") !== path.replace(/\/+$/, ""))
        throw new PolyvisorError("nameTaken", { detail: `${session.endpoint} has another datastore "${name}"` });
      return whether(active !== 0 && (!autostart || auto.autostart !== 0));
    },
  },
  "datastore.start": {
    async run({ session }, { datastore }) {
      await session.call.storagePoolCreate({ pool: await session.pool(datastore) }, unhurried);
      return { message: "started" };
    },
    observe: async ({ session }, { datastore }) => whether((await activity(session, datastore)) === true),
  },
  "datastore.stop": {
    async run({ session }, { datastore }) {
      await session.call.storagePoolDestroy({ pool: await session.pool(datastore) });
      return { message: "stopped; its volumes stay where they are" };
    },
    async observe({ session }, { datastore }) {
      const active = await activity(session, datastore);
      return active === undefined ? "unknown" : whether(!active);
    },
  },
  "datastore.delete": {
    async run({ session }, { datastore }) {
      const pool = await session.pool(datastore);
      if ((await session.call.storagePoolIsActive({ pool })).active !== 0)
        throw new PolyvisorError("inUse", { detail: `datastore "${pool.name}" is active`, remedy: "Stop it first." });
      await session.call.storagePoolUndefine({ pool });
      return { message: "its definition is deleted; its volumes stay where they are" };
    },
    observe: async ({ session }, { datastore }) => whether(!(await session.findPool(datastore))),
  },
  "datastore.refresh": {
    async run({ session }, { datastore }) {
      await session.call.storagePoolRefresh({ pool: await session.pool(datastore) }, unhurried);
      return { message: "read anew" };
    },
  },
  "volume.create": {
    async run({ session }, { datastore, volume, capacity, format, from }, context) {
      const pool = await session.pool(datastore);
      const xml = newVolume(volume, capacity, format);
      if (from === undefined) {
        await session.call.storageVolCreateXml({ pool, xml }, unhurried);
        return { message: `volume "${volume}" created` };
      }
      const [sourceStore, sourceName] = from.includes("/") ? [from.slice(0, from.indexOf("/")), from.slice(from.indexOf("/") + 1)] : [datastore, from];
      const source = await session.volume(sourceStore, sourceName);
      await copyVolume(session, pool, xml, volume, source, context);
      const copy = await session.volume(datastore, volume);
      if (capacity > Number((await session.call.storageVolGetInfo({ vol: copy })).capacity))
        await session.call.storageVolResize({ vol: copy, capacity: BigInt(capacity) }, unhurried);
      return { message: `volume "${volume}" copied from "${from}"` };
    },
    async observe({ session }, { datastore, volume, format, capacity, from }) {
      const vol = await session.findVolume(datastore, volume);
      if (!vol) return "notDone";
      const { xml } = await session.call.storageVolGetXmlDesc({ vol });
      const root = parseXml(xml, `the description of volume "${volume}"`);
      const is = attribute(at(root, "target", "format"), "type");
      const { capacity: has } = await session.call.storageVolGetInfo({ vol });
      // libvirt takes a half-made copy away when it fails. A copy is as large as its original, an empty volume as large as asked, in whole blocks.
      return whether((is === undefined || is === format) && Number(has) >= capacity && (from !== undefined || Number(has) < capacity + 1024 ** 2));
    },
  },
  "volume.resize": {
    async run({ session }, { datastore, volume, capacity }) {
      const vol = await session.volume(datastore, volume);
      const { capacity: has } = await session.call.storageVolGetInfo({ vol });
      if (Number(has) > capacity)
        throw new PolyvisorError("notSupported", { detail: `volume "${volume}" has ${has} bytes; making it smaller would cut off data`, where: "/capacity" });
      await session.call.storageVolResize({ vol, capacity: BigInt(capacity) }, unhurried);
      return { message: `volume "${volume}" resized` };
    },
    async observe({ session }, { datastore, volume, capacity }) {
      const vol = await session.findVolume(datastore, volume);
      return whether(vol !== undefined && Number((await session.call.storageVolGetInfo({ vol })).capacity) === capacity);
    },
  },
  "volume.delete": {
    async run({ session }, { datastore, volume }) {
      const vol = await session.volume(datastore, volume);
      await session.call.storageVolDelete({ vol }, unhurried);
      return { message: `volume "${volume}" deleted` };
    },
    observe: async ({ session }, { datastore, volume }) => whether(!(await session.findVolume(datastore, volume))),
  },
};

/**
 * Copies a volume. libvirt has no way to stop a copy; when the operator cancels, it is let finish and the copy is
 * deleted, so that nothing half made is left.
 */
export async function copyVolume(session: Session, pool: StoragePool, xml: string, name: string, source: StorageVol, context: RunContext): Promise<void> {
  const { allocation: total } = await session.call.storageVolGetInfo({ vol: source });
  await meanwhile(session.call.storageVolCreateXmlFrom({ pool, xml, clonevol: source }, unhurried), async () => {
    const vol = (await absent(session.call.storageVolLookupByName({ pool, name }), "NO_STORAGE_VOL"))?.vol;
    if (vol && total > 0n) context.progress(Math.min(0.99, Number((await session.call.storageVolGetInfo({ vol })).allocation) / Number(total)));
  });
  if (!context.signal.aborted) return;
  const vol = (await absent(session.call.storageVolLookupByName({ pool, name }), "NO_STORAGE_VOL"))?.vol;
  if (vol) await session.call.storageVolDelete({ vol }, unhurried);
  throw new PolyvisorError("cancelled", { detail: `the copy "${name}" was deleted again` });
}
