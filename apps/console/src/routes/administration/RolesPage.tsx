import { Button } from "@patternfly/react-core/dist/esm/components/Button";
import { permissions as permissionTable } from "@polyvisor/model/tables";
import { useState } from "react";
import { usePermissions } from "../../actions/usePermissions.ts";
import { FormDialog } from "../../forms/FormDialog.tsx";
import { readAnew, useAnswer } from "../../live/useAnswer.ts";
import { api } from "../../session/session.ts";
import { useTexts } from "../../texts/texts.ts";
import { Answered } from "../../ui/Answered.tsx";
import { Name } from "../../ui/Name.tsx";
import { PlainTable } from "../../ui/PlainTable.tsx";
import { ReasonButton } from "../../ui/ReasonButton.tsx";
import { AdminPage } from "./AdminPage.tsx";
import { RoleForm, type Role } from "./RoleForm.tsx";

/** How many permissions there are. */
const everything = Object.keys(permissionTable).length;

/** Roles: what may be done together. */
export default function RolesPage() {
  const { t } = useTexts();
  const roles = useAnswer("roleList");
  const mine = usePermissions(undefined);
  const [editing, setEditing] = useState<Role | "new">();
  const [removing, setRemoving] = useState<Role>();
  const lacking = mine !== undefined && !mine.includes("role.administer") ? t("actions.noPermission", { permission: "role.administer" }) : undefined;
  const remove = async (role: Role): Promise<void> => {
    await api.call("roleRemove", { params: { id: role.id }, ifMatch: `"${role.revision}"` });
    await readAnew("roleList");
  };
  return (
    <AdminPage
      title={t("administration.roles")}
      lead={t("administration.rolesLead")}
      actions={
        <ReasonButton reason={lacking} onClick={() => setEditing("new")}>
          {t("administration.newRole")}
        </ReasonButton>
      }
    >
      <Answered of={roles}>
        {({ items }) => (
          <PlainTable
            label={t("administration.roles")}
            rows={items}
            keyOf={({ id }) => id}
            empty=""
            columns={[
              { text: "fields.name", cell: ({ name }) => <Name>{name}</Name> },
              { text: "fields.description", wide: true, cell: ({ description }) => <bdi>{description}</bdi> },
              {
                text: "administration.permissions",
                cell: ({ permissions }) => (
                  <span title={permissions.join("\n")}>
                    {permissions.length === everything
                      ? t("administration.allPermissions")
                      : t("administration.permissionCount", { count: permissions.length })}
                  </span>
                ),
              },
            ]}
            actions={(role) => (
              <>
                <Button
                  variant="link"
                  isInline
                  onClick={() => setEditing(role)}
                  aria-label={`${role.builtIn ? t("administration.look") : t("shell.edit")}: ${role.name}`}
                >
                  {role.builtIn ? t("administration.look") : t("shell.edit")}
                </Button>{" "}
                <ReasonButton
                  variant="link"
                  isInline
                  isDanger
                  reason={lacking ?? (role.builtIn ? t("administration.builtInRole") : undefined)}
                  onClick={() => setRemoving(role)}
                  aria-label={`${t("administration.remove")}: ${role.name}`}
                >
                  {t("administration.remove")}
                </ReasonButton>
              </>
            )}
          />
        )}
      </Answered>
      {editing && <RoleForm role={editing === "new" ? undefined : editing} readOnly={lacking} close={() => setEditing(undefined)} />}
      {removing && (
        <FormDialog
          danger
          title={t("administration.removeOne", { name: removing.name })}
          go={t("administration.remove")}
          submit={() => remove(removing)}
          close={() => setRemoving(undefined)}
        >
          <p>{t("administration.removeRoleDanger")}</p>
        </FormDialog>
      )}
    </AdminPage>
  );
}
