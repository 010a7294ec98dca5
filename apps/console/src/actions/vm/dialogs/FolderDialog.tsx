import { useState } from "react";
import { ChoiceField } from "../../../forms/ChoiceField.tsx";
import { TextField } from "../../../forms/TextField.tsx";
import { readAnew, useAnswer } from "../../../live/useAnswer.ts";
import { CopyText } from "../../../orders/CopyText.tsx";
import { shellWord } from "../../../orders/cliCommand.ts";
import { changeVm } from "../../../routes/vms/changeVm.ts";
import { api } from "../../../session/session.ts";
import { useTexts } from "../../../texts/texts.ts";
import { Answered } from "../../../ui/Answered.tsx";
import type { VmDialogProps } from "../../vmAction.ts";
import { VmNames } from "../../VmNames.tsx";
import { EachVmDialog } from "./EachVmDialog.tsx";

/** Puts VMs into a folder, which may be made for it. */
export default function FolderDialog({ vms, close }: VmDialogProps) {
  const { t } = useTexts();
  const folders = useAnswer("folderList");
  const [folder, setFolder] = useState(vms[0]!.folder ?? "");
  const [fresh, setFresh] = useState("");
  const path = folders.data?.items.find(({ id }) => id === folder)?.path ?? "/";
  const name = fresh.trim();
  const target = name === "" ? path : `${path === "/" ? "" : path}/${name}`;
  /** One that is made for many is made once. */
  const [made] = useState<{ path?: string; id?: Promise<string> }>({});
  const into = (): Promise<string | null> => {
    if (name === "") return Promise.resolve(folder === "" ? null : folder);
    if (made.path !== target) {
      made.path = target;
      made.id = api.call("folderCreate", { body: { name, ...(folder === "" ? {} : { parent: folder }) } }).then(({ id }) => {
        void readAnew("folderList");
        return id;
      });
      made.id.catch(() => delete made.path);
    }
    return made.id!;
  };
  return (
    <EachVmDialog
      title={t("orders.folder.title", { count: vms.length, name: vms[0]!.name })}
      go={t("orders.folder.go")}
      vms={vms}
      close={close}
      change={async (vm) => {
        const id = await into();
        if ((vm.folder ?? null) !== id) await changeVm(vm, { folder: id });
      }}
    >
      {vms.length > 1 && <VmNames vms={vms} />}
      <Answered of={folders}>
        {({ items }) => (
          <ChoiceField
            label={t("orders.folder.label")}
            value={folder}
            onChange={setFolder}
            options={[["", t("orders.folder.top")], ...items.map((each) => [each.id, each.path] as const)]}
          />
        )}
      </Answered>
      <TextField label={t("orders.folder.fresh")} value={fresh} onChange={setFresh} maxLength={255} help={t("orders.folder.help")} />
      <CopyText
        label={t("orders.cli")}
        text={`${name === "" ? "" : `polyvisor folder create ${shellWord(target)}\n`}polyvisor folder put ${[target, ...vms.map(({ id }) => id)].map(shellWord).join(" ")}`}
      />
    </EachVmDialog>
  );
}
