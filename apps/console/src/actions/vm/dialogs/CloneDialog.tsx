import { useState } from "react";
import { CheckField } from "../../../forms/CheckField.tsx";
import { TextField } from "../../../forms/TextField.tsx";
import { nameFault } from "../../../orders/nameFault.ts";
import { OrderDialog } from "../../../orders/OrderDialog.tsx";
import { useTexts } from "../../../texts/texts.ts";
import type { VmDialogProps } from "../../vmAction.ts";

/** A copy of a VM with copies of its disks. */
export default function CloneDialog({ vms, close }: VmDialogProps) {
  const { t } = useTexts();
  const vm = vms[0]!;
  const [name, setName] = useState(`${vm.name.slice(0, 248)}-clone`);
  const [start, setStart] = useState(false);
  const fault = nameFault(name);
  return (
    <OrderDialog
      title={t("orders.clone.title", { name: vm.name })}
      go={t("orders.clone.action")}
      vms={vms}
      close={close}
      request={fault === undefined ? { do: "vm.clone", vm: vm.id, name, start } : undefined}
    >
      <TextField label={t("orders.clone.name")} value={name} onChange={setName} maxLength={255} required autoFocus help={fault === undefined ? "" : t(fault)} />
      <CheckField label={t("orders.startIt")} value={start} onChange={setStart} />
    </OrderDialog>
  );
}
