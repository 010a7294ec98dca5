import { Button } from "@patternfly/react-core/dist/esm/components/Button";
import { Modal, ModalBody, ModalFooter, ModalHeader } from "@patternfly/react-core/dist/esm/components/Modal";
import type { api } from "../../session/session.ts";
import { useTexts } from "../../texts/texts.ts";
import { Secret } from "../../ui/Secret.tsx";
import { dateText } from "../../ui/times.ts";

/** A one-time code. */
export type Code = Awaited<ReturnType<typeof api.call<"accountCode">>>;

/** Shows a one-time code once, as a link to give to its owner and as text to type. */
export function SignInCode({ name, code, close }: { name: string; code: Code; close: () => void }) {
  const { t } = useTexts();
  // Where this browser sees the server its owner sees it too, more likely than where the server thinks it is.
  const link = `${location.origin}/#sign-in=${code.code}`;
  return (
    <Modal isOpen variant="small" onClose={close} aria-labelledby="sign-in-code-title">
      <ModalHeader title={t("administration.codeFor", { name })} labelId="sign-in-code-title" />
      <ModalBody>
        <p>{t("administration.codeLead", { time: dateText(code.expiresAt) })}</p>
        <Secret label={t("administration.codeLink")} text={link} lines={2} />
        <Secret label={t("signIn.code")} text={code.code} />
      </ModalBody>
      <ModalFooter>
        <Button onClick={close}>{t("administration.kept")}</Button>
      </ModalFooter>
    </Modal>
  );
}
