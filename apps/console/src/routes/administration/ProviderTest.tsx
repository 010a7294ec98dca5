import { Button } from "@patternfly/react-core/dist/esm/components/Button";
import { Modal, ModalBody, ModalFooter, ModalHeader } from "@patternfly/react-core/dist/esm/components/Modal";
import { useState, type FormEvent } from "react";
import { TextField } from "../../forms/TextField.tsx";
import { api } from "../../session/session.ts";
import { useTexts } from "../../texts/texts.ts";
import { Failure } from "../../ui/Failure.tsx";
import { StepList } from "../../ui/StepList.tsx";
import type { Provider } from "./provider.ts";

type Result = Awaited<ReturnType<typeof api.call<"identityProviderTest">>>;

/** Tries an identity provider out, step by step. */
export function ProviderTest({ provider, close }: { provider: Provider; close: () => void }) {
  const { t } = useTexts();
  const [person, setPerson] = useState("");
  const [result, setResult] = useState<Result>();
  const [failure, setFailure] = useState<unknown>();
  const [busy, setBusy] = useState(false);
  const run = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    setBusy(true);
    setFailure(undefined);
    setResult(undefined);
    try {
      setResult(await api.call("identityProviderTest", { params: { id: provider.name }, body: person.trim() === "" ? {} : { name: person.trim() } }));
    } catch (error) {
      setFailure(error);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Modal isOpen variant="medium" onClose={close} aria-labelledby="provider-test">
      <ModalHeader title={`${t("administration.test")}: ${provider.name}`} labelId="provider-test" />
      <ModalBody>
        <form id="provider-test-form" onSubmit={(event) => void run(event)}>
          {provider.settings.kind === "ldap" && (
            <TextField
              label={t("administration.idp.person")}
              help={t("administration.idp.personHelp")}
              value={person}
              onChange={setPerson}
              maxLength={255}
              autoFocus
            />
          )}
        </form>
        {failure !== undefined && <Failure error={failure} />}
        {result && <StepList steps={result.steps} />}
        {result && <p role="status">{result.ok ? t("administration.idp.works") : t("administration.idp.worksNot")}</p>}
      </ModalBody>
      <ModalFooter>
        <Button type="submit" form="provider-test-form" isLoading={busy} isDisabled={busy}>
          {t("administration.test")}
        </Button>
        <Button variant="link" onClick={close}>
          {t("shell.close")}
        </Button>
      </ModalFooter>
    </Modal>
  );
}
