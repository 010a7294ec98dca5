import { Button } from "@patternfly/react-core/dist/esm/components/Button";
import { useState } from "react";
import { TextField } from "../../../forms/TextField.tsx";
import { OrderDialog } from "../../../orders/OrderDialog.tsx";
import { useTexts } from "../../../texts/texts.ts";
import type { VmDialogProps } from "../../vmAction.ts";
import { VmNames } from "../../VmNames.tsx";

/** Combinations that operators need most; as the server calls the keys. */
const common = ["ctrl+alt+delete", "ctrl+alt+backspace", "ctrl+alt+f1", "ctrl+alt+f2", "alt+sysrq+s", "alt+sysrq+b", "enter", "esc"];

/** Sends keys, pressed together, to the guests. */
export default function SendKeysDialog({ vms, close }: VmDialogProps) {
  const { t } = useTexts();
  const [text, setText] = useState(common[0]!);
  const keys = text
    .toLowerCase()
    .split(/[+\s]+/)
    .map((key) => ({ control: "ctrl", del: "delete", escape: "esc", return: "enter", win: "meta", super: "meta" })[key] ?? key)
    .filter(Boolean);
  return (
    <OrderDialog
      title={t("orders.keys.title", { count: vms.length, name: vms[0]!.name })}
      go={t("orders.keys.go")}
      vms={vms}
      close={close}
      request={keys.length > 0 && keys.length <= 16 ? { do: "vm.sendKeys", vms: vms.map(({ id }) => id), keys } : undefined}
    >
      {vms.length > 1 && <VmNames vms={vms} />}
      <TextField label={t("orders.keys.label")} value={text} onChange={setText} help={t("orders.keys.help")} required maxLength={200} />
      <div className="pv-buttons pv-wrap" role="group" aria-label={t("orders.keys.common")}>
        {common.map((each) => (
          <Button key={each} size="sm" variant="tertiary" onClick={() => setText(each)}>
            {each}
          </Button>
        ))}
      </div>
    </OrderDialog>
  );
}
