import type { Session } from "../session.ts";
import { isUnsupported } from "../failure.ts";
import { parseXml } from "../xml/parseXml.ts";
import { at, attribute, child, children, textOf } from "../xml/xmlNode.ts";
import type { XmlElement } from "../xml/xmlNode.ts";

/** What a host offers guests of one architecture and type. */
export interface GuestSupport {
  machine: string | undefined;
  cpuModes: string[];
  firmwares: string[];
}

export const nothingParticular: GuestSupport = { machine: undefined, cpuModes: [], firmwares: [] };

const kept = new WeakMap<Session, Map<string, Promise<GuestSupport>>>();

/** Asks the host once for each architecture and type; a driver that does not tell offers nothing particular. */
export function guestSupport(session: Session, arch: string, virtType: string): Promise<GuestSupport> {
  const known = kept.get(session) ?? new Map<string, Promise<GuestSupport>>();
  kept.set(session, known);
  const key = `${virtType} ${arch}`;
  let answer = known.get(key);
  if (!answer) {
    answer = ask(session, arch, virtType);
    known.set(key, answer);
    answer.catch(() => known.delete(key));
  }
  return answer;
}

async function ask(session: Session, arch: string, virttype: string): Promise<GuestSupport> {
  try {
    const { capabilities } = await session.call.connectGetDomainCapabilities({ arch, virttype });
    return readGuestSupport(parseXml(capabilities, "the domain capabilities"));
  } catch (error) {
    if (isUnsupported(error)) return nothingParticular;
    throw error;
  }
}

/** Reads `<domainCapabilities>`. */
export function readGuestSupport(root: XmlElement): GuestSupport {
  const firmware = children(child(root, "os"), "enum").find((each) => attribute(each, "name") === "firmware");
  return {
    machine: textOf(child(root, "machine")),
    cpuModes: children(at(root, "cpu"), "mode")
      .filter((mode) => attribute(mode, "supported") === "yes")
      .flatMap((mode) => attribute(mode, "name") ?? []),
    firmwares: children(firmware, "value").flatMap((value) => textOf(value) ?? []),
  };
}

/** The architecture of guests that a host runs natively, and the types it has for each. */
export async function guestTypes(session: Session): Promise<{ hostArch: string; types: Map<string, Set<string>> }> {
  const { capabilities } = await session.call.connectGetCapabilities();
  const root = parseXml(capabilities, "the host's capabilities");
  const types = new Map<string, Set<string>>();
  for (const guest of children(root, "guest")) {
    const arch = child(guest, "arch");
    const name = attribute(arch, "name") ?? "";
    const known = types.get(name) ?? new Set<string>();
    types.set(name, known);
    for (const domain of children(arch, "domain")) known.add(attribute(domain, "type") ?? "");
  }
  return { hostArch: textOf(at(root, "host", "cpu", "arch")) ?? [...types.keys()][0] ?? "x86_64", types };
}
