import { Button } from "@patternfly/react-core/dist/esm/components/Button";
import { useNavigate, useParams } from "@tanstack/react-router";
import { useState } from "react";
import { usePermissions } from "../../actions/usePermissions.ts";
import { FormDialog } from "../../forms/FormDialog.tsx";
import { TextField } from "../../forms/TextField.tsx";
import { readAnew, useAnswer } from "../../live/useAnswer.ts";
import { api } from "../../session/session.ts";
import { useTexts } from "../../texts/texts.ts";
import { Ago } from "../../ui/Ago.tsx";
import { Answered } from "../../ui/Answered.tsx";
import { Card } from "../../ui/Card.tsx";
import { ConsoleLink } from "../../ui/ConsoleLink.tsx";
import { Facts } from "../../ui/Facts.tsx";
import type { KnownAccount } from "./account.ts";
import { AccountGroups } from "./AccountGroups.tsx";
import { AdminPage } from "./AdminPage.tsx";
import { GrantTable } from "./GrantTable.tsx";
import { SessionTable } from "./SessionTable.tsx";
import { SignInCode, type Code } from "./SignInCode.tsx";

type Dialog = "name" | "disable" | "reset" | "remove" | "code";

/** One account: what it is, what it is in, what it has open, and what can be done about it. */
export default function AccountPage() {
  const { t } = useTexts();
  const { id } = useParams({ strict: false }) as { id: string };
  const account = useAnswer("accountShow", { params: { id } });
  const permissions = usePermissions(undefined);
  const [dialog, setDialog] = useState<Dialog>();
  const name = account.data?.name ?? "";
  return (
    <AdminPage
      title={name || t("administration.account")}
      above={{ path: "/administration/accounts", text: "administration.accounts" }}
      actions={account.data && <Actions account={account.data} open={setDialog} />}
    >
      <Answered of={account}>
        {(known) => (
          <div className="pv-cards">
            <Card title={t("administration.account")}>
              <AccountFacts account={known} />
            </Card>
            <AccountGroups account={known} />
            <Card title={t("administration.openSessions")} wide>
              <SessionTable account={known.id} />
            </Card>
            {permissions?.includes("role.administer") && (
              <Card
                title={t("administration.grants")}
                wide
                action={<ConsoleLink to={`/administration/why?${new URLSearchParams({ account: known.name })}`}>{t("administration.why")}</ConsoleLink>}
              >
                <GrantTable subjects={[known.id, ...known.groups.map((group) => group.id)]} />
              </Card>
            )}
          </div>
        )}
      </Answered>
      {dialog && account.data && <AccountDialog key={dialog} which={dialog} account={account.data} close={() => setDialog(undefined)} />}
    </AdminPage>
  );
}

function Actions({ account, open }: { account: KnownAccount; open: (dialog: Dialog) => void }) {
  const { t } = useTexts();
  const enable = async (): Promise<void> => {
    await api.call("accountChange", { params: { id: account.id }, body: { disabled: false }, ifMatch: `"${account.revision}"` });
    await readAnew("accountShow", "accountList");
  };
  return (
    <>
      <Button variant="secondary" onClick={() => open("name")}>
        {t("administration.changeName")}
      </Button>
      {account.disabled ? (
        <Button variant="secondary" onClick={() => void enable()}>
          {t("administration.enable")}
        </Button>
      ) : (
        <Button variant="secondary" onClick={() => open("disable")}>
          {t("administration.disable")}
        </Button>
      )}
      <Button variant="secondary" onClick={() => open("code")}>
        {t("administration.makeCode")}
      </Button>
      <Button variant="secondary" onClick={() => open("reset")}>
        {t("administration.reset")}
      </Button>
      <Button variant="secondary" isDanger onClick={() => open("remove")}>
        {t("administration.remove")}
      </Button>
    </>
  );
}

function AccountFacts({ account }: { account: KnownAccount }) {
  const { t } = useTexts();
  const yes = (is: boolean): string => (is ? t("administration.yes") : t("administration.no"));
  return (
    <Facts
      facts={[
        [t("administration.fullName"), <bdi key="name">{account.displayName}</bdi>],
        [t("fields.state"), account.disabled ? t("administration.disabled") : t("administration.enabled")],
        [t("administration.from"), account.provider ?? t(`administration.sources.${account.source}`)],
        [t("profile.passPhrase"), yes(account.hasPassPhrase)],
        [t("profile.totp"), yes(account.hasTotp)],
        [t("profile.passkeys"), String(account.passkeys)],
        [t("administration.made"), <Ago key="made" time={account.createdAt} />],
        [t("administration.lastSignIn"), account.lastSignInAt === undefined ? t("administration.never") : <Ago key="last" time={account.lastSignInAt} />],
        [t("fields.id"), <code key="id">{account.id}</code>],
      ]}
    />
  );
}

function AccountDialog({ which, account, close }: { which: Dialog; account: KnownAccount; close: () => void }) {
  const { t } = useTexts();
  const navigate = useNavigate();
  const [displayName, setDisplayName] = useState(account.displayName);
  const [code, setCode] = useState<Code>();
  const { id, name } = account;
  const params = { id };
  const change = async (body: { displayName?: string; disabled?: boolean }): Promise<void> => {
    await api.call("accountChange", { params, body, ifMatch: `"${account.revision}"` });
    await readAnew("accountShow", "accountList", "sessionList");
  };
  if (code) return <SignInCode name={name} code={code} close={close} />;
  switch (which) {
    case "name":
      return (
        <FormDialog title={t("administration.changeName")} go={t("shell.save")} submit={() => change({ displayName: displayName.trim() })} close={close}>
          <TextField label={t("administration.fullName")} value={displayName} onChange={setDisplayName} maxLength={255} autoFocus />
        </FormDialog>
      );
    case "disable":
      return (
        <FormDialog
          danger
          title={t("administration.disableOne", { name })}
          go={t("administration.disable")}
          submit={() => change({ disabled: true })}
          close={close}
        >
          <p>{t("administration.disableDanger")}</p>
        </FormDialog>
      );
    case "reset": {
      const reset = async (): Promise<void> => {
        await api.call("accountReset", { params });
        await readAnew("accountShow", "accountList", "sessionList");
      };
      return (
        <FormDialog danger title={t("administration.resetOne", { name })} go={t("administration.reset")} submit={reset} close={close}>
          <p>{t("administration.resetDanger")}</p>
        </FormDialog>
      );
    }
    case "code": {
      const make = async (): Promise<void> => setCode(await api.call("accountCode", { params }));
      return (
        <FormDialog title={t("administration.codeFor", { name })} go={t("administration.make")} submit={make} close={() => undefined} cancel={close}>
          <p>{t("administration.codeMeans", { name })}</p>
        </FormDialog>
      );
    }
    case "remove": {
      const remove = async (): Promise<void> => {
        await api.call("accountRemove", { params });
        await navigate({ to: "/administration/accounts" as "/" });
        await readAnew("accountList", "groupList");
      };
      return (
        <FormDialog danger title={t("administration.removeOne", { name })} go={t("administration.remove")} submit={remove} close={close}>
          <p>{t("administration.removeAccountDanger")}</p>
        </FormDialog>
      );
    }
  }
}
