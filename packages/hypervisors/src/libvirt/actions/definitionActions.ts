import { PolyvisorError } from "@polyvisor/model";
import { constants as c } from "@polyvisor/protocol-libvirt";
import type { Domain } from "@polyvisor/protocol-libvirt";
import { describedVm } from "../domain/describedVm.ts";
import { isActive } from "../domain/domainState.ts";
import { setText } from "../domain/editDomain.ts";
import { isLibvirt, isUnsupported } from "../failure.ts";
import { absent } from "../session.ts";
import type { Session } from "../session.ts";
import { parseXml } from "../xml/parseXml.ts";
import { child, element, sameXml, textOf } from "../xml/xmlNode.ts";
import { writeXml } from "../xml/writeXml.ts";
import type { VerbHandlers } from "./actionTools.ts";
import { defineNew } from "./createAction.ts";
import { nextStartOf, redefine } from "./redefine.ts";

type Definition = Pick<VerbHandlers, "vm.define" | "vm.delete" | "vm.setAutostart" | "vm.rename" | "vm.describe">;

/** Everything that libvirt may keep of a VM goes with it; drivers that keep less take fewer flags. */
const undefineFlags = [
  c.VIR_DOMAIN_UNDEFINE_MANAGED_SAVE | c.VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA | c.VIR_DOMAIN_UNDEFINE_CHECKPOINTS_METADATA | c.VIR_DOMAIN_UNDEFINE_NVRAM,
  c.VIR_DOMAIN_UNDEFINE_MANAGED_SAVE | c.VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA | c.VIR_DOMAIN_UNDEFINE_NVRAM,
  c.VIR_DOMAIN_UNDEFINE_MANAGED_SAVE | c.VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA,
  c.VIR_DOMAIN_UNDEFINE_MANAGED_SAVE,
  0,
];

/** Undefines a VM with everything that libvirt keeps beside its definition. */
export async function undefine(session: Session, dom: Domain): Promise<void> {
  for (const [i, flags] of undefineFlags.entries()) {
    try {
      return await session.call.domainUndefineFlags({ dom, flags });
    } catch (error) {
      if (isLibvirt(error, "NO_SUPPORT")) return session.call.domainUndefine({ dom });
      if (!isUnsupported(error) || i === undefineFlags.length - 1) throw error;
    }
  }
}

