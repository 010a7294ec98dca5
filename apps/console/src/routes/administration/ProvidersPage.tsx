import { Button } from "@patternfly/react-core/dist/esm/components/Button";
import { useState } from "react";
import { FormDialog } from "../../forms/FormDialog.tsx";
import { readAnew, useAnswer } from "../../live/useAnswer.ts";
import { api } from "../../session/session.ts";
import { useTexts } from "../../texts/texts.ts";
import { Ago } from "../../ui/Ago.tsx";
import { Answered } from "../../ui/Answered.tsx";
import { PlainTable } from "../../ui/PlainTable.tsx";
import { AdminPage } from "./AdminPage.tsx";
import type { Provider } from "./provider.ts";
import { ProviderForm } from "./ProviderForm.tsx";
import { ProviderTest } from "./ProviderTest.tsx";

type Open = { do: "make"; kind: "oidc" | "ldap" } | { do: "edit" | "test" | "remove"; provider: Provider };

/** Identity providers: OpenID Connect and directories. */
export default function ProvidersPage() {
  const { t } = useTexts();
  const providers = useAnswer("identityProviderList");
  const [open, setOpen] = useState<Open>();
  const close = (): void => setOpen(undefined);
  const remove = async ({ name }: Provider): Promise<void> => {
    await api.call("identityProviderRemove", { params: { id: name } });
    await readAnew("identityProviderList");
  };
  return (
    <AdminPage
      title={t("administration.providers")}
      lead={t("administration.providersLead")}
      actions={
        <>
          <Button onClick={() => setOpen({ do: "make", kind: "oidc" })}>{t("administration.newOidc")}</Button>
          <Button variant="secondary" onClick={() => setOpen({ do: "make", kind: "ldap" })}>
            {t("administration.newLdap")}
          </Button>
        </>
      }
    >
      <Answered of={providers}>
        {({ items }) => (
          <PlainTable
            label={t("administration.providers")}
            rows={items}
            keyOf={({ name }) => name}
            empty={t("administration.noProviders")}
            columns={[
              { text: "fields.name", cell: ({ name }) => <bdi>{name}</bdi> },
              { text: "fields.type", cell: ({ settings }) => t(`administration.sources.${settings.kind}`) },
              {
                text: "administration.place",
                wide: true,
                cell: ({ settings }) => <code>{settings.kind === "oidc" ? settings.issuer : settings.urls.join(" ")}</code>,
              },
              { text: "fields.state", cell: ({ enabled }) => (enabled ? t("administration.enabled") : t("administration.disabled")) },
              { text: "administration.changed", wide: true, cell: ({ changedAt }) => <Ago time={changedAt} /> },
            ]}
            actions={(provider) => (
              <>
                <Button variant="link" isInline onClick={() => setOpen({ do: "test", provider })} aria-label={`${t("administration.test")}: ${provider.name}`}>
                  {t("administration.test")}
                </Button>{" "}
                <Button variant="link" isInline onClick={() => setOpen({ do: "edit", provider })} aria-label={`${t("shell.edit")}: ${provider.name}`}>
                  {t("shell.edit")}
                </Button>{" "}
                <Button
                  variant="link"
                  isInline
                  isDanger
                  onClick={() => setOpen({ do: "remove", provider })}
                  aria-label={`${t("administration.remove")}: ${provider.name}`}
                >
                  {t("administration.remove")}
                </Button>
              </>
            )}
          />
        )}
      </Answered>
      {open?.do === "make" && <ProviderForm kind={open.kind} close={close} />}
      {open?.do === "edit" && <ProviderForm kind={open.provider.settings.kind} provider={open.provider} close={close} />}
      {open?.do === "test" && <ProviderTest provider={open.provider} close={close} />}
      {open?.do === "remove" && (
        <FormDialog
          danger
          title={t("administration.removeOne", { name: open.provider.name })}
          go={t("administration.remove")}
          submit={() => remove(open.provider)}
          close={close}
        >
          <p>{t("administration.removeProviderDanger")}</p>
        </FormDialog>
      )}
    </AdminPage>
  );
}
