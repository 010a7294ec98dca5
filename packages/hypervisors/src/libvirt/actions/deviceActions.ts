import { PolyvisorError } from "@polyvisor/model";
import type { Apply } from "@polyvisor/model";
import { constants as c } from "@polyvisor/protocol-libvirt";
import type { Domain } from "@polyvisor/protocol-libvirt";
import { buildDisk, buildNic, busFor, diskTargets, freeTarget, sourceElement } from "../domain/buildDevices.ts";
import type { DiskSource } from "../domain/buildDevices.ts";
import { describedVm } from "../domain/describedVm.ts";
import { addDevice, diskAt, nicAt, removeDevice, setSource } from "../domain/editDomain.ts";
import { isUnsupported } from "../failure.ts";
import type { Session } from "../session.ts";
import { parseXml } from "../xml/parseXml.ts";
import { copyXml } from "../xml/xmlNode.ts";
import type { XmlElement } from "../xml/xmlNode.ts";
import { writeXml } from "../xml/writeXml.ts";
import type { VerbHandlers } from "./actionTools.ts";
import { findDisk, placeDisk, placeSource, takeBack } from "./placeDisk.ts";
import { nextStartOf, redefine } from "./redefine.ts";
import { changed, observeBoth, touched } from "./sizeActions.ts";
import { waitFor } from "./waitFor.ts";

type Devices = Pick<VerbHandlers, "vm.attachDisk" | "vm.detachDisk" | "vm.changeMedia" | "vm.attachNic" | "vm.detachNic">;

/** Milliseconds that a guest is given to let a device go. */
const letGo = 20_000;

async function liveOf(session: Session, dom: Domain): Promise<XmlElement> {
  return parseXml((await session.call.domainGetXmlDesc({ dom, flags: c.VIR_DOMAIN_XML_SECURE })).xml, `the description of VM "${dom.name}"`);
}

/** Changes the running VM by libvirt's call and its description by the edit, the first before the second. */
async function change(session: Session, dom: Domain, apply: Apply, live: (flags: number) => Promise<void>, edit: (root: XmlElement) => void): Promise<string> {
  const how = await touched(session, dom, apply);
  if (how.live) await live(c.VIR_DOMAIN_AFFECT_LIVE);
  if (how.config) {
    await live(c.VIR_DOMAIN_AFFECT_CONFIG).catch(async (error: unknown) => {
      // A driver without this call at rest takes the whole description.
      if (!isUnsupported(error)) throw error;
      await redefine(session, dom, edit);
    });
  }
  return changed(how.live, how.flags);
}

