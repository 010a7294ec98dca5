import type { PlanStep } from "@polyvisor/model";
import type { Journal } from "../events/journal.ts";

/** Puts VMs that tasks made where their plans say. What somebody else placed meanwhile stays where he put it. */
export const placeVm =
  (journal: Journal) =>
  async (taskId: string, hostId: string, nativeId: string, { folder, tags }: NonNullable<PlanStep["place"]>): Promise<void> => {
    await journal.write((draft) => {
      const vm = draft.byNative("vm", hostId, nativeId);
      if (!vm || vm.folder !== undefined || vm.tags.length > 0 || (folder === undefined && tags.length === 0)) return;
      draft.put({ ...vm, folder, tags, revision: vm.revision + 1 }, { type: "changed", fields: ["folder", "tags"], cause: "placed by its task", taskId });
    });
  };
