import { Button } from "@patternfly/react-core/dist/esm/components/Button";
import { lazy, Suspense, useState } from "react";
import { FormDialog } from "../../forms/FormDialog.tsx";
import { TextField } from "../../forms/TextField.tsx";
import { readAnew } from "../../live/useAnswer.ts";
import { api } from "../../session/session.ts";
import { useTexts } from "../../texts/texts.ts";
import { Card } from "../../ui/Card.tsx";
import { RecoveryCodes } from "./RecoveryCodes.tsx";
import { patient } from "../../session/patient.ts";

// It draws the QR code, which few need and nobody needs twice.
const EnrolTotp = lazy(patient(() => import("./EnrolTotp.tsx")));

/** The authenticator, and the recovery codes for the day it is lost. */
export function SecondFactor({ has }: { has: boolean }) {
  const { t } = useTexts();
  const [open, setOpen] = useState<"enrol" | "remove" | "codes">();
  const [code, setCode] = useState("");
  const [fresh, setFresh] = useState<readonly string[]>();
  const close = (): void => {
    setOpen(undefined);
    setCode("");
    setFresh(undefined);
  };
  const remove = async (): Promise<void> => {
    await api.call("totpRemove", { body: { code: code.trim() } });
    await readAnew("accountGet");
  };
  const make = async (): Promise<void> => setFresh((await api.call("recoveryCodes", { body: { code: code.trim() } })).recoveryCodes);
  const field = <TextField label={t("signIn.secondFactor")} autoComplete="one-time-code" value={code} onChange={setCode} maxLength={128} required autoFocus />;
  return (
    <Card title={t("profile.totp")}>
      <p>{has ? t("profile.hasTotp") : t("profile.noTotp")}</p>
      <div className="pv-buttons">
        {has ? (
          <>
            <Button variant="secondary" onClick={() => setOpen("codes")}>
              {t("profile.freshCodes")}
            </Button>
            <Button variant="secondary" isDanger onClick={() => setOpen("remove")}>
              {t("profile.removeTotp")}
            </Button>
          </>
        ) : (
          <Button variant="secondary" onClick={() => setOpen("enrol")}>
            {t("profile.enrolTotp")}
          </Button>
        )}
      </div>
      {open === "enrol" && (
        <Suspense fallback={null}>
          <EnrolTotp close={close} />
        </Suspense>
      )}
      {open === "remove" && (
        <FormDialog danger title={t("profile.removeTotp")} go={t("administration.remove")} submit={remove} close={close} blocked={code.trim() === ""}>
          <p>{t("profile.removeTotpDanger")}</p>
          {field}
        </FormDialog>
      )}
      {open === "codes" &&
        (fresh ? (
          <RecoveryCodes codes={fresh} close={close} />
        ) : (
          <FormDialog
            title={t("profile.freshCodes")}
            go={t("administration.make")}
            submit={make}
            close={() => undefined}
            cancel={close}
            blocked={code.trim() === ""}
          >
            <p>{t("profile.freshCodesMeans")}</p>
            {field}
          </FormDialog>
        ))}
    </Card>
  );
}
