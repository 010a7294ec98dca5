import type { Disk, Nic, Vm } from "@polyvisor/model";
import { useState } from "react";
import { ChoiceField } from "../../../forms/ChoiceField.tsx";
import { TextField } from "../../../forms/TextField.tsx";
import { OrderDialog } from "../../../orders/OrderDialog.tsx";
import { orderUpon } from "../../../orders/orderUpon.ts";
import { useTexts } from "../../../texts/texts.ts";
import { useVolumes } from "../volumes.ts";
import { ApplyField } from "./ApplyField.tsx";
import { useApply } from "./useApply.ts";

/** Takes a disk off a VM; its data stays. */
export function DetachDiskDialog({ vm, disk, close }: { vm: Vm; disk: Pick<Disk, "target" | "source">; close: () => void }) {
  const { t } = useTexts();
  const apply = useApply(vm, "vm.disk.hotplug");
  return (
    <OrderDialog
      title={t("orders.hardware.detachDiskTitle", { name: vm.name, disk: disk.target })}
      go={t("orders.hardware.detach")}
      vms={[vm]}
      close={close}
      danger
      request={{ do: "vm.detachDisk", vms: [vm.id], target: disk.target, apply: apply.value }}
    >
      <p>
        {t("orders.hardware.dataStays")} <code>{disk.source}</code>
      </p>
      <ApplyField apply={apply} />
    </OrderDialog>
  );
}

/** Unplugs a NIC. */
export function DetachNicDialog({ vm, nic, close }: { vm: Vm; nic: Pick<Nic, "mac">; close: () => void }) {
  const { t } = useTexts();
  const apply = useApply(vm, "vm.nic.hotplug");
  return (
    <OrderDialog
      title={t("orders.hardware.detachNicTitle", { name: vm.name, mac: nic.mac })}
      go={t("orders.hardware.detach")}
      vms={[vm]}
      close={close}
      danger
      request={{ do: "vm.detachNic", vms: [vm.id], mac: nic.mac, apply: apply.value }}
    >
      <ApplyField apply={apply} />
    </OrderDialog>
  );
}

/** Puts a medium into a drive, or takes it out. */
export function MediaDialog({ vm, disk, close }: { vm: Vm; disk: Pick<Disk, "target" | "source">; close: () => void }) {
  const { t } = useTexts();
  const { volumes } = useVolumes(vm.hostId);
  const [what, setWhat] = useState<"insert" | "eject">("insert");
  const [source, setSource] = useState(disk.source ?? "");
  const apply = useApply(vm, "vm.edit");
  const base = { do: "vm.changeMedia" as const, vms: [vm.id], target: disk.target, apply: apply.value };
  return (
    <OrderDialog
      title={t("orders.hardware.mediaTitle", { name: vm.name, disk: disk.target })}
      go={t(what === "insert" ? "orders.hardware.insert" : "orders.hardware.eject")}
      vms={[vm]}
      close={close}
      request={what === "eject" ? base : source === "" ? undefined : { ...base, source }}
      submit={(request, reason) => orderUpon(vm, (each) => each.disks.find(({ target }) => target === disk.target)?.source, request, reason)}
    >
      <ChoiceField
        label={t("orders.hardware.medium")}
        value={what}
        onChange={setWhat}
        options={[
          ["insert", t("orders.hardware.insert")],
          ["eject", t("orders.hardware.eject")],
        ]}
      />
      {what === "insert" && (
        <TextField
          label={t("orders.hardware.source")}
          value={source}
          onChange={setSource}
          required
          offers={volumes("medium")}
          help={t("orders.hardware.sourceHelp")}
        />
      )}
      <ApplyField apply={apply} />
    </OrderDialog>
  );
}
