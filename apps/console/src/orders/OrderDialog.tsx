import type { RequestInput } from "@polyvisor/api/client";
import type { Task, Vm } from "@polyvisor/model";
import { Alert } from "@patternfly/react-core/dist/esm/components/Alert";
import { useState, type ReactNode } from "react";
import { FormDialog } from "../forms/FormDialog.tsx";
import { TextField } from "../forms/TextField.tsx";
import { useObject } from "../live/useLive.ts";
import { startTask } from "../tasks/startTask.ts";
import { useTexts } from "../texts/texts.ts";
import { Equivalents } from "./Equivalents.tsx";
import { PlanView } from "./PlanView.tsx";
import { usePlan } from "./usePlan.ts";

interface Props {
  title: string;
  go: string;
  /** What it is about; one that is deleted while the dialog is open ends what can be done in it. */
  vms: readonly Vm[];
  /** What is ordered as things stand in the form; undefined while something is missing. */
  request: RequestInput | undefined;
  close: () => void;
  children?: ReactNode;
  danger?: boolean;
  /** More that has to be so before it can be ordered. */
  blocked?: boolean;
  /** Orders it in another way than by one task. */
  submit?: (request: RequestInput, reason: string) => Promise<unknown>;
  size?: "small" | "medium" | "large";
  /** Called with the task that was begun. */
  begun?: (task: Task) => void;
}

/** A dialog that orders a change of VMs: its form, the plan as it would be carried out, a reason, and the same as command and API call. */
export function OrderDialog({ title, go, vms, request, close, children, danger = false, blocked = false, submit, size = "medium", begun }: Props) {
  const { t } = useTexts();
  const [reason, setReason] = useState("");
  const single = vms.length === 1 ? vms[0]! : undefined;
  const known = useObject("vm", single?.id);
  const gone = single !== undefined && known.state === "gone";
  const plan = usePlan(gone ? undefined : request, known.state === "here" ? String(known.object.revision) : "");
  const order = async (): Promise<void> => {
    if (submit) await submit(request!, reason);
    else {
      const task = await startTask(request!, reason);
      begun?.(task);
    }
  };
  return (
    <FormDialog
      title={title}
      go={go}
      danger={danger}
      size={size}
      close={close}
      submit={order}
      blocked={blocked || gone || request === undefined || plan.plan === undefined}
    >
      {gone && (
        <Alert variant="danger" isInline component="p" title={t("orders.goneTitle", { name: single.name })}>
          {t("orders.gone")}
        </Alert>
      )}
      {children}
      <PlanView state={plan} />
      <TextField label={t("orders.reason")} value={reason} onChange={setReason} maxLength={1024} help={t("orders.reasonHelp")} />
      {request !== undefined && <Equivalents requests={[request]} />}
    </FormDialog>
  );
}
