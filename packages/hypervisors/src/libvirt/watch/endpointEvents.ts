import { constants as c } from "@polyvisor/protocol-libvirt";
import type { Domain, EventMessages, EventName } from "@polyvisor/protocol-libvirt";
import { lifecycleCause } from "../domain/domainState.ts";
import type { Session } from "../session.ts";

/** Something happened on the endpoint: what to read again, and what was said about it. */
export type Happening =
  /** `tell`: worth telling even where the facts stayed the same, as a reboot is. `agent`: the guest's agent can be asked now. */
  | { kind: "vm"; dom: Domain; cause?: string; tell?: boolean; agent?: boolean }
  /** `sizes`: of known volumes too, and not only which there are. */
  | { kind: "datastores"; sizes: boolean }
  | { kind: "networks" }
  | { kind: "devices" };

interface Source<Name extends EventName> {
  event: Name;
  id: number;
  happening(message: EventMessages[Name]): Happening;
}
const source = <Name extends EventName>(event: Name, id: number, happening: (message: EventMessages[Name]) => Happening): Source<Name> => ({
  event,
  id,
  happening,
});

/** The agent's channel of a VM that only starts is said to be closed, which is no news. */
function agentWords(state: number, reason: number): { cause?: string; agent?: boolean } {
  if (state === c.VIR_CONNECT_DOMAIN_EVENT_AGENT_LIFECYCLE_STATE_CONNECTED) return { cause: "the guest's agent is there", agent: true };
  return reason === c.VIR_CONNECT_DOMAIN_EVENT_AGENT_LIFECYCLE_REASON_DOMAIN_STARTED ? {} : { cause: "the guest's agent went" };
}

/** Events of VMs, each with what it means for the inventory. */
const domainSources = [
  source("domainEventCallbackLifecycle", c.VIR_DOMAIN_EVENT_ID_LIFECYCLE, ({ msg }) => ({
    kind: "vm",
    dom: msg.dom,
    cause: lifecycleCause(msg.event, msg.detail),
  })),
  source("domainEventCallbackReboot", c.VIR_DOMAIN_EVENT_ID_REBOOT, ({ msg }) => ({ kind: "vm", dom: msg.dom, cause: "rebooted by its guest", tell: true })),
  source("domainEventCallbackWatchdog", c.VIR_DOMAIN_EVENT_ID_WATCHDOG, ({ msg }) => ({
    kind: "vm",
    dom: msg.dom,
    cause: "the guest's watchdog fired",
    tell: true,
  })),
  source("domainEventCallbackIoErrorReason", c.VIR_DOMAIN_EVENT_ID_IO_ERROR_REASON, ({ msg }) => ({
    kind: "vm",
    dom: msg.dom,
    cause: `I/O error${msg.reason ? ` (${msg.reason})` : ""} on ${msg.srcPath || msg.devAlias}`,
    tell: true,
  })),
  source("domainEventCallbackControlError", c.VIR_DOMAIN_EVENT_ID_CONTROL_ERROR, ({ msg }) => ({
    kind: "vm",
    dom: msg.dom,
    cause: "the hypervisor lost control of it",
    tell: true,
  })),
  source("domainEventCallbackDiskChange", c.VIR_DOMAIN_EVENT_ID_DISK_CHANGE, ({ msg }) => ({
    kind: "vm",
    dom: msg.dom,
    cause: `the medium of ${msg.devAlias} changed`,
  })),
  source("domainEventCallbackTrayChange", c.VIR_DOMAIN_EVENT_ID_TRAY_CHANGE, ({ msg }) => ({
    kind: "vm",
    dom: msg.dom,
    cause: `the tray of ${msg.devAlias} was ${msg.reason === c.VIR_DOMAIN_EVENT_TRAY_CHANGE_OPEN ? "opened" : "closed"}`,
  })),
  source("domainEventCallbackPmwakeup", c.VIR_DOMAIN_EVENT_ID_PMWAKEUP, ({ msg }) => ({ kind: "vm", dom: msg.dom, cause: "woken" })),
  source("domainEventCallbackPmsuspend", c.VIR_DOMAIN_EVENT_ID_PMSUSPEND, ({ msg }) => ({ kind: "vm", dom: msg.dom, cause: "suspended by the guest" })),
  source("domainEventCallbackPmsuspendDisk", c.VIR_DOMAIN_EVENT_ID_PMSUSPEND_DISK, ({ msg }) => ({
    kind: "vm",
    dom: msg.dom,
    cause: "suspended by the guest to its disk",
  })),
  source("domainEventCallbackBalloonChange", c.VIR_DOMAIN_EVENT_ID_BALLOON_CHANGE, ({ msg }) => ({ kind: "vm", dom: msg.dom, cause: "memory changed" })),
  source("domainEventCallbackDeviceAdded", c.VIR_DOMAIN_EVENT_ID_DEVICE_ADDED, ({ dom, devAlias }) => ({
    kind: "vm",
    dom,
    cause: `device ${devAlias} attached`,
  })),
  source("domainEventCallbackDeviceRemoved", c.VIR_DOMAIN_EVENT_ID_DEVICE_REMOVED, ({ msg }) => ({
    kind: "vm",
    dom: msg.dom,
    cause: `device ${msg.devAlias} detached`,
  })),
  source("domainEventCallbackDeviceRemovalFailed", c.VIR_DOMAIN_EVENT_ID_DEVICE_REMOVAL_FAILED, ({ dom, devAlias }) => ({
    kind: "vm",
    dom,
    cause: `the guest did not let device ${devAlias} go`,
    tell: true,
  })),
  source("domainEventBlockJob2", c.VIR_DOMAIN_EVENT_ID_BLOCK_JOB_2, ({ dom, dst }) => ({ kind: "vm", dom, cause: `a job on disk ${dst} changed` })),
  source("domainEventCallbackTunable", c.VIR_DOMAIN_EVENT_ID_TUNABLE, ({ dom }) => ({ kind: "vm", dom, cause: "tuning changed" })),
  source("domainEventCallbackAgentLifecycle", c.VIR_DOMAIN_EVENT_ID_AGENT_LIFECYCLE, ({ dom, state, reason }) => ({
    kind: "vm",
    dom,
    ...agentWords(state, reason),
  })),
  source("domainEventCallbackJobCompleted", c.VIR_DOMAIN_EVENT_ID_JOB_COMPLETED, ({ dom }) => ({ kind: "vm", dom, cause: "a job ended" })),
  source("domainEventCallbackMetadataChange", c.VIR_DOMAIN_EVENT_ID_METADATA_CHANGE, ({ dom }) => ({
    kind: "vm",
    dom,
    cause: "title, description or metadata changed",
  })),
  source("domainEventMemoryDeviceSizeChange", c.VIR_DOMAIN_EVENT_ID_MEMORY_DEVICE_SIZE_CHANGE, ({ dom }) => ({ kind: "vm", dom, cause: "memory changed" })),
] as const;

