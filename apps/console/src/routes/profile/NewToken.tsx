import { Button } from "@patternfly/react-core/dist/esm/components/Button";
import { Modal, ModalBody, ModalFooter, ModalHeader } from "@patternfly/react-core/dist/esm/components/Modal";
import type { Permission } from "@polyvisor/model/tables";
import { useState } from "react";
import { PermissionChoice } from "../../access/PermissionChoice.tsx";
import { ChoiceField } from "../../forms/ChoiceField.tsx";
import { FormDialog } from "../../forms/FormDialog.tsx";
import { TextField } from "../../forms/TextField.tsx";
import { readAnew } from "../../live/useAnswer.ts";
import { api } from "../../session/session.ts";
import { useTexts } from "../../texts/texts.ts";
import { Secret } from "../../ui/Secret.tsx";

const day = 86_400;

/** Makes an API token and shows it once. */
export function NewToken({ close }: { close: () => void }) {
  const { t } = useTexts();
  const [name, setName] = useState("");
  const [days, setDays] = useState("90");
  const [may, setMay] = useState<"all" | "read" | "operate" | "admin" | "chosen">("read");
  const [chosen, setChosen] = useState<readonly Permission[]>([]);
  const [filter, setFilter] = useState("");
  const [token, setToken] = useState<string>();
  if (token !== undefined)
    return (
      <Modal isOpen variant="small" aria-labelledby="new-token">
        <ModalHeader title={t("profile.tokenMade", { name })} labelId="new-token" />
        <ModalBody>
          <p>{t("profile.shownOnce")}</p>
          <Secret label={t("profile.token")} text={token} lines={2} />
        </ModalBody>
        <ModalFooter>
          <Button onClick={close}>{t("administration.kept")}</Button>
        </ModalFooter>
      </Modal>
    );
  const submit = async (): Promise<void> => {
    const narrowed = may !== "all" || filter.trim() !== "";
    const scope = {
      may: may === "chosen" ? [...chosen] : may === "all" ? ("admin" as const) : may,
      ...(filter.trim() === "" ? {} : { filter: filter.trim() }),
    };
    const body = { name: name.trim(), ...(days === "" ? {} : { expiresInSeconds: Number(days) * day }), ...(narrowed ? { scope } : {}) };
    const made = await api.call("tokenCreate", { body });
    setToken(made.token);
    await readAnew("tokenList");
  };
  return (
    <FormDialog
      size="medium"
      title={t("profile.newToken")}
      go={t("administration.make")}
      submit={submit}
      close={() => undefined}
      cancel={close}
      blocked={name.trim() === "" || (may === "chosen" && chosen.length === 0)}
    >
      <TextField label={t("fields.name")} help={t("profile.tokenNameHelp")} value={name} onChange={setName} maxLength={255} required autoFocus />
      <ChoiceField
        label={t("profile.until")}
        value={days}
        onChange={setDays}
        options={[...["7", "30", "90", "365"].map((each) => [each, t("profile.days", { count: Number(each) })] as const), ["", t("profile.noEnd")] as const]}
      />
      <ChoiceField
        label={t("profile.may")}
        value={may}
        onChange={setMay}
        options={[
          ...(["read", "operate", "admin"] as const).map((each) => [each, t(`profile.levels.${each}`)] as const),
          ["chosen", t("profile.mayChosen")] as const,
          ["all", t("profile.mayAll")] as const,
        ]}
        help={may === "all" ? t("profile.mayAllHelp") : t("profile.narrowedHelp")}
      />
      {may === "chosen" && <PermissionChoice chosen={chosen} choose={setChosen} />}
      <TextField
        label={t("profile.onlyOn")}
        help={t("profile.onlyOnHelp")}
        placeholder={"tag = web" /* the filter language has no other */}
        value={filter}
        onChange={setFilter}
      />
    </FormDialog>
  );
}
