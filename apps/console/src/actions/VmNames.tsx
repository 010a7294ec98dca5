import type { Vm } from "@polyvisor/model";
import { useTexts } from "../texts/texts.ts";

/** Names that are shown before the rest is counted. */
const shown = 8;

/** The VMs that a dialog is about. */
export function VmNames({ vms }: { vms: readonly Vm[] }) {
  const { t } = useTexts();
  return (
    <ul className="pv-names">
      {vms.slice(0, shown).map((vm) => (
        <li key={vm.id}>
          <bdi>{vm.name}</bdi>
        </li>
      ))}
      {vms.length > shown && <li>{t("actions.andMore", { count: vms.length - shown })}</li>}
    </ul>
  );
}