/**
 * Listens to everything that changes an inventory. Handlers are in place before the server is asked, so that nothing
 * falls between. A kind that a driver or an older server does not have is left out: the regular look covers it.
 * @returns what ends the listening
 */
export async function listen(session: Session, heard: (happening: Happening) => void, signal: AbortSignal): Promise<() => void> {
  const { call, connection } = session;
  const offs: (() => void)[] = [];
  const stop = (): void => {
    for (const off of offs) off();
  };
  const attempt = async (kind: string, ask: () => Promise<unknown>): Promise<boolean> => {
    try {
      await session.register(kind, ask);
      return true;
    } catch (error) {
      signal.throwIfAborted();
      if (!connection.open) throw error;
      session.log("debug", "an event kind is not pushed here", { kind, error: String(error) });
      return false;
    }
  };
  for (const each of domainSources)
    offs.push(connection.events.subscribe(each.event, (message) => heard((each.happening as (m: typeof message) => Happening)(message))));
  offs.push(connection.events.subscribe("storagePoolEventLifecycle", () => heard({ kind: "datastores", sizes: true })));
  offs.push(connection.events.subscribe("storagePoolEventRefresh", () => heard({ kind: "datastores", sizes: true })));
  offs.push(connection.events.subscribe("networkEventLifecycle", () => heard({ kind: "networks" })));
  offs.push(connection.events.subscribe("nodeDeviceEventLifecycle", () => heard({ kind: "devices" })));
  try {
    await Promise.all([
      ...domainSources.map(({ id }) => attempt(`domain ${id}`, () => call.connectDomainEventCallbackRegisterAny({ eventID: id }))),
      ...[c.VIR_STORAGE_POOL_EVENT_ID_LIFECYCLE, c.VIR_STORAGE_POOL_EVENT_ID_REFRESH].map((eventID) =>
        attempt(`pool ${eventID}`, () => call.connectStoragePoolEventRegisterAny({ eventID })),
      ),
      attempt("network", () => call.connectNetworkEventRegisterAny({ eventID: c.VIR_NETWORK_EVENT_ID_LIFECYCLE })),
      attempt("device", () => call.connectNodeDeviceEventRegisterAny({ eventID: c.VIR_NODE_DEVICE_EVENT_ID_LIFECYCLE })),
    ]);
    return stop;
  } catch (error) {
    stop();
    throw error;
  }
}
