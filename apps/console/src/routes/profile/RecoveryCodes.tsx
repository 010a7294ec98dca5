import { Button } from "@patternfly/react-core/dist/esm/components/Button";
import { Modal, ModalBody, ModalFooter, ModalHeader } from "@patternfly/react-core/dist/esm/components/Modal";
import { useTexts } from "../../texts/texts.ts";
import { Secret } from "../../ui/Secret.tsx";

/** Recovery codes, shown once. */
export function RecoveryCodes({ codes, close }: { codes: readonly string[]; close: () => void }) {
  const { t } = useTexts();
  return (
    <Modal isOpen variant="small" aria-labelledby="recovery-codes">
      <ModalHeader title={t("profile.recoveryCodes")} labelId="recovery-codes" />
      <ModalBody>
        <p>{t("profile.recoveryLead")}</p>
        <Secret label={t("profile.recoveryCodes")} text={codes.join("\n")} lines={codes.length} />
      </ModalBody>
      <ModalFooter>
        <Button onClick={close}>{t("administration.kept")}</Button>
      </ModalFooter>
    </Modal>
  );
}
