import { PolyvisorError } from "@polyvisor/model";
import { ConnectionError, constants as c, typedParam } from "@polyvisor/protocol-libvirt";
import type { Domain } from "@polyvisor/protocol-libvirt";
import { isActive } from "../domain/domainState.ts";
import { failure } from "../failure.ts";
import type { Session } from "../session.ts";
import { writeXml } from "../xml/writeXml.ts";
import { unhurried } from "./actionTools.ts";
import type { VerbHandlers } from "./actionTools.ts";
import { undefine } from "./definitionActions.ts";
import { duringJob } from "./duringJob.ts";
import { nextStartOf } from "./redefine.ts";

export const migrateAction: Pick<VerbHandlers, "vm.migrate"> = {
  "vm.migrate": {
    async run(tools, { vm, to, live, copyStorage, bandwidth }, context) {
      const { session } = tools;
      const dom = await session.vm(vm);
      const { state } = await session.call.domainGetState({ dom });
      if (live) {
        if (!isActive(state))
          throw new PolyvisorError("wrongState", { detail: `VM "${dom.name}" does not run: there is nothing to move live`, remedy: "Migrate it offline." });
        const flags =
          c.VIR_MIGRATE_LIVE |
          c.VIR_MIGRATE_PEER2PEER |
          c.VIR_MIGRATE_PERSIST_DEST |
          c.VIR_MIGRATE_UNDEFINE_SOURCE |
          c.VIR_MIGRATE_ABORT_ON_ERROR |
          (copyStorage ? c.VIR_MIGRATE_NON_SHARED_DISK : 0);
        // libvirt counts in MiB/s, and takes 0 for no limit.
        const params =
          bandwidth === undefined ? [] : [typedParam.ullong(c.VIR_MIGRATE_PARAM_BANDWIDTH, BigInt(Math.max(1, Math.round(bandwidth / 1024 ** 2))))];
        await duringJob(session, dom, context, () =>
          session.call.domainMigratePerform3Params({ dom, dconnuri: to, params, cookieIn: new Uint8Array(), flags }, unhurried),
        );
        return { message: `moved live to ${to}` };
      }
      if (isActive(state)) throw new PolyvisorError("wrongState", { detail: `VM "${dom.name}" runs`, remedy: "Shut it down first, or migrate it live." });
      if (copyStorage)
        throw new PolyvisorError("notSupported", {
          detail: "an offline migration moves the definition, and not the disks",
          remedy: "Put the disks on storage that both hosts see, or copy the volumes first.",
        });
      await moveDefinition(session, dom, await connectTo(tools, to));
      return { message: `its definition moved to ${to}` };
    },
    async observe(tools, { vm, to, live }) {
      if (await tools.session.findVm(vm)) return "notDone";
      const other = await connectTo(tools, to).catch(() => undefined);
      if (!other) return "unknown";
      try {
        const there = await other.findVm(vm);
        if (!there) return "unknown";
        return live ? (isActive((await other.call.domainGetState({ dom: there })).state) ? "done" : "unknown") : "done";
      } finally {
        await other.close();
      }
    },
  },
};

async function connectTo(tools: Parameters<(typeof migrateAction)["vm.migrate"]["run"]>[0], to: string): Promise<Session> {
  try {
    return await tools.connectTo(to, tools.session.options);
  } catch (error) {
    throw failure(error, { endpoint: to, doing: "connect to the other host" });
  }
}

/** Defines the VM there and then undefines it here; what is refused in between leaves it where it was, what is not answered leaves it in both places. */
async function moveDefinition(session: Session, dom: Domain, other: Session): Promise<void> {
  try {
    const kept = async (what: string, has: Promise<boolean>): Promise<void> => {
      if (await has.catch(() => false))
        throw new PolyvisorError("notSupported", {
          detail: `VM "${dom.name}" has ${what}, which would be lost with its definition here`,
          remedy: "Delete it first.",
        });
    };
    await kept(
      "snapshots",
      session.call.domainSnapshotNum({ dom }).then(({ num }) => num > 0),
    );
    await kept(
      "saved memory",
      session.call.domainHasManagedSaveImage({ dom }).then(({ result }) => result !== 0),
    );
    if (await other.findVm(dom.uuid)) throw new PolyvisorError("nameTaken", { detail: `${other.endpoint} already has VM ${dom.uuid}` });
    const root = await nextStartOf(session, dom);
    const autostart = (await session.call.domainGetAutostart({ dom })).autostart;
    const { dom: there } = await other.told(`define VM "${dom.name}"`, () => other.call.domainDefineXml({ xml: writeXml(root) }));
    try {
      if (autostart !== 0) await other.call.domainSetAutostart({ dom: there, autostart });
      await undefine(session, dom);
    } catch (error) {
      // Without an answer it may be undefined here all the same: then the definition there is the only one.
      if (!(error instanceof ConnectionError)) await other.call.domainUndefine({ dom: there }).catch(() => {});
      throw error;
    }
  } finally {
    await other.close();
  }
}
