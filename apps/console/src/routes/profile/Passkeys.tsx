import { Button } from "@patternfly/react-core/dist/esm/components/Button";
import { useState } from "react";
import { FormDialog } from "../../forms/FormDialog.tsx";
import { TextField } from "../../forms/TextField.tsx";
import { readAnew, useAnswer } from "../../live/useAnswer.ts";
import { api } from "../../session/session.ts";
import { useTexts } from "../../texts/texts.ts";
import { Ago } from "../../ui/Ago.tsx";
import { Answered } from "../../ui/Answered.tsx";
import { Card } from "../../ui/Card.tsx";
import { PlainTable } from "../../ui/PlainTable.tsx";
import { ReasonButton } from "../../ui/ReasonButton.tsx";
import { browserName } from "../administration/browserName.ts";
import { canRegisterPasskeys, registerPasskey } from "./registerPasskey.ts";

/** Passkeys of one's own. */
export function Passkeys() {
  const { t } = useTexts();
  const passkeys = useAnswer("passkeyList");
  const [open, setOpen] = useState<"add" | { id: string; name: string }>();
  const [name, setName] = useState("");
  const remove = async (id: string): Promise<void> => {
    await api.call("passkeyRemove", { params: { id } });
    await readAnew("passkeyList", "accountGet");
  };
  const add = async (): Promise<void> => {
    await registerPasskey(name.trim());
    await readAnew("passkeyList", "accountGet");
  };
  const begin = (): void => {
    setName(browserName(navigator.userAgent) ?? "");
    setOpen("add");
  };
  return (
    <Card
      title={t("profile.passkeys")}
      wide
      action={
        <ReasonButton variant="secondary" size="sm" reason={canRegisterPasskeys() ? undefined : t("profile.passkeysNeedHttps")} onClick={begin}>
          {t("profile.addPasskey")}
        </ReasonButton>
      }
    >
      <p>{t("profile.passkeysLead")}</p>
      <Answered of={passkeys}>
        {({ items }) => (
          <PlainTable
            label={t("profile.passkeys")}
            rows={items}
            keyOf={({ id }) => id}
            empty={t("profile.noPasskeys")}
            columns={[
              { text: "fields.name", cell: (each) => <bdi>{each.name}</bdi> },
              { text: "administration.made", cell: ({ createdAt }) => <Ago time={createdAt} /> },
              { text: "administration.lastUsed", cell: ({ lastUsedAt }) => (lastUsedAt === undefined ? t("administration.never") : <Ago time={lastUsedAt} />) },
            ]}
            actions={(each) => (
              <Button variant="link" isInline isDanger onClick={() => setOpen(each)} aria-label={`${t("administration.remove")}: ${each.name}`}>
                {t("administration.remove")}
              </Button>
            )}
          />
        )}
      </Answered>
      {open === "add" && (
        <FormDialog title={t("profile.addPasskey")} go={t("profile.goOn")} submit={add} close={() => setOpen(undefined)} blocked={name.trim() === ""}>
          <p>{t("profile.addPasskeyLead")}</p>
          <TextField label={t("profile.passkeyName")} value={name} onChange={setName} maxLength={255} required autoFocus />
        </FormDialog>
      )}
      {typeof open === "object" && (
        <FormDialog
          danger
          title={t("administration.removeOne", { name: open.name })}
          go={t("administration.remove")}
          submit={() => remove(open.id)}
          close={() => setOpen(undefined)}
        >
          <p>{t("profile.removePasskeyDanger")}</p>
        </FormDialog>
      )}
    </Card>
  );
}
