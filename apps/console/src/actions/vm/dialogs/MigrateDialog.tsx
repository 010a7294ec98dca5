import { useState } from "react";
import { CheckField } from "../../../forms/CheckField.tsx";
import { OrderDialog } from "../../../orders/OrderDialog.tsx";
import { useTexts } from "../../../texts/texts.ts";
import type { VmDialogProps } from "../../vmAction.ts";
import { VmNames } from "../../VmNames.tsx";
import { TargetHosts } from "./TargetHosts.tsx";

/** Moves VMs to another host; each host that may be one says what stands against it. */
export default function MigrateDialog({ vms, close }: VmDialogProps) {
  const { t } = useTexts();
  const [to, setTo] = useState<string>();
  const [copyStorage, setCopyStorage] = useState(false);
  const base = { do: "vm.migrate" as const, vms: vms.map(({ id }) => id), copyStorage };
  return (
    <OrderDialog
      title={t("orders.migrate.title", { count: vms.length, name: vms[0]!.name })}
      go={t("orders.migrate.action")}
      vms={vms}
      close={close}
      size="large"
      request={to === undefined ? undefined : { ...base, to }}
    >
      {vms.length > 1 && <VmNames vms={vms} />}
      <CheckField label={t("orders.migrate.copyStorage")} help={t("orders.migrate.copyStorageHelp")} value={copyStorage} onChange={setCopyStorage} />
      <TargetHosts vms={vms} copyStorage={copyStorage} chosen={to} choose={setTo} />
    </OrderDialog>
  );
}
