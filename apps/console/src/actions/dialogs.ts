import type { Vm } from "@polyvisor/model";
import type { VmAction } from "./vmAction.ts";

/** A dialog that is open: of an action, on VMs. */
export interface OpenDialog {
  action: VmAction;
  vms: readonly Vm[];
}

let present: OpenDialog | undefined;
const watchers = new Set<() => void>();

function become(next: OpenDialog | undefined): void {
  present = next;
  for (const fn of watchers) fn();
}

/** Opens the dialog of an action; it stands over whatever page is shown. */
export const openDialog = (dialog: OpenDialog): void => become(dialog);

/** For `useSyncExternalStore`. */
export const dialogs = {
  get: (): OpenDialog | undefined => present,
  close: (): void => become(undefined),
  subscribe(fn: () => void): () => void {
    watchers.add(fn);
    return () => watchers.delete(fn);
  },
};
