import { Button } from "@patternfly/react-core/dist/esm/components/Button";
import { Form } from "@patternfly/react-core/dist/esm/components/Form";
import { Modal, ModalBody, ModalFooter, ModalHeader } from "@patternfly/react-core/dist/esm/components/Modal";
import { useEffect, useId, useRef, useState, type FormEvent, type ReactNode } from "react";
import { useTexts } from "../texts/texts.ts";
import { Failure } from "../ui/Failure.tsx";

interface Props {
  title: string;
  /** Name of the button that does it. */
  go: string;
  /** Does it. The dialog closes when it resolves; a failure is shown in it. */
  submit: () => Promise<unknown>;
  close: () => void;
  /** Where giving up is another thing than having done it. */
  cancel?: () => void;
  children?: ReactNode;
  /** Something is lost by it. */
  danger?: boolean;
  /** Nothing can be done yet. */
  blocked?: boolean;
  size?: "small" | "medium" | "large";
}

/** A dialog with a form, or a question before something is lost. The focus comes back to where it was. */
export function FormDialog({ title, go, submit, close, cancel = close, children, danger = false, blocked = false, size = "small" }: Props) {
  const { t } = useTexts();
  const id = useId();
  const [failure, setFailure] = useState<unknown>();
  const [busy, setBusy] = useState(false);
  const opener = useRef(document.activeElement as HTMLElement | null);
  useEffect(() => {
    const back = opener.current;
    // What opened it may be gone with what it was about; then the page itself has the focus.
    return () => {
      requestAnimationFrame(() => (back?.isConnected === true ? back : document.getElementById("content"))?.focus());
    };
  }, []);
  const send = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    if (busy || blocked) return;
    setBusy(true);
    setFailure(undefined);
    try {
      await submit();
      close();
    } catch (error) {
      setFailure(error);
      setBusy(false);
    }
  };
  return (
    <Modal isOpen variant={size} onClose={cancel} aria-labelledby={`${id}-title`} className="pv-dialog">
      <ModalHeader title={title} labelId={`${id}-title`} {...(danger ? { titleIconVariant: "warning" as const } : {})} />
      <ModalBody tabIndex={0} aria-labelledby={`${id}-title`}>
        <Form id={id} onSubmit={(event) => void send(event)} noValidate={false}>
          {children}
          {failure !== undefined && <Failure error={failure} />}
        </Form>
      </ModalBody>
      <ModalFooter>
        <Button type="submit" form={id} variant={danger ? "danger" : "primary"} isLoading={busy} isDisabled={busy || blocked}>
          {go}
        </Button>
        <Button variant="link" onClick={cancel}>
          {t("shell.cancel")}
        </Button>
      </ModalFooter>
    </Modal>
  );
}
