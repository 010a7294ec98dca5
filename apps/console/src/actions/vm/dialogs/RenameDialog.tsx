import { useObject } from "../../../live/useLive.ts";
import { TextField } from "../../../forms/TextField.tsx";
import { MergeView } from "../../../orders/MergeView.tsx";
import { nameFault } from "../../../orders/nameFault.ts";
import { OrderDialog } from "../../../orders/OrderDialog.tsx";
import { orderUpon } from "../../../orders/orderUpon.ts";
import { useMergedForm } from "../../../orders/useMergedForm.ts";
import { useTexts } from "../../../texts/texts.ts";
import type { VmDialogProps } from "../../vmAction.ts";

/** Gives a VM another name. */
export default function RenameDialog({ vms, close }: VmDialogProps) {
  const { t } = useTexts();
  const known = useObject("vm", vms[0]!.id);
  const vm = known.state === "here" ? known.object : vms[0]!;
  const form = useMergedForm({ name: vm.name });
  const fault = nameFault(form.values.name);
  return (
    <OrderDialog
      title={t("orders.rename.title", { name: vms[0]!.name })}
      go={t("orders.rename.action")}
      vms={vms}
      close={close}
      request={form.changed.length > 0 && fault === undefined ? { do: "vm.rename", vms: [vm.id], name: form.values.name } : undefined}
      blocked={form.conflicts.length > 0}
      submit={(request, reason) => orderUpon(vm, ({ name }) => name, request, reason)}
    >
      <MergeView conflicts={form.conflicts} label={() => t("fields.name")} choose={form.choose} />
      <TextField
        label={t("fields.name")}
        value={form.values.name}
        onChange={(name) => form.set("name", name)}
        maxLength={255}
        required
        autoFocus
        help={fault === undefined ? "" : t(fault)}
      />
    </OrderDialog>
  );
}
