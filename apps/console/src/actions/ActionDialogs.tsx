import { lazy, Suspense, useMemo, useSyncExternalStore } from "react";
import { ConfirmDialog } from "./ConfirmDialog.tsx";
import { dialogs, type OpenDialog } from "./dialogs.ts";
import { patient } from "../session/patient.ts";

/** Shows the dialog of an action where one is open. */
export function ActionDialogs() {
  const open = useSyncExternalStore(dialogs.subscribe, dialogs.get);
  if (open === undefined) return null;
  return open.action.dialog ? <OwnDialog open={open} key={open.action.id} /> : <ConfirmDialog open={open} close={dialogs.close} />;
}

function OwnDialog({ open }: { open: OpenDialog }) {
  const Dialog = useMemo(() => lazy(patient(open.action.dialog!)), [open.action]);
  return (
    <Suspense fallback={null}>
      <Dialog vms={open.vms} close={dialogs.close} />
    </Suspense>
  );
}
