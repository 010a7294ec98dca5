import type { Snapshot, VmState } from "@polyvisor/model";
import type { Domain } from "@polyvisor/protocol-libvirt";
import { isLibvirt, isUnsupported } from "../failure.ts";
import { pipelined } from "../pipelined.ts";
import { absent } from "../session.ts";
import type { Session } from "../session.ts";
import { parseXml } from "../xml/parseXml.ts";
import { at, attribute, child, textOf } from "../xml/xmlNode.ts";

const states: Record<string, VmState> = {
  running: "running",
  blocked: "blocked",
  paused: "paused",
  shutdown: "shuttingDown",
  shutoff: "off",
  crashed: "crashed",
  pmsuspended: "suspended",
  "disk-snapshot": "running",
};

/** Snapshots of a VM, oldest first; none where the driver has no snapshots. */
export async function readSnapshots(session: Session, dom: Domain, signal?: AbortSignal): Promise<Snapshot[]> {
  try {
    const [{ snapshots }, current] = await Promise.all([
      session.call.domainListAllSnapshots({ dom, needResults: 1 }, { signal }),
      absent(session.call.domainSnapshotCurrent({ dom }, { signal }), "NO_DOMAIN_SNAPSHOT", "OPERATION_INVALID"),
    ]);
    const read = await pipelined(snapshots, async (snap) => absent(session.call.domainSnapshotGetXmlDesc({ snap }, { signal }), "NO_DOMAIN_SNAPSHOT"));
    return read
      .flatMap((answer) => (answer ? [snapshotOf(answer.xml, current?.snap.name)] : []))
      .sort((a, b) => (a.createdAt ?? "").localeCompare(b.createdAt ?? "") || a.name.localeCompare(b.name));
  } catch (error) {
    if (isUnsupported(error) || isLibvirt(error, "NO_DOMAIN")) return [];
    throw error;
  }
}

/** Reads a `<domainsnapshot>`. */
export function snapshotOf(xml: string, current: string | undefined): Snapshot {
  const root = parseXml(xml, "a snapshot's description");
  const name = textOf(child(root, "name")) ?? "";
  const state = textOf(child(root, "state"))?.trim() ?? "";
  const seconds = Number(textOf(child(root, "creationTime")) ?? Number.NaN);
  const memory = attribute(child(root, "memory"), "snapshot");
  return {
    name,
    description: textOf(child(root, "description")),
    parent: textOf(at(root, "parent", "name")),
    createdAt: Number.isFinite(seconds) && seconds > 0 && seconds < 8e12 ? new Date(seconds * 1000).toISOString() : undefined,
    state: states[state] ?? "unknown",
    withMemory: memory === undefined ? state === "running" || state === "paused" : memory !== "no",
    current: name === current,
  };
}
