import { Button } from "@patternfly/react-core/dist/esm/components/Button";
import { Form } from "@patternfly/react-core/dist/esm/components/Form";
import type { Task } from "@polyvisor/model";
import { useState, type FormEvent } from "react";
import { TextField } from "../../../forms/TextField.tsx";
import { Equivalents } from "../../../orders/Equivalents.tsx";
import { PlanView } from "../../../orders/PlanView.tsx";
import { usePlan } from "../../../orders/usePlan.ts";
import { startTask } from "../../../tasks/startTask.ts";
import { useTexts } from "../../../texts/texts.ts";
import { Failure } from "../../../ui/Failure.tsx";
import { requestOf, type NewVm } from "./newVm.ts";

/** Everything that will be done and why, and the same as a command and as a call of the API. */
export function ReviewStep({ vm, back, begun }: { vm: NewVm; back: () => void; begun: (task: Task) => void }) {
  const { t } = useTexts();
  const request = requestOf(vm);
  const plan = usePlan(request);
  const [reason, setReason] = useState("");
  const [failure, setFailure] = useState<unknown>();
  const [busy, setBusy] = useState(false);
  const create = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    if (busy || request === undefined || plan.plan === undefined) return;
    setBusy(true);
    try {
      begun(await startTask(request, reason));
    } catch (error) {
      setFailure(error);
      setBusy(false);
    }
  };
  return (
    <Form onSubmit={(event) => void create(event)} noValidate>
      <h2>{t("orders.create.steps.review")}</h2>
      {request === undefined && <p>{t("orders.create.incomplete")}</p>}
      <PlanView state={plan} />
      {request !== undefined && <Equivalents requests={[request]} open />}
      <TextField label={t("orders.reason")} value={reason} onChange={setReason} maxLength={1024} help={t("orders.reasonHelp")} />
      {failure !== undefined && <Failure error={failure} />}
      <div className="pv-buttons">
        <Button type="submit" isLoading={busy} isDisabled={busy || plan.plan === undefined}>
          {t("orders.create.go")}
        </Button>
        <Button variant="link" onClick={back}>
          {t("orders.create.back")}
        </Button>
      </div>
    </Form>
  );
}
