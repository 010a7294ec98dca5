import { Modal, ModalBody, ModalHeader } from "@patternfly/react-core/dist/esm/components/Modal";
import { useTexts } from "../texts/texts.ts";
import type { Account } from "./session.ts";
import { SignInForm } from "./SignInForm.tsx";

/** The session is over while somebody works: the page stays as it is, and what was asked for waits. */
export function SignInAgain({ account }: { account: Account }) {
  const { t } = useTexts();
  return (
    <Modal isOpen variant="small" aria-labelledby="sign-in-again">
      <ModalHeader title={t("signIn.again")} labelId="sign-in-again" description={t("signIn.againNote")} />
      <ModalBody>
        <SignInForm name={account.source === "ldap" ? account.name.split("@")[0]! : account.name} />
      </ModalBody>
    </Modal>
  );
}
