import { Button } from "@patternfly/react-core/dist/esm/components/Button";
import { Modal, ModalBody, ModalFooter, ModalHeader } from "@patternfly/react-core/dist/esm/components/Modal";
import { useState } from "react";
import { startTask } from "../tasks/startTask.ts";
import { useTexts } from "../texts/texts.ts";
import { Failure } from "../ui/Failure.tsx";
import type { OpenDialog } from "./dialogs.ts";
import { VmNames } from "./VmNames.tsx";

/** Asks before something is lost, and names the VMs. */
export function ConfirmDialog({ open: { action, vms }, close }: { open: OpenDialog; close: () => void }) {
  const { t } = useTexts();
  const [failure, setFailure] = useState<unknown>();
  const [busy, setBusy] = useState(false);
  const go = async (): Promise<void> => {
    setBusy(true);
    try {
      await startTask(action.request!(vms.map(({ id }) => id)));
      close();
    } catch (error) {
      setFailure(error);
      setBusy(false);
    }
  };
  const name = t(action.text);
  return (
    <Modal isOpen variant="small" onClose={close} aria-labelledby="confirm-title">
      <ModalHeader title={t("actions.confirm", { action: name, count: vms.length })} titleIconVariant="warning" labelId="confirm-title" />
      <ModalBody>
        <p>{action.danger !== undefined && t(action.danger)}</p>
        <VmNames vms={vms} />
        {failure !== undefined && <Failure error={failure} />}
      </ModalBody>
      <ModalFooter>
        <Button variant="danger" onClick={() => void go()} isLoading={busy} isDisabled={busy}>
          {name}
        </Button>
        <Button variant="link" onClick={close}>
          {t("shell.cancel")}
        </Button>
      </ModalFooter>
    </Modal>
  );
}
