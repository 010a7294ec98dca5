import { Button } from "@patternfly/react-core/dist/esm/components/Button";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { FormDialog } from "../../forms/FormDialog.tsx";
import { TextField } from "../../forms/TextField.tsx";
import { readAnew, useAnswer } from "../../live/useAnswer.ts";
import { api } from "../../session/session.ts";
import { useTexts } from "../../texts/texts.ts";
import { Ago } from "../../ui/Ago.tsx";
import { Answered } from "../../ui/Answered.tsx";
import { ConsoleLink } from "../../ui/ConsoleLink.tsx";
import { Name } from "../../ui/Name.tsx";
import { PlainTable } from "../../ui/PlainTable.tsx";
import { groupPath } from "./account.ts";
import { AdminPage } from "./AdminPage.tsx";

/** Groups of accounts. */
export default function GroupsPage() {
  const { t } = useTexts();
  const groups = useAnswer("groupList");
  const [making, setMaking] = useState(false);
  return (
    <AdminPage
      title={t("administration.groups")}
      lead={t("administration.groupsLead")}
      actions={<Button onClick={() => setMaking(true)}>{t("administration.newGroup")}</Button>}
    >
      <Answered of={groups}>
        {({ items }) => (
          <PlainTable
            label={t("administration.groups")}
            rows={items}
            keyOf={({ id }) => id}
            empty={t("administration.noGroupsYet")}
            columns={[
              {
                text: "fields.name",
                cell: ({ id, name }) => (
                  <ConsoleLink to={groupPath(id)}>
                    <Name>{name}</Name>
                  </ConsoleLink>
                ),
              },
              { text: "fields.description", wide: true, cell: ({ description }) => <bdi>{description}</bdi> },
              { text: "administration.members", align: "end", cell: ({ members }) => members },
              { text: "administration.made", wide: true, cell: ({ createdAt }) => <Ago time={createdAt} /> },
            ]}
          />
        )}
      </Answered>
      {making && <NewGroup close={() => setMaking(false)} />}
    </AdminPage>
  );
}

function NewGroup({ close }: { close: () => void }) {
  const { t } = useTexts();
  const navigate = useNavigate();
  const [name, setName] = useState("");
  const [description, setDescription] = useState("");
  const submit = async (): Promise<void> => {
    const { id } = await api.call("groupCreate", { body: { name: name.trim(), description: description.trim() } });
    await readAnew("groupList");
    await navigate({ to: groupPath(id) as "/" });
  };
  return (
    <FormDialog title={t("administration.newGroup")} go={t("administration.make")} submit={submit} close={close} blocked={name.trim() === ""}>
      <TextField label={t("fields.name")} value={name} onChange={setName} maxLength={128} required autoFocus />
      <TextField label={t("fields.description")} value={description} onChange={setDescription} maxLength={1024} lines={3} />
    </FormDialog>
  );
}
