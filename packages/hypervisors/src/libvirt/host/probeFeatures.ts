import { randomUUID } from "node:crypto";
import { featureTable, featureNames } from "@polyvisor/model";
import type { FeatureName, FeatureTable } from "@polyvisor/model";
import { constants as c } from "@polyvisor/protocol-libvirt";
import { isLibvirt, isUnsupported } from "../failure.ts";
import type { Session } from "../session.ts";

/**
 * Finds what an endpoint can do by asking it to do each thing to a VM, volume or network that does not exist: a driver
 * that has the function answers that there is no such object, one that has not says so. Nothing can be changed by it.
 */
export async function probeFeatures(session: Session, signal?: AbortSignal): Promise<FeatureTable> {
  const { call } = session;
  const options = { signal };
  const dom = { name: "polyvisor-asks", uuid: randomUUID(), id: -1 };
  const pool = { name: "polyvisor-asks", uuid: randomUUID() };
  const vol = { pool: "polyvisor-asks", name: "none", key: "/polyvisor-asks/none" };
  const net = { name: "polyvisor-asks", uuid: randomUUID() };
  const live = c.VIR_DOMAIN_AFFECT_LIVE;
  // A description that is none: refused as such by whoever would take one.
  const noXml = "<nothing/>";
  const abort = async (answer: Promise<{ stream: { abort(): void } }>): Promise<void> => (await answer).stream.abort();
  const offered = async (number: number): Promise<void> => {
    if ((await call.connectSupportsFeature({ feature: number }, options)).supported === 0) throw new Refusal("the driver does not offer it");
  };
  const onlyFor =
    (driver: string, why: string): (() => Promise<void>) =>
    async () => {
      if (session.driver.toLowerCase() !== driver) throw new Refusal(why);
    };
  // A driver that can undefine can define; to ask it to define nonsense would leave an error in the host's log each time.
  const define = (): Promise<unknown> => call.domainUndefine({ dom }, options);
  const device = (): Promise<unknown> => call.domainAttachDeviceFlags({ dom, xml: noXml, flags: live }, options);
  const snapshot = (): Promise<unknown> => call.domainSnapshotCreateXml({ dom, xmlDesc: "<domainsnapshot/>" }, options);
  const volume = (): Promise<unknown> => call.storageVolCreateXml({ pool, xml: noXml }, options);
  const questions: Record<FeatureName, () => Promise<unknown>> = {
    "vm.create": define,
    "vm.define": define,
    "vm.start": () => call.domainCreate({ dom }, options),
    "vm.shutdown": () => call.domainShutdown({ dom }, options),
    "vm.reboot": () => call.domainReboot({ dom }, options),
    "vm.reset": () => call.domainReset({ dom }, options),
    "vm.pause": () => call.domainSuspend({ dom }, options),
    "vm.wake": () => call.domainPmWakeup({ dom }, options),
    "vm.save": () => call.domainManagedSave({ dom }, options),
    "vm.destroy": () => call.domainDestroy({ dom }, options),
    "vm.delete": () => call.domainUndefine({ dom }, options),
    "vm.autostart": () => call.domainSetAutostart({ dom, autostart: 0 }, options),
    "vm.rename": () => call.domainRename({ dom, newName: "polyvisor-asks-too" }, options),
    "vm.memory.live": () => call.domainSetMemoryFlags({ dom, memory: 65_536n, flags: c.VIR_DOMAIN_MEM_LIVE }, options),
    "vm.vcpus.live": () => call.domainSetVcpusFlags({ dom, nvcpus: 1, flags: c.VIR_DOMAIN_VCPU_LIVE }, options),
    "vm.edit": define,
    "vm.disk.hotplug": device,
    "vm.nic.hotplug": device,
    "vm.snapshot": snapshot,
    "vm.snapshot.memory": snapshot,
    "vm.clone": define,
    "vm.migrate.live": () => offered(c.VIR_DRV_FEATURE_MIGRATION_P2P),
    "vm.migrate.offline": define,
    "vm.console.serial": () => abort(call.domainOpenConsole({ dom }, options)),
    "vm.console.graphical": () => graphical(session),
    "vm.screenshot": () => abort(call.domainScreenshot({ dom, screen: 0 }, options)),
    "vm.sendKeys": () => call.domainSendKey({ dom, codeset: 0, holdtime: 1, keycodes: [28] }, options),
    "vm.samples": () => call.domainGetInfo({ dom }, options),
    "vm.guestAgent": onlyFor("qemu", `guests of libvirt's ${session.driver} driver have no agent that it can ask`),
    "host.samples": () => call.nodeGetCpuStats({ cpuNum: c.VIR_NODE_CPU_STATS_ALL_CPUS, nparams: 0 }, options),
    "host.devices": () => call.connectListAllNodeDevices({ needResults: 0 }, options),
    "host.numa": () => call.connectGetCapabilities(options),
    "datastore.list": () => call.connectListAllStoragePools({ needResults: 0 }, options),
    "datastore.manage": () => call.storagePoolUndefine({ pool }, options),
    "volume.manage": volume,
    "volume.transfer": () => abort(call.storageVolDownload({ vol, offset: 0n, length: 0n }, options)),
    "network.list": () => call.connectListAllNetworks({ needResults: 0 }, options),
    "network.manage": () => call.networkCreate({ net }, options),
    events: () => session.lifecycleEvents(),
  };
  const answers = await Promise.all(
    featureNames.map(async (name): Promise<[FeatureName, string] | undefined> => {
      try {
        await questions[name]();
        return undefined;
      } catch (error) {
        signal?.throwIfAborted();
        if (error instanceof Refusal) return [name, error.message];
        if (isLibvirt(error, "OPERATION_DENIED", "ACCESS_DENIED", "AUTH_UNAVAILABLE")) return [name, "the account that connects may not do it on this host"];
        if (isUnsupported(error)) return [name, `libvirt's ${session.driver} driver on this host has no such function`];
        if (!session.connection.open) throw error;
        return undefined;
      }
    }),
  );
  return featureTable(Object.fromEntries(answers.filter((answer) => answer !== undefined)));
}

class Refusal extends Error {}

/** A screen is reached at the address it listens on, as the running VM's description says it: that is this machine, or through SSH the other one. */
async function graphical(session: Session): Promise<void> {
  const { transport } = session.connection.endpoint;
  const driver = session.driver.toLowerCase();
  if (driver !== "qemu" && driver !== "xen") throw new Refusal(`guests of libvirt's ${session.driver} driver have no screen`);
  if (transport !== "unix")
    throw new Refusal(
      `a VM's screen listens on its own host, and libvirt has no way to pass it on over ${transport}; connect from that host, or open the screen there`,
    );
}
