import type { Vm } from "@polyvisor/model";
import { openDialog } from "./dialogs.ts";
import { startTask } from "../tasks/startTask.ts";
import type { VmAction } from "./vmAction.ts";

/** Begins an action on VMs: its dialog, a question where something is lost, or at once. */
export async function runVmAction(action: VmAction, vms: readonly Vm[]): Promise<void> {
  if (vms.length === 0) return;
  if (action.dialog || action.danger !== undefined) return openDialog({ action, vms });
  if (action.request) await startTask(action.request(vms.map(({ id }) => id)));
}
