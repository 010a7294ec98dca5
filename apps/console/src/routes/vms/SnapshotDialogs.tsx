import type { Snapshot, Vm } from "@polyvisor/model";
import { useState } from "react";
import { CheckField } from "../../forms/CheckField.tsx";
import { ChoiceField } from "../../forms/ChoiceField.tsx";
import { OrderDialog } from "../../orders/OrderDialog.tsx";
import { useTexts } from "../../texts/texts.ts";

/** Goes back to a snapshot. */
export function RevertDialog({ vm, snapshot, close }: { vm: Vm; snapshot: Snapshot; close: () => void }) {
  const { t } = useTexts();
  const [after, setAfter] = useState<"as" | "running" | "off">("as");
  const request = { do: "vm.revert" as const, vms: [vm.id], snapshot: snapshot.name, ...(after === "as" ? {} : { running: after === "running" }) };
  return (
    <OrderDialog
      title={t("orders.snapshot.revertTitle", { name: vm.name, snapshot: snapshot.name })}
      go={t("orders.snapshot.revert")}
      vms={[vm]}
      close={close}
      danger
      request={request}
    >
      <p>{t("orders.snapshot.revertDanger")}</p>
      <ChoiceField
        label={t("orders.snapshot.after")}
        value={after}
        onChange={setAfter}
        options={[
          ["as", t("orders.snapshot.afterAs", { state: t(`states.${snapshot.state}.name`) })],
          ["running", t("orders.snapshot.afterRunning")],
          ["off", t("orders.snapshot.afterOff")],
        ]}
      />
    </OrderDialog>
  );
}

/** Deletes a snapshot, with those that were taken after it or without. */
export function DeleteSnapshotDialog({ vm, snapshot, below, close }: { vm: Vm; snapshot: Snapshot; below: number; close: () => void }) {
  const { t } = useTexts();
  const [children, setChildren] = useState(false);
  return (
    <OrderDialog
      title={t("orders.snapshot.deleteTitle", { name: vm.name, snapshot: snapshot.name })}
      go={t("orders.snapshot.delete")}
      vms={[vm]}
      close={close}
      danger
      request={{ do: "vm.deleteSnapshot", vms: [vm.id], snapshot: snapshot.name, children }}
    >
      <p>{t("orders.snapshot.deleteDanger")}</p>
      {below > 0 && <CheckField label={t("orders.snapshot.children", { count: below })} value={children} onChange={setChildren} />}
    </OrderDialog>
  );
}
