import { useState } from "react";
import { CheckField } from "../../forms/CheckField.tsx";
import { FormDialog } from "../../forms/FormDialog.tsx";
import { TextField } from "../../forms/TextField.tsx";
import { readAnew } from "../../live/useAnswer.ts";
import { api } from "../../session/session.ts";
import { useTexts } from "../../texts/texts.ts";
import { groupLines, settingsOf, textSettings, textsOf, type Provider } from "./provider.ts";

/** Makes or changes an identity provider. Its secret is written and never shown. */
export function ProviderForm({ kind, provider, close }: { kind: "oidc" | "ldap"; provider?: Provider; close: () => void }) {
  const { t } = useTexts();
  const settings = provider?.settings;
  const [name, setName] = useState(provider?.name ?? "");
  const [texts, setTexts] = useState(() => textsOf(kind, settings));
  const [secret, setSecret] = useState("");
  const [groups, setGroups] = useState(groupLines(settings?.groups ?? []));
  const [ca, setCa] = useState(settings?.ca ?? "");
  const [create, setCreate] = useState(settings?.create ?? true);
  const [startTls, setStartTls] = useState(settings?.kind === "ldap" && settings.startTls);
  const [enabled, setEnabled] = useState(provider?.enabled ?? true);
  const lacking = name.trim() === "" || textSettings[kind].some((each) => each.required && texts[each.name]?.trim() === "");
  const submit = async (): Promise<void> => {
    const body = { enabled, settings: settingsOf(kind, texts, { groups, ca, create, startTls }), ...(secret === "" ? {} : { secret }) };
    await api.call("identityProviderPut", { params: { id: name.trim() }, body, ...(provider ? { ifMatch: `"${provider.revision}"` } : {}) });
    await readAnew("identityProviderList");
  };
  return (
    <FormDialog
      size="medium"
      title={provider?.name ?? t(kind === "oidc" ? "administration.newOidc" : "administration.newLdap")}
      go={provider ? t("shell.save") : t("administration.make")}
      submit={submit}
      close={close}
      blocked={lacking}
    >
      {!provider && (
        <TextField label={t("fields.name")} help={t("administration.idp.nameHelp")} value={name} onChange={setName} maxLength={32} required autoFocus />
      )}
      {kind === "oidc" && (
        <p>
          {t("administration.idp.redirect")} <code>{`${texts["serverUrl"]?.trim() || location.origin}/api/v1/sign-in/oidc/callback`}</code>
        </p>
      )}
      <div className="pv-fields">
        {textSettings[kind].map((each) => (
          <TextField
            key={each.name}
            label={t(each.text)}
            {...(each.help ? { help: t(each.help) } : {})}
            {...(each.placeholder ? { placeholder: each.placeholder } : {})}
            required={each.required ?? false}
            value={texts[each.name] ?? ""}
            onChange={(value) => setTexts({ ...texts, [each.name]: value })}
            maxLength={1024}
          />
        ))}
        <TextField
          label={t(kind === "oidc" ? "administration.idp.clientSecret" : "administration.idp.bindPassPhrase")}
          {...(provider?.hasSecret ? { help: t("administration.idp.secretKept") } : {})}
          type="password"
          autoComplete="new-password"
          value={secret}
          onChange={setSecret}
        />
      </div>
      <TextField
        label={t("administration.idp.groups")}
        help={t("administration.idp.groupsHelp")}
        value={groups}
        onChange={setGroups}
        lines={3}
        maxLength={65_536}
      />
      <TextField label={t("administration.idp.ca")} help={t("administration.idp.caHelp")} value={ca} onChange={setCa} lines={3} maxLength={65_536} />
      {kind === "ldap" && <CheckField label={t("administration.idp.startTls")} value={startTls} onChange={setStartTls} />}
      <CheckField label={t("administration.idp.create")} help={t("administration.idp.createHelp")} value={create} onChange={setCreate} />
      <CheckField label={t("administration.idp.enabled")} value={enabled} onChange={setEnabled} />
    </FormDialog>
  );
}
