import type { HostFacts } from "@polyvisor/model";
import { LibvirtError } from "@polyvisor/protocol-libvirt";
import { isUnsupported, isLibvirt } from "../failure.ts";
import { pipelined } from "../pipelined.ts";
import type { Session } from "../session.ts";
import { hostMemory } from "../samples.ts";
import { bytesOf } from "../domain/describedVm.ts";
import { parseXml } from "../xml/parseXml.ts";
import { at, attribute, child, children, textOf } from "../xml/xmlNode.ts";
import type { XmlElement } from "../xml/xmlNode.ts";
import { deviceOf } from "./deviceOf.ts";

export type Device = HostFacts["devices"][number];

/** Everything of a host but its acceleration, which is known by a probe. */
export type HostReading = Omit<HostFacts, "acceleration">;

/** Reads what an endpoint says of its machine, in calls sent at once. */
export async function readHost(
  session: Session,
  devices: Map<string, Device> | undefined,
  signal?: AbortSignal,
): Promise<{ facts: HostReading; capabilities: XmlElement }> {
  const { call } = session;
  const or = async <T>(answer: Promise<T>): Promise<T | undefined> => {
    try {
      return await answer;
    } catch (error) {
      // A host without SMBIOS, or a driver without versions, answers with an error of its own kind: it does not tell.
      if (isUnsupported(error) || isLibvirt(error, "INTERNAL_ERROR", "INVALID_ARG", "OPERATION_DENIED", "SYSTEM_ERROR")) return undefined;
      throw error;
    }
  };
  const [{ hostname }, { type }, version, library, info, { capabilities: xml }, sysinfo, memory, list] = await Promise.all([
    call.connectGetHostname({ signal }),
    call.connectGetType({ signal }),
    or(call.connectGetVersion({ signal })),
    or(call.connectGetLibVersion({ signal })),
    call.nodeGetInfo({ signal }),
    call.connectGetCapabilities({ signal }),
    or(call.connectGetSysinfo({}, { signal })),
    or(hostMemory(session, signal)),
    devices ? readDevices(session, devices, signal) : [],
  ]);
  const capabilities = parseXml(xml, "the host's capabilities");
  const system = sysinfo ? child(parseXml(sysinfo.sysinfo, "the host's SMBIOS tables"), "system") : undefined;
  const machineId = textOf(children(system, "entry").find((entry) => attribute(entry, "name") === "uuid")) ?? textOf(at(capabilities, "host", "uuid"));
  const cpu = at(capabilities, "host", "cpu");
  const model = textOf(child(cpu, "model"));
  return {
    capabilities,
    facts: {
      hostname,
      machineId: machineId?.trim().toLowerCase(),
      hypervisor: { type, version: versionText(version?.hvVer) ?? "unknown", library: versionText(library?.libVer) },
      cpu: {
        model: model ?? (info.model || "unknown"),
        vendor: textOf(child(cpu, "vendor")),
        arch: textOf(child(cpu, "arch")) ?? info.model,
        sockets: info.nodes * info.sockets,
        coresPerSocket: info.cores,
        threadsPerCore: info.threads,
        total: info.cpus,
        mhz: info.mhz,
      },
      memory: memory ?? Number(info.memory) * 1024,
      numa: children(at(capabilities, "host", "topology", "cells"), "cell").map((cell) => ({
        cell: Number(attribute(cell, "id") ?? 0),
        memory: bytesOf(child(cell, "memory")) ?? 0,
        cpus: children(child(cell, "cpus"), "cpu").map((each) => Number(attribute(each, "id") ?? 0)),
      })),
      devices: list,
    },
  };
}

/** Devices that are known are not described again: virtual ones come and go with every VM, and the rest stays what it is. */
async function readDevices(session: Session, known: Map<string, Device>, signal?: AbortSignal): Promise<Device[]> {
  const { devices } = await session.call.connectListAllNodeDevices({ needResults: 1 }, { signal });
  const present = new Set(devices.map(({ name }) => name));
  for (const name of known.keys()) if (!present.has(name)) known.delete(name);
  const read = await pipelined(devices, async (dev) => {
    const before = known.get(dev.name);
    if (before) return before;
    try {
      const device = deviceOf((await session.call.nodeDeviceGetXmlDesc({ name: dev.name }, { signal })).xml, dev.name);
      known.set(dev.name, device);
      return device;
    } catch (error) {
      // A device that is just being taken away fails in many ways.
      if (error instanceof LibvirtError) return undefined;
      throw error;
    }
  });
  return read.filter((each) => each !== undefined).sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** libvirt writes 9.1.2 as 9001002. */
export function versionText(version: bigint | undefined): string | undefined {
  if (version === undefined || version <= 0n) return undefined;
  return `${version / 1_000_000n}.${(version / 1000n) % 1000n}.${version % 1000n}`;
}
