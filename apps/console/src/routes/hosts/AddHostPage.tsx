import "../administration/administration.css";
import { Button } from "@patternfly/react-core/dist/esm/components/Button";
import { Form } from "@patternfly/react-core/dist/esm/components/Form";
import { useNavigate } from "@tanstack/react-router";
import { useState, type FormEvent } from "react";
import { usePermissions } from "../../actions/usePermissions.ts";
import { TextField } from "../../forms/TextField.tsx";
import { live } from "../../live/live.ts";
import { api } from "../../session/session.ts";
import { toasts } from "../../shell/toasts.ts";
import { useTexts } from "../../texts/texts.ts";
import { Card } from "../../ui/Card.tsx";
import { ConsoleLink } from "../../ui/ConsoleLink.tsx";
import { ReasonButton } from "../../ui/ReasonButton.tsx";
import { useTitle } from "../../ui/useTitle.ts";
import { objectPath } from "../links.ts";
import { HostFailure } from "./HostFailure.tsx";
import { HostFound, type Found } from "./HostFound.tsx";
import { emptyDraft, hostUri } from "./hostUri.ts";
import { PlaceFields } from "./PlaceFields.tsx";

/** Adds a host: where it is, what is on it, done. */
export default function AddHostPage() {
  const { t } = useTexts();
  useTitle(t("addHost.title"));
  const navigate = useNavigate();
  const permissions = usePermissions(undefined);
  const [draft, setDraft] = useState(emptyDraft);
  const [more, setMore] = useState({ name: "", tags: "", username: "", password: "" });
  const [trusted, setTrusted] = useState<string>();
  const [found, setFound] = useState<Found>();
  const [failure, setFailure] = useState<unknown>();
  const [busy, setBusy] = useState<"test" | "add">();
  const uri = hostUri(draft);
  const lacking =
    permissions !== undefined && !permissions.includes("host.administer") ? t("actions.noPermission", { permission: "host.administer" }) : undefined;
  /** What was found out holds for what was asked only. */
  const forget = (): void => {
    setFound(undefined);
    setFailure(undefined);
    setTrusted(undefined);
  };
  const ask = async (what: "test" | "add", fingerprint = trusted): Promise<void> => {
    if (uri === undefined || lacking !== undefined) return;
    setBusy(what);
    setFailure(undefined);
    const tags = [...new Set(more.tags.split(/[\s,]+/).filter(Boolean))];
    const body = {
      uri,
      ...(more.name.trim() === "" ? {} : { name: more.name.trim() }),
      ...(tags.length === 0 ? {} : { tags }),
      ...(more.username === "" ? {} : { credential: { username: more.username, password: more.password } }),
      ...(fingerprint === undefined ? {} : { fingerprint }),
    };
    try {
      if (what === "test") setFound(await api.call("hostTest", { body }));
      else {
        const host = await api.call("hostAdd", { body });
        live.put([host]);
        toasts.add({ text: t("addHost.added", { name: host.name }) });
        await navigate({ to: objectPath("host", host.id) as "/" });
      }
    } catch (error) {
      setFound(undefined);
      setFailure(error);
    } finally {
      setBusy(undefined);
    }
  };
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    void ask("add");
  };
  const set = (change: Partial<typeof more>): void => {
    setMore({ ...more, ...change });
    if ("username" in change || "password" in change) forget();
  };
  return (
    <article className="pv-object">
      <header className="pv-object__head">
        <nav className="pv-crumbs" aria-label={t("shell.crumbs")}>
          <ConsoleLink to="/hosts">{t("objects.lists.host")}</ConsoleLink>
        </nav>
        <div className="pv-object__title">
          <h1>{t("addHost.title")}</h1>
        </div>
      </header>
      <div className="pv-object__body">
        <Form onSubmit={submit} className="pv-add-host">
          <Card title={t("addHost.where")} wide>
            <PlaceFields
              draft={draft}
              change={(change) => {
                setDraft({ ...draft, ...change });
                forget();
              }}
            />
            <p className="pv-uri">
              <span className="pv-quiet">{t("fields.uri")}</span> <code data-uri>{uri ?? "…"}</code>
            </p>
          </Card>
          <Card title={t("addHost.more")} wide>
            <div className="pv-fields">
              <TextField label={t("fields.name")} help={t("addHost.nameHelp")} value={more.name} onChange={(name) => set({ name })} maxLength={255} />
              <TextField label={t("fields.tags")} help={t("addHost.tagsHelp")} value={more.tags} onChange={(tags) => set({ tags })} />
              {draft.way !== "local" && draft.way !== "simulated" && (
                <>
                  <TextField
                    label={t("addHost.username")}
                    help={t("addHost.credentialHelp")}
                    value={more.username}
                    onChange={(username) => set({ username })}
                    maxLength={1024}
                  />
                  <TextField
                    label={t("signIn.passPhrase")}
                    type="password"
                    autoComplete="new-password"
                    value={more.password}
                    onChange={(password) => set({ password })}
                  />
                </>
              )}
            </div>
          </Card>
          {failure !== undefined && (
            <HostFailure
              error={failure}
              trust={(fingerprint) => {
                setTrusted(fingerprint);
                void ask("test", fingerprint);
              }}
            />
          )}
          {found && <HostFound found={found} />}
          <div className="pv-buttons">
            <ReasonButton
              variant="secondary"
              reason={lacking ?? (uri === undefined ? t("addHost.incomplete") : undefined)}
              isLoading={busy === "test"}
              isDisabled={busy !== undefined}
              onClick={() => void ask("test")}
            >
              {t("addHost.test")}
            </ReasonButton>
            {lacking === undefined && uri !== undefined ? (
              <Button type="submit" isLoading={busy === "add"} isDisabled={busy !== undefined}>
                {t("addHost.add")}
              </Button>
            ) : (
              <ReasonButton reason={lacking ?? t("addHost.incomplete")}>{t("addHost.add")}</ReasonButton>
            )}
          </div>
        </Form>
      </div>
    </article>
  );
}
