import { PolyvisorError, type Host } from "@polyvisor/model";
import type { HostsControl } from "../controlPlane.ts";
import { clean } from "../estate/facts.ts";
import type { Draft } from "../events/draft.ts";

/**
 * A host's document as an operator changes it, and which fields differ; `credential` is none of the document's, but told.
 * @param connection what becomes of the connection when it is switched on or off
 * @throws PolyvisorError `nameTaken`
 */
export function changedHost(
  draft: Draft,
  known: Host,
  patch: Parameters<HostsControl["change"]>[1],
  connection: (state: "connecting" | "disabled") => Host["connection"],
): { after: Host; fields: string[] } {
  const after: Host = { ...known, revision: known.revision + 1 };
  const fields: string[] = [];
  if (patch.name !== undefined && patch.name !== known.name) {
    if (draft.hostNamed(patch.name)) throw new PolyvisorError("nameTaken", { detail: `another host is called "${patch.name}"`, where: "name" });
    after.name = clean(patch.name) as string;
    fields.push("name");
  }
  if (patch.tags !== undefined) {
    after.tags = clean([...new Set(patch.tags)]) as string[];
    fields.push("tags");
  }
  if (patch.folder !== undefined && (patch.folder ?? undefined) !== known.folder) {
    after.folder = patch.folder ?? undefined;
    fields.push("folder");
  }
  const given = patch.credential !== undefined || patch.fingerprint !== undefined;
  if (given) fields.push("credential");
  const { state } = known.connection;
  const wanted = patch.enabled ?? state !== "disabled";
  if (wanted !== (state !== "disabled") || (wanted && state === "lost" && given)) {
    after.connection = connection(wanted ? "connecting" : "disabled");
    fields.push("connection");
  }
  return { after, fields };
}
