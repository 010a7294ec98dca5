import { stateTable } from "@polyvisor/model/tables";
import { useState } from "react";
import { CheckField } from "../../../forms/CheckField.tsx";
import { ChoiceField } from "../../../forms/ChoiceField.tsx";
import { useObject } from "../../../live/useLive.ts";
import { OrderDialog } from "../../../orders/OrderDialog.tsx";
import { useTexts } from "../../../texts/texts.ts";
import type { VmDialogProps } from "../../vmAction.ts";
import { VmNames } from "../../VmNames.tsx";
import { DiskFate } from "./DiskFate.tsx";

/** Deletes VMs, and says of every disk whether it goes or stays. */
export default function DeleteDialog({ vms, close }: VmDialogProps) {
  const { t } = useTexts();
  const [disks, setDisks] = useState<"keep" | "delete">("keep");
  const [force, setForce] = useState(false);
  const known = useObject("vm", vms[0]!.id);
  const now = vms.length === 1 && known.state === "here" ? [known.object] : vms;
  const active = now.filter((vm) => stateTable[vm.state].actions.delete === undefined);
  const request = { do: "vm.delete" as const, vms: vms.map(({ id }) => id), disks, force };
  return (
    <OrderDialog
      title={t("orders.delete.title", { count: vms.length, name: vms[0]!.name })}
      go={t("orders.delete.action")}
      vms={vms}
      close={close}
      danger
      request={request}
    >
      {vms.length > 1 && <VmNames vms={vms} />}
      {active.length > 0 && (
        <CheckField label={t("orders.delete.force", { count: active.length })} help={t("orders.delete.forceHelp")} value={force} onChange={setForce} />
      )}
      <ChoiceField
        label={t("orders.delete.disks")}
        value={disks}
        onChange={setDisks}
        options={[
          ["keep", t("orders.delete.keep")],
          ["delete", t("orders.delete.drop")],
        ]}
      />
      <DiskFate request={request} revisions={now.map(({ revision }) => revision).join(" ")} vms={now} />
    </OrderDialog>
  );
}