export const deviceActions: Devices = {
  "vm.attachDisk": {
    async run({ session }, { vm, disk, apply }) {
      const dom = await session.vm(vm);
      await touched(session, dom, apply);
      const [live, next] = await Promise.all([liveOf(session, dom), nextStartOf(session, dom)]);
      const bus = busFor(disk, describedVm(next).machine);
      const used = new Set([...(apply === "nextStart" ? [] : diskTargets(live)), ...(apply === "now" ? [] : diskTargets(next))]);
      if (disk.target !== undefined && used.has(disk.target))
        throw new PolyvisorError("nameTaken", { detail: `VM "${dom.name}" already has a disk ${disk.target}`, where: "/disk/target" });
      const target = disk.target ?? freeTarget(bus, new Set([...diskTargets(live), ...diskTargets(next)]));
      const placed = await placeDisk(session, disk, `${dom.name}-${target}`, "/disk");
      const device = buildDisk(disk, placed.source, target, bus, session.driver.toLowerCase());
      const xml = writeXml(device);
      let attached = false;
      try {
        const message = await change(
          session,
          dom,
          apply,
          async (flags) => {
            await session.call.domainAttachDeviceFlags({ dom, xml, flags });
            attached = true;
          },
          (root) => addDevice(root, copyXml(device)),
        );
        return { message: `disk ${target} attached: ${message}` };
      } catch (error) {
        // What failed for the next start only is in use now.
        if (!attached) await takeBack(session, [placed], error);
        throw error;
      }
    },
    async observe({ session }, { vm, disk, apply }, signal) {
      const path = pathOf(await findDisk(session, disk));
      if (path === undefined && disk.target === undefined) return "unknown";
      if (path === undefined && disk.volume !== undefined) return "notDone";
      return observeBoth(
        session,
        vm,
        apply,
        ({ disks }) => disks.some((each) => (disk.target === undefined || each.target === disk.target) && (path === undefined || each.source === path)),
        signal,
      );
    },
  },
  "vm.detachDisk": {
    async run({ session }, { vm, target, apply }, context) {
      const dom = await session.vm(vm);
      return { message: `disk ${target} detached: ${await detach(session, dom, apply, (root) => diskAt(root, target), `disk ${target}`, context.signal)}` };
    },
    observe: ({ session }, { vm, target, apply }, signal) =>
      observeBoth(session, vm, apply, ({ disks }) => !disks.some((disk) => disk.target === target), signal),
  },
  "vm.changeMedia": {
    async run({ session }, { vm, target, source, apply }) {
      const dom = await session.vm(vm);
      const place = source === undefined ? undefined : await placeSource(session, source, "/source");
      const medium = { type: place?.type ?? "file", source: sourceElement(place) };
      const how = await touched(session, dom, apply);
      for (const [wanted, root, flags] of [
        [how.live, () => liveOf(session, dom), c.VIR_DOMAIN_AFFECT_LIVE],
        [how.config, () => nextStartOf(session, dom), c.VIR_DOMAIN_AFFECT_CONFIG],
      ] as const) {
        if (!wanted) continue;
        const drive = diskAt(await root(), target) ?? missing(dom, `drive ${target}`);
        if (!["cdrom", "floppy"].includes(drive.attributes.get("device") ?? "disk"))
          throw new PolyvisorError("notSupported", { detail: `${target} of VM "${dom.name}" is a disk: its medium cannot be changed` });
        setSource(drive, { ...medium, source: medium.source && copyXml(medium.source) });
        await session.call.domainUpdateDeviceFlags({ dom, xml: writeXml(drive), flags }).catch(async (error: unknown) => {
          if (!isUnsupported(error) || flags === c.VIR_DOMAIN_AFFECT_LIVE) throw error;
          await redefine(session, dom, (each) => setSource(diskAt(each, target)!, medium));
        });
      }
      return { message: `${source === undefined ? "medium taken out" : `medium ${source} put in`}: ${changed(how.live, how.flags)}` };
    },
    async observe({ session }, { vm, target, source, apply }, signal) {
      const path = source === undefined ? undefined : pathOf(await placeSource(session, source, "/source"));
      return observeBoth(session, vm, apply, ({ disks }) => disks.some((disk) => disk.target === target && disk.source === path), signal);
    },
  },
  "vm.attachNic": {
    async run({ session }, { vm, nic, apply }) {
      const dom = await session.vm(vm);
      const device = buildNic(nic, session.driver.toLowerCase());
      const xml = writeXml(device);
      return {
        message: `NIC attached: ${await change(
          session,
          dom,
          apply,
          (flags) => session.call.domainAttachDeviceFlags({ dom, xml, flags }),
          (root) => addDevice(root, copyXml(device)),
        )}`,
      };
    },
    async observe({ session }, { vm, nic, apply }, signal) {
      if (nic.mac === undefined) return "unknown";
      return observeBoth(session, vm, apply, ({ nics }) => nics.some(({ mac }) => mac === nic.mac), signal);
    },
  },
  "vm.detachNic": {
    async run({ session }, { vm, mac, apply }, context) {
      const dom = await session.vm(vm);
      return { message: `NIC ${mac} detached: ${await detach(session, dom, apply, (root) => nicAt(root, mac), `NIC ${mac}`, context.signal)}` };
    },
    observe: ({ session }, { vm, mac, apply }, signal) =>
      observeBoth(session, vm, apply, ({ nics }) => !nics.some((nic) => nic.mac === mac.toLowerCase()), signal),
  },
};

/** Takes a device off; a running guest is asked, and waited for until it let go. */
async function detach(
  session: Session,
  dom: Domain,
  apply: Apply,
  find: (root: XmlElement) => XmlElement | undefined,
  what: string,
  signal: AbortSignal,
): Promise<string> {
  const how = await touched(session, dom, apply);
  const live = how.live ? find(await liveOf(session, dom)) : undefined;
  const next = how.config ? find(await nextStartOf(session, dom)) : undefined;
  if (!live && !next) missing(dom, what);
  if (live) {
    await session.call.domainDetachDeviceFlags({ dom, xml: writeXml(live), flags: c.VIR_DOMAIN_AFFECT_LIVE });
    const gone = await waitFor(session, dom.uuid, signal, letGo, async () => (find(await liveOf(session, dom)) ? undefined : true));
    if (!gone)
      throw new PolyvisorError("hypervisorFailed", {
        detail: `the guest of VM "${dom.name}" did not let ${what} go within ${letGo / 1000} s`,
        remedy: "Unmount or release it in the guest and repeat, or detach it for the next start.",
      });
  }
  if (next) {
    await session.call.domainDetachDeviceFlags({ dom, xml: writeXml(next), flags: c.VIR_DOMAIN_AFFECT_CONFIG }).catch(async (error: unknown) => {
      if (!isUnsupported(error)) throw error;
      await redefine(session, dom, (root) => {
        const device = find(root);
        if (device) removeDevice(root, device);
      });
    });
  }
  return changed(how.live, how.flags);
}

function missing(dom: Domain, what: string): never {
  throw new PolyvisorError("notFound", { detail: `VM "${dom.name}" has no ${what}` });
}

function pathOf(source: DiskSource): string | undefined {
  return source === undefined ? undefined : source.type === "volume" ? `${source.pool}/${source.volume}` : source.path;
}
