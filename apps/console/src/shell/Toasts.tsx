import { Alert, AlertActionCloseButton, AlertGroup } from "@patternfly/react-core/dist/esm/components/Alert";
import { Button } from "@patternfly/react-core/dist/esm/components/Button";
import { lazy, Suspense, useState, useSyncExternalStore } from "react";
import { useObject } from "../live/useLive.ts";
import { useTexts } from "../texts/texts.ts";
import { failureText } from "../ui/failure.ts";
import { toasts, type Toast } from "./toasts.ts";
import { patient } from "../session/patient.ts";

const TaskResult = lazy(patient(() => import("../tasks/TaskResult.tsx")));

/** Milliseconds until a toast of something that went well goes away. */
const shownMs = 6_000;

/** Messages in the corner. */
export function Toasts() {
  const { t } = useTexts();
  const shown = useSyncExternalStore(toasts.subscribe, toasts.get);
  const [opened, setOpened] = useState<string>();
  return (
    <>
      <AlertGroup isToast isLiveRegion aria-label={t("shell.messages")}>
        {shown.map((toast) => (
          <OneToast key={toast.id} toast={toast} open={setOpened} />
        ))}
      </AlertGroup>
      {opened !== undefined && (
        <Suspense fallback={null}>
          <TaskResult id={opened} close={() => setOpened(undefined)} />
        </Suspense>
      )}
    </>
  );
}

function OneToast({ toast, open }: { toast: Toast; open: (task: string) => void }) {
  const { t } = useTexts();
  const known = useObject("task", "task" in toast ? toast.task : undefined);
  const task = known.state === "here" ? known.object : undefined;
  const close = (): void => toasts.remove(toast.id);
  const closer = <AlertActionCloseButton onClose={close} />;
  if ("text" in toast) return <Alert variant="success" component="p" title={toast.text} timeout={shownMs} onTimeout={close} actionClose={closer} />;
  if ("error" in toast) {
    const { title, detail, remedy } = failureText(toast.error);
    return (
      <Alert variant="danger" component="p" title={title} actionClose={closer}>
        <p>{detail}</p>
        {remedy !== undefined && <p>{remedy}</p>}
      </Alert>
    );
  }
  if (!task) return null;
  const good = task.state === "succeeded";
  return (
    <Alert
      component="p"
      variant={good ? "success" : task.state === "cancelled" ? "info" : task.state === "partial" ? "warning" : "danger"}
      title={`${task.title}: ${t(`states.task.${task.state}`)}`}
      {...(good ? { timeout: shownMs, onTimeout: close } : {})}
      actionClose={closer}
      actionLinks={
        <Button variant="link" isInline onClick={() => open(task.id)}>
          {t("shell.details")}
        </Button>
      }
    >
      {task.failure && <p>{task.failure.detail}</p>}
      {task.failure && <p>{task.failure.remedy}</p>}
    </Alert>
  );
}
