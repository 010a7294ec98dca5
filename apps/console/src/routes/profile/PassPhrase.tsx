import { Button } from "@patternfly/react-core/dist/esm/components/Button";
import { useState } from "react";
import { FormDialog } from "../../forms/FormDialog.tsx";
import { TextField } from "../../forms/TextField.tsx";
import { readAnew } from "../../live/useAnswer.ts";
import { api } from "../../session/session.ts";
import { toasts } from "../../shell/toasts.ts";
import { useTexts } from "../../texts/texts.ts";
import { Card } from "../../ui/Card.tsx";

/** Characters that a pass phrase has at least. */
const least = 8;

/** The own pass phrase: set or changed, never shown. */
export function PassPhrase({ has }: { has: boolean }) {
  const { t } = useTexts();
  const [open, setOpen] = useState(false);
  const [current, setCurrent] = useState("");
  const [next, setNext] = useState("");
  const [again, setAgain] = useState("");
  const close = (): void => {
    setOpen(false);
    for (const clear of [setCurrent, setNext, setAgain]) clear("");
  };
  const submit = async (): Promise<void> => {
    await api.call("accountPassPhrase", { body: { new: next, ...(has ? { current } : {}) } });
    toasts.add({ text: t("profile.passPhraseSet") });
    await readAnew("accountGet", "sessionList");
  };
  const tooShort = [...next].length < least;
  return (
    <Card title={t("profile.passPhrase")}>
      <p>{has ? t("profile.hasPassPhrase") : t("profile.noPassPhrase")}</p>
      <div className="pv-buttons">
        <Button variant="secondary" onClick={() => setOpen(true)}>
          {has ? t("profile.changePassPhrase") : t("profile.setPassPhrase")}
        </Button>
      </div>
      {open && (
        <FormDialog
          title={has ? t("profile.changePassPhrase") : t("profile.setPassPhrase")}
          go={t("shell.save")}
          submit={submit}
          close={close}
          blocked={tooShort || next !== again || (has && current === "")}
        >
          {has && (
            <TextField label={t("profile.current")} type="password" autoComplete="current-password" value={current} onChange={setCurrent} required autoFocus />
          )}
          <TextField
            label={t("profile.next")}
            help={t("profile.passPhraseHelp")}
            type="password"
            autoComplete="new-password"
            value={next}
            onChange={setNext}
            required
          />
          <TextField
            label={t("profile.again")}
            {...(again !== "" && again !== next ? { help: t("profile.differs") } : {})}
            type="password"
            autoComplete="new-password"
            value={again}
            onChange={setAgain}
            required
          />
        </FormDialog>
      )}
    </Card>
  );
}
