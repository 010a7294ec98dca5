import type { Vm } from "@polyvisor/model";
import type { ControlPlane } from "../controlPlane.ts";
import type { Journal } from "../events/journal.ts";
import { clean } from "./facts.ts";
import { wantRevision } from "./wantRevision.ts";

/** Changes what the site itself says of a VM: tags, notes and folder. */
export const changeVm =
  (journal: Journal): ControlPlane["vms"]["change"] =>
  (id, patch, ifRevision, check) =>
    journal.ask((draft) => {
      const known = wantRevision(draft.get("vm", id), id, ifRevision);
      const after: Vm = { ...known, revision: known.revision + 1 };
      if (patch.tags !== undefined) after.tags = clean([...new Set(patch.tags)]) as string[];
      if (patch.notes !== undefined) after.notes = clean(patch.notes) as string;
      if (patch.folder !== undefined) after.folder = patch.folder ?? undefined;
      check?.(known, after);
      const fields = (["tags", "notes", "folder"] as const).filter((name) => JSON.stringify(after[name]) !== JSON.stringify(known[name]));
      if (fields.length === 0) return known;
      draft.put(after, { type: "changed", fields, cause: "changed by an operator" });
      return after;
    });
