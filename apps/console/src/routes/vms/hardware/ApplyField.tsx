import { ChoiceField } from "../../../forms/ChoiceField.tsx";
import { useTexts } from "../../../texts/texts.ts";
import type { useApply } from "./useApply.ts";

/** When a change takes effect, and why not at once where that is so. */
export function ApplyField({ apply }: { apply: ReturnType<typeof useApply> }) {
  const { t } = useTexts();
  return <ChoiceField label={t("orders.apply.label")} value={apply.value} onChange={apply.set} options={apply.options} help={apply.reason ?? ""} />;
}
