import { stateTable } from "@polyvisor/model/tables";
import { useState } from "react";
import { CheckField } from "../../../forms/CheckField.tsx";
import { TextField } from "../../../forms/TextField.tsx";
import { useObject } from "../../../live/useLive.ts";
import { nameFault } from "../../../orders/nameFault.ts";
import { OrderDialog } from "../../../orders/OrderDialog.tsx";
import { useTexts } from "../../../texts/texts.ts";
import type { VmDialogProps } from "../../vmAction.ts";
import { VmNames } from "../../VmNames.tsx";

/** A name by the time, as the command line gives. */
const nameOfNow = (): string => new Date().toISOString().slice(0, 19).replaceAll(":", "-");

/** Takes a snapshot of each VM. */
export default function SnapshotDialog({ vms, close }: VmDialogProps) {
  const { t } = useTexts();
  const host = useObject("host", vms[0]!.hostId);
  const [name, setName] = useState(nameOfNow);
  const [description, setDescription] = useState("");
  const can = host.state === "here" ? host.object.features["vm.snapshot.memory"] : undefined;
  const lacking = vms.length === 1 && can?.supported === false ? can.reason : undefined;
  const [memory, setMemory] = useState(true);
  const active = vms.some((vm) => stateTable[vm.state].active);
  const fault = nameFault(name);
  return (
    <OrderDialog
      title={t("orders.snapshot.title", { count: vms.length, name: vms[0]!.name })}
      go={t("orders.snapshot.action")}
      vms={vms}
      close={close}
      request={
        fault === undefined
          ? { do: "vm.snapshot", vms: vms.map(({ id }) => id), name, memory: memory && lacking === undefined, ...(description === "" ? {} : { description }) }
          : undefined
      }
    >
      {vms.length > 1 && <VmNames vms={vms} />}
      <TextField label={t("fields.name")} value={name} onChange={setName} maxLength={255} required autoFocus help={fault === undefined ? "" : t(fault)} />
      <TextField label={t("fields.description")} value={description} onChange={setDescription} maxLength={65_536} lines={2} />
      {active &&
        (lacking === undefined ? (
          <CheckField label={t("orders.snapshot.memory")} help={t("orders.snapshot.memoryHelp")} value={memory} onChange={setMemory} />
        ) : (
          <p>{t("orders.snapshot.noMemory", { reason: lacking })}</p>
        ))}
    </OrderDialog>
  );
}
