import { ChoiceField } from "../../../forms/ChoiceField.tsx";
import { TextField } from "../../../forms/TextField.tsx";
import { useTexts } from "../../../texts/texts.ts";
import type { StepProps } from "./stepProps.ts";

/** Memory, processors, disk, firmware and screen. */
export function HardwareStep({ vm, set, help }: StepProps) {
  const { t } = useTexts();
  const own = vm.source !== "template";
  const left = t(own ? "orders.create.leftOut" : "orders.create.ofTemplate");
  return (
    <>
      <TextField label={t("fields.memory")} value={vm.memory} onChange={(memory) => set({ memory })} placeholder="2G" help={help("memory") || left} />
      <TextField
        label={t("fields.vcpus")}
        value={vm.vcpus}
        onChange={(vcpus) => set({ vcpus })}
        inputMode="numeric"
        placeholder="2"
        help={help("vcpus") || left}
      />
      {(vm.source === "iso" || vm.source === "network") && (
        <TextField label={t("orders.create.diskSize")} value={vm.diskSize} onChange={(diskSize) => set({ diskSize })} required help={help("diskSize")} />
      )}
      {own && (
        <>
          <ChoiceField
            label={t("fields.firmware")}
            value={vm.firmware}
            onChange={(firmware) => set({ firmware })}
            options={[
              ["bios", "BIOS"],
              ["efi", "EFI"],
            ]}
          />
          <ChoiceField
            label={t("orders.create.screen")}
            value={vm.graphics}
            onChange={(graphics) => set({ graphics })}
            options={[
              ["vnc", "VNC"],
              ["none", t("orders.create.noScreen")],
            ]}
          />
        </>
      )}
    </>
  );
}
