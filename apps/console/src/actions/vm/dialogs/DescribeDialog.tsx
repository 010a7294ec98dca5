import { TextField } from "../../../forms/TextField.tsx";
import { useObject } from "../../../live/useLive.ts";
import { MergeView } from "../../../orders/MergeView.tsx";
import { OrderDialog } from "../../../orders/OrderDialog.tsx";
import { orderUpon } from "../../../orders/orderUpon.ts";
import { useMergedForm } from "../../../orders/useMergedForm.ts";
import { useTexts } from "../../../texts/texts.ts";
import type { VmDialogProps } from "../../vmAction.ts";

/** Changes title and description, which the hypervisor keeps. */
export default function DescribeDialog({ vms, close }: VmDialogProps) {
  const { t } = useTexts();
  const known = useObject("vm", vms[0]!.id);
  const vm = known.state === "here" ? known.object : vms[0]!;
  const form = useMergedForm({ title: vm.title ?? "", description: vm.description ?? "" });
  const changed = Object.fromEntries(form.changed.map((key) => [key, form.values[key]]));
  return (
    <OrderDialog
      title={t("orders.describe.title", { name: vms[0]!.name })}
      go={t("shell.save")}
      vms={vms}
      close={close}
      request={form.changed.length > 0 ? { do: "vm.describe", vms: [vm.id], ...changed } : undefined}
      blocked={form.conflicts.length > 0}
      submit={(request, reason) => orderUpon(vm, (each) => form.changed.map((key) => each[key]), request, reason)}
    >
      <MergeView conflicts={form.conflicts} label={(key) => t(`fields.${key}`)} choose={form.choose} />
      <TextField label={t("fields.title")} value={form.values.title} onChange={(title) => form.set("title", title)} maxLength={1024} />
      <TextField
        label={t("fields.description")}
        value={form.values.description}
        onChange={(description) => form.set("description", description)}
        maxLength={65_536}
        lines={5}
      />
    </OrderDialog>
  );
}
