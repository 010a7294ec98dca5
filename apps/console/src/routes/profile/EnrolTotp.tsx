import { useEffect, useState } from "react";
import { FormDialog } from "../../forms/FormDialog.tsx";
import { TextField } from "../../forms/TextField.tsx";
import { readAnew } from "../../live/useAnswer.ts";
import { api } from "../../session/session.ts";
import { useTexts } from "../../texts/texts.ts";
import { Failure } from "../../ui/Failure.tsx";
import { Secret } from "../../ui/Secret.tsx";
import { QrCode } from "./QrCode.tsx";
import { RecoveryCodes } from "./RecoveryCodes.tsx";

/** Sets an authenticator up: its secret as a picture and as text, its first code, and the recovery codes. */
export default function EnrolTotp({ close }: { close: () => void }) {
  const { t } = useTexts();
  const [begun, setBegun] = useState<{ secret: string; uri: string }>();
  const [failure, setFailure] = useState<unknown>();
  const [code, setCode] = useState("");
  const [codes, setCodes] = useState<readonly string[]>();
  useEffect(() => {
    let here = true;
    api.call("totpBegin").then(
      (answer) => here && setBegun(answer),
      (error: unknown) => here && setFailure(error),
    );
    return () => {
      here = false;
    };
  }, []);
  const end = (): void => {
    close();
    void readAnew("accountGet");
  };
  if (codes) return <RecoveryCodes codes={codes} close={end} />;
  const confirm = async (): Promise<void> => setCodes((await api.call("totpConfirm", { body: { code: code.replace(/\s/g, "") } })).recoveryCodes);
  return (
    <FormDialog
      title={t("profile.enrolTotp")}
      go={t("profile.confirm")}
      submit={confirm}
      close={() => undefined}
      cancel={close}
      blocked={begun === undefined || code.trim() === ""}
    >
      {failure !== undefined && <Failure error={failure} />}
      {begun && (
        <>
          <p>{t("profile.scan")}</p>
          <QrCode text={begun.uri} label={t("profile.qr")} />
          <p>{t("profile.orType")}</p>
          <Secret label={t("profile.secret")} text={begun.secret.replace(/(.{4})(?=.)/g, "$1 ")} lines={2} />
          <TextField
            label={t("profile.firstCode")}
            autoComplete="one-time-code"
            inputMode="numeric"
            value={code}
            onChange={setCode}
            maxLength={16}
            required
            autoFocus
          />
        </>
      )}
    </FormDialog>
  );
}
