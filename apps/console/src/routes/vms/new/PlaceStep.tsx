import { quoteName } from "@polyvisor/api/client";
import { CheckField } from "../../../forms/CheckField.tsx";
import { ChoiceField } from "../../../forms/ChoiceField.tsx";
import { TextField } from "../../../forms/TextField.tsx";
import { useAnswer } from "../../../live/useAnswer.ts";
import { useTexts } from "../../../texts/texts.ts";
import { useVolumes } from "../volumes.ts";
import type { StepProps } from "./stepProps.ts";

/** Hosts that are offered. */
const most = 1000;

/** Where it goes, what it is plugged into, and whether it starts. */
export function PlaceStep({ vm, set, help }: StepProps) {
  const { t } = useTexts();
  const hosts = useAnswer("hostList", { query: { limit: most, sort: "name", fields: "id,name" } });
  const { stores } = useVolumes(vm.host === "" ? undefined : vm.host);
  const networks = useAnswer("networkList", { query: { limit: 200, filter: `host = ${quoteName(vm.host)}` } }, vm.host !== "");
  const folders = useAnswer("folderList");
  const kind = /^(network|bridge|user):/.exec(vm.network)?.[1] ?? vm.network;
  const name = /^\w+:(.*)$/s.exec(vm.network)?.[1] ?? "";
  return (
    <>
      <ChoiceField
        label={t("fields.host")}
        value={vm.host}
        onChange={(host) => set({ host, datastore: "" })}
        options={[["", t("orders.create.byPlan")], ...(hosts.data?.items ?? []).map((host) => [host.id, host.name] as const)]}
      />
      {(vm.source === "iso" || vm.source === "network") && vm.host !== "" && (
        <ChoiceField
          label={t("objects.kinds.datastore")}
          value={vm.datastore}
          onChange={(datastore) => set({ datastore })}
          options={[["", t("orders.create.byPlan")], ...stores.map((store) => [store.name, store.name] as const)]}
        />
      )}
      <ChoiceField
        label={t("orders.create.nic")}
        value={kind}
        onChange={(next) => set({ network: next === "" || next === "none" ? next : `${next}:` })}
        options={[
          ["", t("orders.create.byPlan")],
          ["network", t("objects.kinds.network")],
          ["bridge", t("fields.bridge")],
          ["user", t("orders.hardware.ownNat")],
          ["none", t("orders.create.noNic")],
        ]}
      />
      {(kind === "network" || kind === "bridge") && (
        <TextField
          label={t(kind === "network" ? "objects.kinds.network" : "fields.bridge")}
          value={name}
          onChange={(next) => set({ network: `${kind}:${next}` })}
          required
          maxLength={255}
          offers={kind === "network" ? (networks.data?.items ?? []).map((network) => network.name) : []}
          help={help("network")}
        />
      )}
      <ChoiceField
        label={t("orders.folder.label")}
        value={vm.folder}
        onChange={(folder) => set({ folder })}
        options={[["", t("orders.folder.top")], ...(folders.data?.items ?? []).map((folder) => [folder.id, folder.path] as const)]}
      />
      <CheckField label={t("orders.startIt")} value={vm.start} onChange={(start) => set({ start })} />
      <CheckField label={t("orders.autostart.on")} value={vm.autostart} onChange={(autostart) => set({ autostart })} />
    </>
  );
}