export const definitionActions: Definition = {
  "vm.define": {
    async run({ session }, { vm, definition }) {
      const root = parseXml(definition, "the definition");
      if (root.name !== "domain")
        throw new PolyvisorError("badRequest", { detail: `the definition is a <${root.name}>, and not a <domain>`, where: "/definition" });
      const uuid = child(root, "uuid");
      if (uuid && textOf(uuid)?.trim().toLowerCase() !== vm)
        throw new PolyvisorError("badRequest", {
          detail: `the definition is of VM ${textOf(uuid)}, and not of ${vm} as the action says`,
          where: "/definition",
        });
      if (!uuid) setText(root, "uuid", vm);
      const before = await session.findVm(vm);
      await defineNew(session, writeXml(root), vm);
      return { message: before ? "defined anew" : "defined" };
    },
    async observe({ session }, { vm, definition }) {
      const dom = await session.findVm(vm);
      if (!dom) return "notDone";
      // libvirt completes what it is given, so only a definition that was taken from it can be found again; defining twice does no harm.
      return sameXml(await nextStartOf(session, dom), parseXml(definition, "the definition")) ? "done" : "notDone";
    },
  },
  "vm.delete": {
    async run({ session }, { vm, volumes }) {
      const dom = await session.findVm(vm);
      if (dom) {
        const { state } = await session.call.domainGetState({ dom });
        if (isActive(state))
          throw new PolyvisorError("wrongState", {
            detail: `VM "${dom.name}" still runs: deleting it would only make it forget itself when it stops`,
            remedy: "Shut it down or destroy it first.",
          });
        await undefine(session, dom);
      }
      const deleted: string[] = [];
      for (const place of volumes) {
        const vol = await session.findVolumeAt(place);
        if (!vol) continue;
        try {
          await absent(session.call.storageVolDelete({ vol }, { timeoutMs: 0 }), "NO_STORAGE_VOL");
        } catch (error) {
          throw new PolyvisorError("hypervisorFailed", {
            detail: `the VM is deleted, but its volume ${place} could not be: ${error instanceof Error ? error.message : String(error)}`,
            remedy: "Repeat the deletion, or delete the volume itself.",
            cause: error,
          });
        }
        deleted.push(place);
      }
      return { message: deleted.length > 0 ? `deleted, and ${deleted.length === 1 ? `volume ${deleted[0]}` : `${deleted.length} volumes`}` : "deleted" };
    },
    async observe({ session }, { vm, volumes }) {
      if (await session.findVm(vm)) return "notDone";
      const left = await Promise.all(volumes.map((place) => session.findVolumeAt(place)));
      return left.every((vol) => vol === undefined) ? "done" : "notDone";
    },
  },
  "vm.setAutostart": {
    async run({ session }, { vm, on }) {
      const dom = await session.vm(vm);
      await session.call.domainSetAutostart({ dom, autostart: on ? 1 : 0 });
      return { message: on ? "starts with its host" : "does not start with its host" };
    },
    async observe({ session }, { vm, on }) {
      const dom = await session.findVm(vm);
      if (!dom) return "notDone";
      return ((await session.call.domainGetAutostart({ dom })).autostart !== 0) === on ? "done" : "notDone";
    },
  },
  "vm.rename": {
    async run({ session }, { vm, name }) {
      const dom = await session.vm(vm);
      const taken = await absent(session.call.domainLookupByName({ name }), "NO_DOMAIN");
      if (taken && taken.dom.uuid !== vm) throw new PolyvisorError("nameTaken", { detail: `${session.endpoint} has another VM "${name}"` });
      await session.call.domainRename({ dom, newName: name });
      return { message: `renamed from "${dom.name}" to "${name}"` };
    },
    async observe({ session }, { vm, name }) {
      const dom = await session.findVm(vm);
      return dom?.name === name ? "done" : "notDone";
    },
  },
  "vm.describe": {
    async run({ session }, { vm, title, description }) {
      const dom = await session.vm(vm);
      const { state } = await session.call.domainGetState({ dom });
      const { persistent } = await session.call.domainIsPersistent({ dom });
      const flags = (isActive(state) ? c.VIR_DOMAIN_AFFECT_LIVE : 0) | (persistent ? c.VIR_DOMAIN_AFFECT_CONFIG : 0);
      // Text goes into XML on the other side: what XML has not is refused here, with a reason.
      writeXml(element("text", {}, title ?? "", description ?? ""));
      if (title?.includes("\n")) throw new PolyvisorError("badRequest", { detail: "a title has one line", where: "/title" });
      const set = (type: number, metadata: string): Promise<void> =>
        session.call.domainSetMetadata({ dom, type, metadata: metadata === "" ? null : metadata, flags });
      try {
        if (title !== undefined) await set(c.VIR_DOMAIN_METADATA_TITLE, title);
        if (description !== undefined) await set(c.VIR_DOMAIN_METADATA_DESCRIPTION, description);
      } catch (error) {
        if (!isUnsupported(error)) throw error;
        await redefine(session, dom, (root) => {
          if (title !== undefined) setText(root, "title", title || undefined);
          if (description !== undefined) setText(root, "description", description || undefined);
        });
      }
      return { message: "described" };
    },
    async observe({ session }, { vm, title, description }) {
      const dom = await session.findVm(vm);
      if (!dom) return "notDone";
      const described = describedVm(await nextStartOf(session, dom));
      return (title === undefined || (described.title ?? "") === title) && (description === undefined || (described.description ?? "") === description)
        ? "done"
        : "notDone";
    },
  },
};
