import { Button } from "@patternfly/react-core/dist/esm/components/Button";
import { Modal, ModalBody, ModalFooter, ModalHeader } from "@patternfly/react-core/dist/esm/components/Modal";
import { useEffect, useState } from "react";
import { live } from "../live/live.ts";
import { useObject } from "../live/useLive.ts";
import { api } from "../session/session.ts";
import { useTexts } from "../texts/texts.ts";
import { Failure } from "../ui/Failure.tsx";
import { follow } from "./startTask.ts";

/** Steps that are drawn; those that did not succeed come first. */
const shown = 500;

/** What a task did to each object: what succeeded, what failed and why, and a way to do the failed again. */
export default function TaskResult({ id, close }: { id: string; close: () => void }) {
  const { t } = useTexts();
  const known = useObject("task", id);
  const task = known.state === "here" ? known.object : undefined;
  const [failure, setFailure] = useState<unknown>();
  // The stream gives heads of tasks, and a later one takes the place of all; the plan and the steps are read for each while somebody wants them.
  useEffect(() => {
    api.call("taskGet", { params: { id } }).then((whole) => live.put([whole]), setFailure);
  }, [id, task?.revision, task?.steps === undefined]);

  const words = new Map(task?.plan?.steps.map((step) => [step.n, step.target.name]));
  const steps = [...(task?.steps ?? [])].sort((a, b) => Number(a.state === "succeeded") - Number(b.state === "succeeded")).slice(0, shown);
  const counts = new Map<string, number>();
  for (const { state } of task?.steps ?? []) counts.set(state, (counts.get(state) ?? 0) + 1);
  const failed = task?.state === "failed" || task?.state === "partial" || task?.state === "cancelled";

  const retry = async (): Promise<void> => {
    try {
      const again = await api.call("taskRetry", { params: { id } });
      live.put([again]);
      follow(again.id);
      close();
    } catch (error) {
      setFailure(error);
    }
  };
  return (
    <Modal isOpen variant="medium" onClose={close} aria-labelledby="task-result">
      <ModalHeader
        title={task?.title ?? ""}
        labelId="task-result"
        description={[...counts].map(([state, count]) => `${count} ${t(`states.step.${state as "succeeded"}`)}`).join(", ")}
      />
      <ModalBody>
        {failure !== undefined && <Failure error={failure} />}
        <ul className="pv-results">
          {steps.map((step) => (
            <li key={step.n} data-state={step.state}>
              <strong>
                <bdi>{words.get(step.n) ?? step.n}</bdi>
              </strong>
              <span>{t(`states.step.${step.state}`)}</span>
              {(step.failure ?? step.message) !== undefined && <p>{step.failure ? `${step.failure.detail} ${step.failure.remedy}` : step.message}</p>}
            </li>
          ))}
        </ul>
      </ModalBody>
      <ModalFooter>
        {failed && (
          <Button variant="primary" onClick={() => void retry()}>
            {t("actions.retryFailed")}
          </Button>
        )}
        <Button variant={failed ? "link" : "primary"} onClick={close}>
          {t("shell.close")}
        </Button>
      </ModalFooter>
    </Modal>
  );
}
