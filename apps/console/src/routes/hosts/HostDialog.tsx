import type { Host } from "@polyvisor/model";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { FormDialog } from "../../forms/FormDialog.tsx";
import { TextField } from "../../forms/TextField.tsx";
import { live } from "../../live/live.ts";
import { useAnswer } from "../../live/useAnswer.ts";
import { api } from "../../session/session.ts";
import { toasts } from "../../shell/toasts.ts";
import { useTexts } from "../../texts/texts.ts";

interface Props {
  which: "edit" | "credential" | "disable" | "remove";
  host: Host;
  close: () => void;
}

/** Changes what is kept of a host, what it is signed in to with, whether it is connected, or forgets it. */
export default function HostDialog({ which, host, close }: Props) {
  const { t } = useTexts();
  const navigate = useNavigate();
  const params = { id: host.id };
  const change = async (body: { enabled?: boolean }): Promise<void> => live.put([await api.call("hostChange", { params, body })]);
  switch (which) {
    case "edit":
      return <Edit host={host} close={close} />;
    case "credential":
      return <Credential host={host} close={close} />;
    case "disable":
      return (
        <FormDialog
          danger
          title={t("hostActions.disableOne", { name: host.name })}
          go={t("hostActions.disable")}
          submit={() => change({ enabled: false })}
          close={close}
        >
          <p>{t("hostActions.disableMeans")}</p>
        </FormDialog>
      );
    case "remove": {
      const remove = async (): Promise<void> => {
        await api.call("hostRemove", { params });
        toasts.add({ text: t("hostActions.removed", { name: host.name }) });
        await navigate({ to: "/hosts" as "/" });
      };
      return (
        <FormDialog danger title={t("hostActions.removeOne", { name: host.name })} go={t("hostActions.remove")} submit={remove} close={close}>
          <p>{t("hostActions.removeMeans")}</p>
        </FormDialog>
      );
    }
  }
}

/** Only what was changed here is sent, upon the revision that was seen: who changed something meanwhile is not overwritten. */
function Edit({ host, close }: Omit<Props, "which">) {
  const { t } = useTexts();
  const [seen] = useState(host);
  const folders = useAnswer("folderList");
  const pathNow = folders.data?.items.find(({ id }) => id === seen.folder)?.path;
  const [name, setName] = useState(seen.name);
  const [tags, setTags] = useState(seen.tags.join(", "));
  const [folder, setFolder] = useState<string>();
  const submit = async (): Promise<void> => {
    const wanted = [...new Set(tags.split(",").map((tag) => tag.trim()).filter(Boolean))]; // prettier-ignore
    const body = {
      ...(name.trim() === seen.name ? {} : { name: name.trim() }),
      ...(wanted.join("\n") === seen.tags.join("\n") ? {} : { tags: wanted }),
      ...(folder === undefined || folder.trim() === (pathNow ?? "") ? {} : { folder: folder.trim() === "" ? null : folder.trim() }),
    };
    if (Object.keys(body).length === 0) return;
    live.put([await api.call("hostChange", { params: { id: seen.id }, body, ifMatch: `"${revisionFor(seen, host)}"` })]);
  };
  return (
    <FormDialog title={t("hostActions.edit", { name: seen.name })} go={t("shell.save")} submit={submit} close={close} blocked={name.trim() === ""}>
      <TextField label={t("fields.name")} value={name} onChange={setName} maxLength={255} required autoFocus />
      <TextField label={t("fields.tags")} help={t("addHost.tagsHelp")} value={tags} onChange={setTags} />
      <TextField
        label={t("access.places.folder")}
        help={t("hostActions.folderHelp")}
        value={folder ?? pathNow ?? ""}
        onChange={setFolder}
        offers={(folders.data?.items ?? []).map(({ path }) => path)}
      />
    </FormDialog>
  );
}

/** Facts and the connection of a host change by themselves; they are no reason to refuse an operator's change of its name. */
const revisionFor = (seen: Host, now: Host): number =>
  seen.name === now.name && seen.folder === now.folder && seen.tags.join("\n") === now.tags.join("\n") ? now.revision : seen.revision;

function Credential({ host, close }: Omit<Props, "which">) {
  const { t } = useTexts();
  const [username, setUsername] = useState("");
  const [password, setPassword] = useState("");
  const submit = async (): Promise<void> => {
    live.put([await api.call("hostChange", { params: { id: host.id }, body: { credential: { username: username.trim(), password } } })]);
    toasts.add({ text: t("hostActions.credentialKept", { name: host.name }) });
  };
  return (
    <FormDialog
      title={t("hostActions.credentialOf", { name: host.name })}
      go={t("shell.save")}
      submit={submit}
      close={close}
      blocked={username.trim() === "" || password === ""}
    >
      <p>{t("hostActions.credentialMeans")}</p>
      <TextField label={t("addHost.username")} value={username} onChange={setUsername} maxLength={1024} required autoFocus />
      <TextField label={t("signIn.passPhrase")} type="password" autoComplete="new-password" value={password} onChange={setPassword} required />
    </FormDialog>
  );
}
