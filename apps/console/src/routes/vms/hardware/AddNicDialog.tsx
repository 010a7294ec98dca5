import { quoteName } from "@polyvisor/api/client";
import type { Vm } from "@polyvisor/model";
import { useState } from "react";
import { ChoiceField } from "../../../forms/ChoiceField.tsx";
import { TextField } from "../../../forms/TextField.tsx";
import { useAnswer } from "../../../live/useAnswer.ts";
import { OrderDialog } from "../../../orders/OrderDialog.tsx";
import { useTexts } from "../../../texts/texts.ts";
import { ApplyField } from "./ApplyField.tsx";
import { useApply } from "./useApply.ts";

const models = ["virtio", "e1000", "e1000e", "rtl8139", "netfront"] as const;

/** Plugs a NIC into a VM. */
export function AddNicDialog({ vm, close }: { vm: Vm; close: () => void }) {
  const { t } = useTexts();
  const networks = useAnswer("networkList", { query: { limit: 200, filter: `host = ${quoteName(vm.hostId)}` } });
  const [kind, setKind] = useState<"network" | "bridge" | "user">("network");
  const [source, setSource] = useState("");
  const [model, setModel] = useState<(typeof models)[number]>(vm.virtType === "xen" ? "netfront" : "virtio");
  const [mac, setMac] = useState("");
  const apply = useApply(vm, "vm.nic.hotplug");
  const names = networks.data?.items.map(({ name }) => name) ?? [];
  const chosen = source !== "" ? source : kind === "network" ? names[0] : undefined;
  const right = mac === "" || /^([0-9a-f]{2}:){5}[0-9a-f]{2}$/i.test(mac);
  const nic = { kind, model, ...(kind === "user" || chosen === undefined ? {} : { source: chosen }), ...(mac === "" ? {} : { mac: mac.toLowerCase() }) };
  return (
    <OrderDialog
      title={t("orders.hardware.addNicTitle", { name: vm.name })}
      go={t("orders.hardware.addNic")}
      vms={[vm]}
      close={close}
      request={right && (kind === "user" || chosen !== undefined) ? { do: "vm.attachNic", vms: [vm.id], nic, apply: apply.value } : undefined}
    >
      <ChoiceField
        label={t("orders.hardware.nicKind")}
        value={kind}
        onChange={setKind}
        options={[
          ["network", t("objects.kinds.network")],
          ["bridge", t("fields.bridge")],
          ["user", t("orders.hardware.ownNat")],
        ]}
      />
      {kind === "network" && (
        <ChoiceField label={t("objects.kinds.network")} value={chosen ?? ""} onChange={setSource} options={names.map((name) => [name, name] as const)} />
      )}
      {kind === "bridge" && <TextField label={t("fields.bridge")} value={source} onChange={setSource} required maxLength={255} />}
      <ChoiceField label={t("orders.hardware.model")} value={model} onChange={setModel} options={models.map((each) => [each, each] as const)} />
      <TextField
        label={t("orders.hardware.mac")}
        value={mac}
        onChange={setMac}
        maxLength={17}
        help={t(right ? "orders.hardware.macHelp" : "orders.hardware.macWrong")}
      />
      <ApplyField apply={apply} />
    </OrderDialog>
  );
}
