import type { Vm } from "@polyvisor/model";
import { formatBytes, parseBytes } from "@polyvisor/model/tables";
import { TextField } from "../../../forms/TextField.tsx";
import { MergeView } from "../../../orders/MergeView.tsx";
import { OrderDialog } from "../../../orders/OrderDialog.tsx";
import { orderUpon } from "../../../orders/orderUpon.ts";
import { sizeWord } from "../../../orders/cliCommand.ts";
import { useMergedForm } from "../../../orders/useMergedForm.ts";
import { useTexts } from "../../../texts/texts.ts";
import { ApplyField } from "./ApplyField.tsx";
import type { NextStart } from "./nextStart.ts";
import { useApply } from "./useApply.ts";

const kinds = {
  memory: { verb: "vm.setMemory", feature: "vm.memory.live", read: (text: string) => parseBytes(text, "M"), write: sizeWord, show: formatBytes },
  vcpus: {
    verb: "vm.setVcpus",
    feature: "vm.vcpus.live",
    read: (text: string) => (/^\s*\d{1,4}\s*$/.test(text) && Number(text) > 0 ? Number(text) : undefined),
    write: String,
    show: String,
  },
} as const;

/** Changes memory or the number of processors; of one that another changes meanwhile both values are shown. */
export function AmountDialog({ vm, what, next, close }: { vm: Vm; what: keyof typeof kinds; next: NextStart | undefined; close: () => void }) {
  const { t } = useTexts();
  const kind = kinds[what];
  const now = next?.[what] ?? vm[what];
  const form = useMergedForm({ current: kind.write(now.current), max: kind.write(now.max) });
  const maxChanges = form.changed.includes("max");
  const apply = useApply(vm, kind.feature, maxChanges ? t("orders.hardware.maxNext") : undefined);
  const current = kind.read(form.values.current);
  const max = kind.read(form.values.max);
  const change = { ...(maxChanges ? { max } : {}), ...(form.changed.includes("current") ? { current } : {}) };
  const complete = current !== undefined && max !== undefined && form.changed.length > 0;
  return (
    <OrderDialog
      title={t(`orders.hardware.${what}Title`, { name: vm.name })}
      go={t("orders.hardware.change")}
      vms={[vm]}
      close={close}
      request={complete ? { do: kind.verb, vms: [vm.id], ...change, apply: apply.value } : undefined}
      blocked={form.conflicts.length > 0}
      submit={(request, reason) => orderUpon(vm, (each) => form.changed.map((key) => each[what][key]), request, reason)}
    >
      <MergeView conflicts={form.conflicts} label={(key) => t(`orders.hardware.${key}`)} choose={form.choose} />
      <TextField
        label={t("orders.hardware.current")}
        value={form.values.current}
        onChange={(value) => form.set("current", value)}
        required
        autoFocus
        help={current === undefined ? t(`orders.hardware.${what}Help`) : kind.show(current)}
      />
      <TextField
        label={t("orders.hardware.max")}
        value={form.values.max}
        onChange={(value) => form.set("max", value)}
        required
        help={max === undefined ? t(`orders.hardware.${what}Help`) : kind.show(max)}
      />
      <ApplyField apply={apply} />
    </OrderDialog>
  );
}
