import { Button } from "@patternfly/react-core/dist/esm/components/Button";
import { Modal, ModalBody, ModalFooter, ModalHeader } from "@patternfly/react-core/dist/esm/components/Modal";
import type { Permission } from "@polyvisor/model/tables";
import { useState } from "react";
import { PermissionChoice } from "../../access/PermissionChoice.tsx";
import { FormDialog } from "../../forms/FormDialog.tsx";
import { TextField } from "../../forms/TextField.tsx";
import { readAnew } from "../../live/useAnswer.ts";
import { api } from "../../session/session.ts";
import { useTexts } from "../../texts/texts.ts";

export type Role = Awaited<ReturnType<typeof api.call<"roleList">>>["items"][number];

/** Makes a role, changes one, or shows one that is built in. */
export function RoleForm({ role, readOnly, close }: { role: Role | undefined; readOnly: string | undefined; close: () => void }) {
  const { t } = useTexts();
  const [name, setName] = useState(role?.name ?? "");
  const [description, setDescription] = useState(role?.description ?? "");
  const [chosen, setChosen] = useState<readonly Permission[]>(role?.permissions ?? []);
  const locked = readOnly ?? (role?.builtIn ? t("administration.builtInRole") : undefined);
  if (role && locked !== undefined)
    return (
      <Modal isOpen variant="medium" onClose={close} aria-labelledby="role-title">
        <ModalHeader title={role.name} labelId="role-title" description={locked} />
        <ModalBody tabIndex={0} aria-labelledby="role-title">
          <p>{role.description}</p>
          <PermissionChoice chosen={role.permissions} />
        </ModalBody>
        <ModalFooter>
          <Button onClick={close}>{t("shell.close")}</Button>
        </ModalFooter>
      </Modal>
    );
  const submit = async (): Promise<void> => {
    const body = { name: name.trim(), description: description.trim(), permissions: [...chosen] };
    await (role ? api.call("roleChange", { params: { id: role.id }, body, ifMatch: `"${role.revision}"` }) : api.call("roleCreate", { body }));
    await readAnew("roleList");
  };
  return (
    <FormDialog
      size="medium"
      title={role?.name ?? t("administration.newRole")}
      go={role ? t("shell.save") : t("administration.make")}
      submit={submit}
      close={close}
      blocked={name.trim() === "" || chosen.length === 0}
    >
      <TextField label={t("fields.name")} help={t("administration.roleNameHelp")} value={name} onChange={setName} maxLength={64} required autoFocus />
      <TextField label={t("fields.description")} value={description} onChange={setDescription} maxLength={1024} />
      <PermissionChoice chosen={chosen} choose={setChosen} />
    </FormDialog>
  );
}
