import type { Vm } from "@polyvisor/model";
import { parseBytes } from "@polyvisor/model/tables";
import { useState } from "react";
import { CheckField } from "../../../forms/CheckField.tsx";
import { ChoiceField } from "../../../forms/ChoiceField.tsx";
import { TextField } from "../../../forms/TextField.tsx";
import { OrderDialog } from "../../../orders/OrderDialog.tsx";
import { useTexts } from "../../../texts/texts.ts";
import { formatOfName } from "../formatOfName.ts";
import { useVolumes } from "../volumes.ts";
import { ApplyField } from "./ApplyField.tsx";
import { useApply } from "./useApply.ts";

const buses = ["virtio", "scsi", "sata", "ide", "usb", "xen"] as const;
type What = "new" | "existing" | "cdrom";

/** Gives a VM a new disk, an existing one, or a drive. */
export function AddDiskDialog({ vm, close }: { vm: Vm; close: () => void }) {
  const { t } = useTexts();
  const [what, setWhat] = useState<What>("new");
  const [size, setSize] = useState("10G");
  const [format, setFormat] = useState<"qcow2" | "raw">("qcow2");
  const [source, setSource] = useState("");
  const [datastore, setDatastore] = useState("");
  const [bus, setBus] = useState<(typeof buses)[number]>(vm.virtType === "xen" ? "xen" : "virtio");
  const [readOnly, setReadOnly] = useState(false);
  const { stores, volumes } = useVolumes(vm.hostId);
  const apply = useApply(vm, "vm.disk.hotplug", what === "cdrom" ? t("orders.hardware.driveNext") : undefined);
  const bytes = parseBytes(size, "M");
  const disk =
    what === "new"
      ? bytes && { size: bytes, format, bus, readOnly, ...(datastore === "" ? {} : { datastore }) }
      : what === "existing"
        ? source !== "" && { source, format: formatOfName(source), bus, readOnly }
        : {
            device: "cdrom" as const,
            bus: bus === "virtio" ? ("sata" as const) : bus,
            readOnly: true,
            format: "raw" as const,
            ...(source === "" ? {} : { source }),
          };
  return (
    <OrderDialog
      title={t("orders.hardware.addDiskTitle", { name: vm.name })}
      go={t("orders.hardware.addDisk")}
      vms={[vm]}
      close={close}
      request={disk ? { do: "vm.attachDisk", vms: [vm.id], disk, apply: apply.value } : undefined}
    >
      <ChoiceField
        label={t("orders.hardware.whatDisk")}
        value={what}
        onChange={setWhat}
        options={[
          ["new", t("orders.hardware.newDisk")],
          ["existing", t("orders.hardware.existingDisk")],
          ["cdrom", t("orders.hardware.drive")],
        ]}
      />
      {what === "new" ? (
        <>
          <TextField label={t("fields.capacity")} value={size} onChange={setSize} required help={t("orders.hardware.memoryHelp")} />
          <ChoiceField
            label={t("orders.hardware.format")}
            value={format}
            onChange={setFormat}
            options={[
              ["qcow2", "qcow2"],
              ["raw", "raw"],
            ]}
          />
          <ChoiceField
            label={t("objects.kinds.datastore")}
            value={datastore}
            onChange={setDatastore}
            options={[["", t("orders.create.byPlan")], ...stores.map((store) => [store.name, store.name] as const)]}
          />
        </>
      ) : (
        <TextField
          label={t(what === "existing" ? "orders.hardware.source" : "orders.hardware.medium")}
          value={source}
          onChange={setSource}
          required={what === "existing"}
          offers={volumes(what === "existing" ? "disk" : "medium")}
          help={t("orders.hardware.sourceHelp")}
        />
      )}
      <ChoiceField label={t("orders.hardware.bus")} value={bus} onChange={setBus} options={buses.map((each) => [each, each] as const)} />
      {what !== "cdrom" && <CheckField label={t("orders.hardware.readOnly")} value={readOnly} onChange={setReadOnly} />}
      <ApplyField apply={apply} />
    </OrderDialog>
  );
}
