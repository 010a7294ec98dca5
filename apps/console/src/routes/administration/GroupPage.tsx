import { Button } from "@patternfly/react-core/dist/esm/components/Button";
import { useNavigate, useParams } from "@tanstack/react-router";
import { useState, type FormEvent } from "react";
import { usePermissions } from "../../actions/usePermissions.ts";
import { FormDialog } from "../../forms/FormDialog.tsx";
import { TextField } from "../../forms/TextField.tsx";
import { readAnew, useAnswer } from "../../live/useAnswer.ts";
import { api } from "../../session/session.ts";
import { tellFailure } from "../../shell/toasts.ts";
import { useTexts } from "../../texts/texts.ts";
import { Answered } from "../../ui/Answered.tsx";
import { Card } from "../../ui/Card.tsx";
import { ConsoleLink } from "../../ui/ConsoleLink.tsx";
import { Name } from "../../ui/Name.tsx";
import { PlainTable } from "../../ui/PlainTable.tsx";
import { accountPath } from "./account.ts";
import { AdminPage } from "./AdminPage.tsx";
import { GrantTable } from "./GrantTable.tsx";

/** One group and who is in it. */
export default function GroupPage() {
  const { t } = useTexts();
  const { id } = useParams({ strict: false }) as { id: string };
  const group = useAnswer("groupGet", { params: { id } });
  const permissions = usePermissions(undefined);
  const [dialog, setDialog] = useState<"change" | "remove">();
  const change = (route: "memberAdd" | "memberRemove", account: string): Promise<void> =>
    api.call(route, { params: { id, account } }).then(() => readAnew("groupGet", "groupList", "accountShow", "accountList"));
  return (
    <AdminPage
      title={group.data?.name ?? t("administration.group")}
      above={{ path: "/administration/groups", text: "administration.groups" }}
      {...(group.data?.description ? { lead: group.data.description } : {})}
      actions={
        group.data && (
          <>
            <Button variant="secondary" onClick={() => setDialog("change")}>
              {t("shell.edit")}
            </Button>
            <Button variant="secondary" isDanger onClick={() => setDialog("remove")}>
              {t("administration.remove")}
            </Button>
          </>
        )
      }
    >
      <Answered of={group}>
        {({ accounts }) => (
          <div className="pv-cards">
            <Card title={t("administration.members")} wide>
              <PlainTable
                label={t("administration.members")}
                rows={accounts}
                keyOf={(each) => `${each.id} ${each.via}`}
                empty={t("administration.noMembers")}
                columns={[
                  {
                    text: "fields.name",
                    cell: (each) => (
                      <ConsoleLink to={accountPath(each.id)}>
                        <Name>{each.name}</Name>
                      </ConsoleLink>
                    ),
                  },
                  { text: "administration.from", cell: ({ via }) => (via === "local" ? t("administration.putHere") : via) },
                ]}
                actions={(each) =>
                  each.via === "local" && (
                    <Button
                      variant="link"
                      isInline
                      onClick={() => tellFailure(change("memberRemove", each.id))}
                      aria-label={t("administration.takeOut", { name: each.name })}
                    >
                      {t("administration.takeOutShort")}
                    </Button>
                  )
                }
              />
              <AddMember add={(account) => change("memberAdd", account)} />
            </Card>
            {permissions?.includes("role.administer") && (
              <Card title={t("administration.grants")} wide>
                <GrantTable subjects={[id]} />
              </Card>
            )}
          </div>
        )}
      </Answered>
      {dialog && group.data && <GroupDialog which={dialog} group={group.data} close={() => setDialog(undefined)} />}
    </AdminPage>
  );
}

function AddMember({ add }: { add: (account: string) => Promise<void> }) {
  const { t } = useTexts();
  const accounts = useAnswer("accountList", { query: { limit: 1000 } });
  const [name, setName] = useState("");
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    tellFailure(add(name.trim()).then(() => setName("")));
  };
  return (
    <form className="pv-inline-form" onSubmit={submit}>
      <TextField
        label={t("administration.addMember")}
        value={name}
        onChange={setName}
        maxLength={512}
        offers={(accounts.data?.items ?? []).map((each) => each.name)}
      />
      <Button type="submit" variant="secondary" isDisabled={name.trim() === ""}>
        {t("shell.add")}
      </Button>
    </form>
  );
}

function GroupDialog({
  which,
  group,
  close,
}: {
  which: "change" | "remove";
  group: { id: string; name: string; description: string; revision: number };
  close: () => void;
}) {
  const { t } = useTexts();
  const navigate = useNavigate();
  const [name, setName] = useState(group.name);
  const [description, setDescription] = useState(group.description);
  const params = { id: group.id };
  if (which === "remove") {
    const remove = async (): Promise<void> => {
      await api.call("groupRemove", { params });
      await navigate({ to: "/administration/groups" as "/" });
      await readAnew("groupList", "accountList");
    };
    return (
      <FormDialog danger title={t("administration.removeOne", { name: group.name })} go={t("administration.remove")} submit={remove} close={close}>
        <p>{t("administration.removeGroupDanger")}</p>
      </FormDialog>
    );
  }
  const change = async (): Promise<void> => {
    await api.call("groupChange", { params, body: { name: name.trim(), description: description.trim() }, ifMatch: `"${group.revision}"` });
    await readAnew("groupGet", "groupList");
  };
  return (
    <FormDialog title={group.name} go={t("shell.save")} submit={change} close={close} blocked={name.trim() === ""}>
      <TextField label={t("fields.name")} value={name} onChange={setName} maxLength={128} required autoFocus />
      <TextField label={t("fields.description")} value={description} onChange={setDescription} maxLength={1024} lines={3} />
    </FormDialog>
  );
}
