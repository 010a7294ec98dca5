import { Alert } from "@patternfly/react-core/dist/esm/components/Alert";
import { Button } from "@patternfly/react-core/dist/esm/components/Button";
import { TextArea } from "@patternfly/react-core/dist/esm/components/TextArea";
import type { Vm } from "@polyvisor/model";
import { useState } from "react";
import { usePermissions } from "../../actions/usePermissions.ts";
import { useTexts } from "../../texts/texts.ts";
import { Card } from "../../ui/Card.tsx";
import { Failure } from "../../ui/Failure.tsx";
import { ChangedMeanwhile, changeVm } from "./changeVm.ts";

/** Notes that operators keep on a VM. Two who write at once are shown each other's text. */
export function NotesCard({ vm }: { vm: Vm }) {
  const { t } = useTexts();
  const permissions = usePermissions(vm.id);
  /** What is written, upon the version that the writer saw. */
  const [draft, setDraft] = useState<{ text: string; seen: Vm }>();
  const [theirs, setTheirs] = useState<Vm>();
  const [failure, setFailure] = useState<unknown>();
  const may = permissions?.includes("vm.edit") ?? false;
  const end = (): void => {
    setDraft(undefined);
    setTheirs(undefined);
    setFailure(undefined);
  };
  const save = async (): Promise<void> => {
    try {
      await changeVm(draft!.seen, { notes: draft!.text });
      end();
    } catch (error) {
      if (error instanceof ChangedMeanwhile) setTheirs(error.theirs);
      else setFailure(error);
    }
  };
  return (
    <Card
      title={t("vms.notes")}
      wide
      action={
        may && draft === undefined ? (
          <Button variant="link" isInline onClick={() => setDraft({ text: vm.notes, seen: vm })}>
            {t("shell.edit")}
          </Button>
        ) : undefined
      }
    >
      {draft === undefined ? (
        vm.notes === "" ? (
          <p className="pv-quiet">{t("vms.noNotes")}</p>
        ) : (
          <pre className="pv-notes" dir="auto">
            {vm.notes}
          </pre>
        )
      ) : (
        <>
          {failure !== undefined && <Failure error={failure} />}
          {theirs && (
            <Alert
              variant="warning"
              isInline
              title={t("vms.notesChanged")}
              actionLinks={
                <>
                  <Button variant="link" isInline onClick={() => setDraft({ text: `${theirs.notes}\n${draft.text}`, seen: theirs })}>
                    {t("vms.notesBoth")}
                  </Button>
                  <Button variant="link" isInline onClick={() => setDraft({ text: draft.text, seen: theirs })}>
                    {t("vms.notesMine")}
                  </Button>
                </>
              }
            >
              <pre className="pv-notes" dir="auto">
                {theirs.notes}
              </pre>
            </Alert>
          )}
          <TextArea
            aria-label={t("vms.notes")}
            rows={8}
            maxLength={65_536}
            dir="auto"
            value={draft.text}
            onChange={(_, text) => setDraft({ ...draft, text })}
          />
          <div className="pv-buttons">
            <Button size="sm" onClick={() => void save()}>
              {t("shell.save")}
            </Button>
            <Button size="sm" variant="link" onClick={end}>
              {t("shell.cancel")}
            </Button>
          </div>
        </>
      )}
    </Card>
  );
}
