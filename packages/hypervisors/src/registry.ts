import { PolyvisorError } from "@polyvisor/model";
import type { ConnectOptions, Hypervisor, HypervisorKind } from "./hypervisor.ts";
import { libvirtKind } from "./libvirt/libvirtKind.ts";
import { remoteSimKind } from "./sim/remote/remoteSim.ts";
import { simKind } from "./sim/simKind.ts";

/** The adapters that ship; asked in this order. */
export const hypervisorKinds: readonly HypervisorKind[] = [simKind, remoteSimKind, libvirtKind];

/** Reads a hypervisor's URI, or says what is wrong with it. */
export function parseHypervisorUri(text: string): { uri: URL; kind: HypervisorKind } {
  let uri: URL;
  try {
    uri = new URL(text);
  } catch {
    throw new PolyvisorError("badUri", { detail: `"${withoutPassPhrase(text).slice(0, 200)}" is not a URI`, where: "uri" });
  }
  if (uri.password)
    throw new PolyvisorError("badUri", {
      detail: "a URI with a pass phrase in it would be shown and logged",
      where: "uri",
      remedy: "Leave the pass phrase out; give it as a credential of the host.",
    });
  const kind = hypervisorKinds.find((each) => each.accepts(uri));
  if (!kind)
    throw new PolyvisorError("badUri", {
      detail: `no adapter speaks "${uri.protocol}"; known are ${hypervisorKinds.map((each) => each.name).join(", ")}`,
      where: "uri",
    });
  return { uri, kind };
}

/** What cannot be read as a URI may hold a pass phrase all the same, and is told without it. */
function withoutPassPhrase(text: string): string {
  return text.replace(/^([^@/]*\/\/[^@/:]*):.*@/s, "$1:…@");
}

/** Connects to whatever the URI names. */
export function connectHypervisor(text: string, options: ConnectOptions): Promise<Hypervisor> {
  const { uri, kind } = parseHypervisorUri(text);
  return kind.connect(uri, options);
}
