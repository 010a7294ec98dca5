import { useState } from "react";
import { CheckField } from "../../forms/CheckField.tsx";
import { FormDialog } from "../../forms/FormDialog.tsx";
import { TextField } from "../../forms/TextField.tsx";
import { readAnew, useAnswer } from "../../live/useAnswer.ts";
import { api } from "../../session/session.ts";
import { useTexts } from "../../texts/texts.ts";
import { SignInCode, type Code } from "./SignInCode.tsx";

/** Makes a local account and gives the code with which its owner comes in for the first time. */
export function NewAccount({ close }: { close: () => void }) {
  const { t } = useTexts();
  const groups = useAnswer("groupList");
  const [name, setName] = useState("");
  const [displayName, setDisplayName] = useState("");
  const [chosen, setChosen] = useState<readonly string[]>([]);
  const [made, setMade] = useState<{ name: string; code: Code }>();
  if (made) return <SignInCode name={made.name} code={made.code} close={close} />;
  const submit = async (): Promise<void> => {
    const body = { name: name.trim(), groups: [...chosen], ...(displayName.trim() === "" ? {} : { displayName: displayName.trim() }) };
    const account = await api.call("accountCreate", { body });
    await readAnew("accountList", "groupList");
    setMade({ name: account.name, code: await api.call("accountCode", { params: { id: account.id } }) });
  };
  return (
    <FormDialog
      title={t("administration.newAccount")}
      go={t("administration.make")}
      submit={submit}
      close={() => undefined}
      cancel={close}
      blocked={name.trim() === ""}
    >
      <TextField label={t("fields.name")} help={t("administration.accountNameHelp")} value={name} onChange={setName} maxLength={64} required autoFocus />
      <TextField label={t("administration.fullName")} value={displayName} onChange={setDisplayName} maxLength={255} />
      {(groups.data?.items ?? []).length > 0 && (
        <fieldset>
          <legend>{t("administration.groups")}</legend>
          {groups.data!.items.map((group) => (
            <CheckField
              key={group.id}
              label={group.name}
              help={group.description}
              value={chosen.includes(group.id)}
              onChange={(on) => setChosen(on ? [...chosen, group.id] : chosen.filter((each) => each !== group.id))}
            />
          ))}
        </fieldset>
      )}
    </FormDialog>
  );
}
