import { useState } from "react";
import { TextField } from "../../../forms/TextField.tsx";
import { CopyText } from "../../../orders/CopyText.tsx";
import { shellWord } from "../../../orders/cliCommand.ts";
import { changeVm } from "../../../routes/vms/changeVm.ts";
import { useTexts } from "../../../texts/texts.ts";
import type { VmDialogProps } from "../../vmAction.ts";
import { VmNames } from "../../VmNames.tsx";
import { EachVmDialog } from "./EachVmDialog.tsx";

const tagsOf = (text: string): string[] => [
  ...new Set(
    text
      .split(",")
      .map((tag) => tag.trim())
      .filter(Boolean),
  ),
];

/** Adds tags to VMs and takes others away. */
export default function TagsDialog({ vms, close }: VmDialogProps) {
  const { t } = useTexts();
  const [add, setAdd] = useState("");
  const [remove, setRemove] = useState("");
  const present = [...new Set(vms.flatMap((vm) => vm.tags))].sort();
  const [plus, minus] = [tagsOf(add), tagsOf(remove)];
  const command = ["polyvisor tag", ...vms.map(({ id }) => id), ...[...plus.map((tag) => `+${tag}`), ...minus.map((tag) => `-${tag}`)].map(shellWord)].join(
    " ",
  );
  return (
    <EachVmDialog
      title={t("orders.tags.title", { count: vms.length, name: vms[0]!.name })}
      go={t("orders.tags.action")}
      vms={vms}
      close={close}
      blocked={plus.length + minus.length === 0}
      change={async (vm) => {
        const tags = [...new Set([...vm.tags.filter((tag) => !minus.includes(tag)), ...plus])];
        if (tags.join("\n") !== vm.tags.join("\n")) await changeVm(vm, { tags });
      }}
    >
      {vms.length > 1 && <VmNames vms={vms} />}
      <TextField label={t("orders.tags.add")} value={add} onChange={setAdd} maxLength={1024} autoFocus help={t("orders.tags.help")} />
      <TextField label={t("orders.tags.remove")} value={remove} onChange={setRemove} maxLength={1024} offers={present} />
      {plus.length + minus.length > 0 && <CopyText label={t("orders.cli")} text={command} />}
    </EachVmDialog>
  );
}
