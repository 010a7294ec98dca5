import { randomBytes } from "node:crypto";
import { PolyvisorError } from "@polyvisor/model";
import { isActive } from "../domain/domainState.ts";
import { becomeClone, dataAt } from "../domain/editDomain.ts";
import { sourceElement } from "../domain/buildDevices.ts";
import { absent } from "../session.ts";
import { parseXml } from "../xml/parseXml.ts";
import { at, attribute, child, children, element } from "../xml/xmlNode.ts";
import type { XmlElement } from "../xml/xmlNode.ts";
import { writeXml } from "../xml/writeXml.ts";
import type { VerbHandlers } from "./actionTools.ts";
import { placeSource } from "./placeDisk.ts";
import { nextStartOf } from "./redefine.ts";
import { copyVolume } from "./storageActions.ts";

export const cloneAction: Pick<VerbHandlers, "vm.clone"> = {
  "vm.clone": {
    async run({ session }, { vm, to, name, disks }, context) {
      const dom = await session.vm(vm);
      const { state } = await session.call.domainGetState({ dom });
      if (isActive(state) && disks.length > 0 && session.driver.toLowerCase() !== "test") {
        throw new PolyvisorError("wrongState", {
          detail: `VM "${dom.name}" runs: its disks would change while they are copied, and the copy would not boot cleanly`,
          remedy: "Shut it down first.",
        });
      }
      if (await absent(session.call.domainLookupByName({ name }), "NO_DOMAIN"))
        throw new PolyvisorError("nameTaken", { detail: `${session.endpoint} already has a VM "${name}"` });
      for (const { datastore, volume } of disks) {
        if (await session.findVolume(datastore, volume))
          throw new PolyvisorError("nameTaken", {
            detail: `datastore "${datastore}" already has a volume "${volume}"`,
            remedy: "Choose another name for the copy, or delete that volume if it is left of an interrupted copy.",
          });
      }
      const root = await nextStartOf(session, dom);
      const folder = children(child(root, "devices"), "filesystem").find(
        (each) => attribute(child(each, "target"), "dir") === "/" && attribute(child(each, "source"), "dir") !== undefined,
      );
      if (folder)
        throw new PolyvisorError("notSupported", {
          detail: `the root of "${dom.name}" is the folder ${attribute(child(folder, "source"), "dir")} of the host, which libvirt cannot copy, and two containers must not share one`,
          remedy: "Copy the folder on the host, and create a container of it.",
        });
      const moved = new Map<string, { type: string; source: XmlElement | undefined }>();
      for (const [i, { target, datastore, volume }] of disks.entries()) {
        const disk = dataAt(root, target);
        const source = child(disk, "source");
        if (!disk || !source) throw new PolyvisorError("notFound", { detail: `VM "${dom.name}" has no data on ${target}`, where: `/disks/${i}` });
        const path = attribute(source, "file") ?? attribute(source, "dev") ?? `${attribute(source, "pool")}/${attribute(source, "volume")}`;
        const original = await session.findVolumeAt(path);
        if (!original)
          throw new PolyvisorError("notSupported", {
            detail: `${path} (${target} of VM "${dom.name}") is in no datastore, so libvirt cannot copy it`,
            remedy: "Make a datastore of its folder.",
            where: `/disks/${i}`,
          });
        context.progress(i / disks.length, `copying ${target}`);
        if (!(await session.findVolume(datastore, volume))) {
          const format = attribute(child(disk, "driver"), disk.name === "disk" ? "type" : "format") ?? "raw";
          const description = parseXml((await session.call.storageVolGetXmlDesc({ vol: original })).xml, `the description of volume "${original.name}"`);
          const capacity =
            at(description, "capacity")
              ?.children.map((node) => (node.kind === "text" ? node.text : ""))
              .join("") ?? "0";
          const xml = writeXml(
            element(
              "volume",
              {},
              element("name", {}, volume),
              element("capacity", { unit: "bytes" }, capacity),
              element("target", {}, element("format", { type: format })),
            ),
          );
          await copyVolume(session, await session.pool(datastore), xml, volume, original, {
            signal: context.signal,
            progress: (fraction, message) => context.progress((i + fraction) / disks.length, message),
          });
        }
        const place = await placeSource(session, `${datastore}/${volume}`, `/disks/${i}`);
        moved.set(target, { type: place!.type, source: sourceElement(place) });
      }
      becomeClone(root, { name, uuid: to, mac: freshMac, disks: moved });
      await session.call.domainDefineXml({ xml: writeXml(root) });
      return { message: `cloned as "${name}"` };
    },
    observe: async ({ session }, { to }) => ((await session.findVm(to)) ? "done" : "notDone"),
  },
};

/** A MAC address of the range that QEMU guests use. */
function freshMac(): string {
  return `52:54:00:${[...randomBytes(3)].map((byte) => byte.toString(16).padStart(2, "0")).join(":")}`;
}
