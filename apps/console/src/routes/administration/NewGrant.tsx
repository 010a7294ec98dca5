import { useState } from "react";
import { ChoiceField } from "../../forms/ChoiceField.tsx";
import { FormDialog } from "../../forms/FormDialog.tsx";
import { TextField } from "../../forms/TextField.tsx";
import { readAnew, useAnswer } from "../../live/useAnswer.ts";
import { usePermissions } from "../../actions/usePermissions.ts";
import { api } from "../../session/session.ts";
import { useTexts } from "../../texts/texts.ts";

type Where = "site" | "folder" | "tag" | "selector" | "object";

/** Gives a role to an account or a group somewhere, or denies it. @param object an object that it is about from the beginning */
export function NewGrant({ object, close }: { object?: { id: string; name: string }; close: () => void }) {
  const { t } = useTexts();
  const mine = usePermissions(undefined);
  const listsAccounts = mine?.includes("account.administer") ?? false;
  const accounts = useAnswer("accountList", { query: { limit: 1000 } }, listsAccounts);
  const groups = useAnswer("groupList", undefined, listsAccounts);
  const roles = useAnswer("roleList");
  const folders = useAnswer("folderList");
  const [effect, setEffect] = useState<"allow" | "deny">("allow");
  const [kind, setKind] = useState<"group" | "account">("group");
  const [whom, setWhom] = useState("");
  const [role, setRole] = useState("");
  const [where, setWhere] = useState<Where>(object ? "object" : "folder");
  const [place, setPlace] = useState(object?.id ?? "");
  const roleNames = (roles.data?.items ?? []).map(({ name }) => name);
  const chosenRole = role || (roleNames.includes("viewer") ? "viewer" : (roleNames[0] ?? ""));
  const submit = async (): Promise<void> => {
    const on = where === "site" ? { site: true as const } : { [where]: place.trim() };
    await api.call("grantCreate", { body: { role: chosenRole, [kind]: whom.trim(), on, effect } });
    await readAnew("grantList", "permissionEffective", "permissionWhy");
  };
  const offered = (kind === "group" ? groups.data?.items : accounts.data?.items) ?? [];
  return (
    <FormDialog
      title={object ? t("access.grantOn", { name: object.name }) : t("administration.newGrant")}
      go={effect === "allow" ? t("access.give") : t("access.deny")}
      danger={effect === "deny"}
      submit={submit}
      close={close}
      blocked={whom.trim() === "" || chosenRole === "" || (where !== "site" && place.trim() === "")}
    >
      <ChoiceField
        label={t("access.effect")}
        value={effect}
        onChange={setEffect}
        options={[
          ["allow", t("access.effects.allow")],
          ["deny", t("access.effects.deny")],
        ]}
        {...(effect === "deny" ? { help: t("access.denialWins") } : {})}
      />
      <ChoiceField label={t("access.role")} value={chosenRole} onChange={setRole} options={roleNames.map((name) => [name, name] as const)} required />
      <ChoiceField
        label={t("access.whomKind")}
        value={kind}
        onChange={setKind}
        options={[
          ["group", t("access.group")],
          ["account", t("access.account")],
        ]}
      />
      <TextField
        label={kind === "group" ? t("administration.group") : t("administration.account")}
        value={whom}
        onChange={setWhom}
        maxLength={512}
        offers={offered.map(({ name }) => name)}
        required
      />
      {!object && (
        <ChoiceField
          label={t("access.where")}
          value={where}
          onChange={(next) => {
            setWhere(next);
            setPlace("");
          }}
          options={(["folder", "tag", "selector", "object", "site"] as const).map((each) => [each, t(`access.places.${each}`)] as const)}
        />
      )}
      {!object && where !== "site" && (
        <TextField
          label={t(`access.places.${where}`)}
          help={t(`access.placeHelp.${where}`)}
          value={place}
          onChange={setPlace}
          {...(where === "folder" ? { offers: (folders.data?.items ?? []).map(({ path }) => path) } : {})}
          required
        />
      )}
    </FormDialog>
  );
}
