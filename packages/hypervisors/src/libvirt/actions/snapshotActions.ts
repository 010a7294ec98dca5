import { PolyvisorError } from "@polyvisor/model";
import { constants as c } from "@polyvisor/protocol-libvirt";
import type { Domain, DomainSnapshot } from "@polyvisor/protocol-libvirt";
import { isActive } from "../domain/domainState.ts";
import { isUnsupported } from "../failure.ts";
import { absent } from "../session.ts";
import type { Session } from "../session.ts";
import { element } from "../xml/xmlNode.ts";
import { writeXml } from "../xml/writeXml.ts";
import { unhurried } from "./actionTools.ts";
import type { VerbHandlers } from "./actionTools.ts";
import { duringJob } from "./duringJob.ts";

async function find(session: Session, dom: Domain, name: string): Promise<DomainSnapshot | undefined> {
  try {
    return (await absent(session.call.domainSnapshotLookupByName({ dom, name }), "NO_DOMAIN_SNAPSHOT", "NO_DOMAIN"))?.snap;
  } catch (error) {
    if (isUnsupported(error)) return undefined;
    throw error;
  }
}

async function need(session: Session, dom: Domain, name: string): Promise<DomainSnapshot> {
  const found = await find(session, dom, name);
  if (!found) throw new PolyvisorError("notFound", { detail: `VM "${dom.name}" has no snapshot "${name}"` });
  return found;
}

export const snapshotActions: Pick<VerbHandlers, "vm.snapshot" | "vm.revert" | "vm.deleteSnapshot"> = {
  "vm.snapshot": {
    async run({ session }, { vm, name, description, memory }, context) {
      const dom = await session.vm(vm);
      const { state } = await session.call.domainGetState({ dom });
      if (isActive(state) && !memory)
        throw new PolyvisorError("notSupported", {
          detail: "a snapshot inside the disks of a running VM is always taken with its memory",
          remedy: "Take it with memory, or shut the VM down first.",
        });
      // libvirt would take a snapshot of the same name for the same one, redefined.
      if (await find(session, dom, name)) throw new PolyvisorError("nameTaken", { detail: `VM "${dom.name}" already has a snapshot "${name}"` });
      const xml = writeXml(element("domainsnapshot", {}, element("name", {}, name), description ? element("description", {}, description) : undefined));
      await duringJob(session, dom, context, () => session.call.domainSnapshotCreateXml({ dom, xmlDesc: xml }, unhurried));
      return { message: `snapshot "${name}" taken${isActive(state) ? " with memory" : ""}` };
    },
    async observe({ session }, { vm, name }) {
      const dom = await session.findVm(vm);
      return dom && (await find(session, dom, name)) ? "done" : "notDone";
    },
  },
  "vm.revert": {
    async run({ session }, { vm, snapshot, running }) {
      const dom = await session.vm(vm);
      const snap = await need(session, dom, snapshot);
      await session.call.domainRevertToSnapshot({ snap, flags: running ? c.VIR_DOMAIN_SNAPSHOT_REVERT_RUNNING : 0 }, unhurried);
      if (running === false) {
        const { state } = await session.call.domainGetState({ dom });
        if (isActive(state)) await session.call.domainDestroy({ dom });
      }
      return { message: `reverted to snapshot "${snapshot}"` };
    },
  },
  "vm.deleteSnapshot": {
    async run({ session }, { vm, snapshot, children }) {
      const dom = await session.vm(vm);
      const snap = await need(session, dom, snapshot);
      await session.call.domainSnapshotDelete({ snap, flags: children ? c.VIR_DOMAIN_SNAPSHOT_DELETE_CHILDREN : 0 }, unhurried);
      return { message: `snapshot "${snapshot}" deleted${children ? " with those that came of it" : ""}` };
    },
    async observe({ session }, { vm, snapshot }) {
      const dom = await session.findVm(vm);
      return !dom ? "unknown" : (await find(session, dom, snapshot)) ? "notDone" : "done";
    },
  },
};
