import { Button } from "@patternfly/react-core/dist/esm/components/Button";
import { Progress } from "@patternfly/react-core/dist/esm/components/Progress";
import type { Task } from "@polyvisor/model";
import { useNavigate } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { live } from "../../../live/live.ts";
import { useObject } from "../../../live/useLive.ts";
import { api } from "../../../session/session.ts";
import { useTexts } from "../../../texts/texts.ts";
import { Failure } from "../../../ui/Failure.tsx";
import { objectPath } from "../../links.ts";

/** A VM while it is made: the page becomes its own as soon as it is there. */
export function Making({ task: begun, name, back }: { task: Task; name: string; back: () => void }) {
  const { t } = useTexts();
  const navigate = useNavigate();
  const known = useObject("task", begun.id);
  const task = known.state === "here" ? known.object : begun;
  const [whole, setWhole] = useState<Task>(begun);
  const [failure, setFailure] = useState<unknown>();
  useEffect(() => {
    if (task.state === "queued" || task.state === "running") return;
    const look = async (): Promise<void> => {
      const end = await api.call("taskGet", { params: { id: begun.id } });
      live.put([end]);
      setWhole(end);
      const made = end.plan.steps.map(({ action }) => action).find((action) => action.verb === "vm.create");
      if (end.state !== "succeeded" || made?.verb !== "vm.create") return;
      const vm = await api.call("vmGet", { params: { id: made.vm } });
      await navigate({ to: objectPath("vm", vm.id), replace: true });
    };
    look().catch(setFailure);
  }, [task.state, begun.id, navigate]);
  const failed = whole.steps.filter((step) => step.failure !== undefined);
  return (
    <section className="pv-wizard" aria-labelledby="making">
      <h1 id="making">
        {t("orders.create.making")} <bdi>{name}</bdi>
      </h1>
      <Progress value={Math.round(task.progress * 100)} title={t(`states.task.${task.state}`)} aria-label={t("orders.create.making")} />
      {failed.map((step) => (
        <p key={step.n} className="pv-fault">
          {step.failure!.detail} {step.failure!.remedy}
        </p>
      ))}
      {failure !== undefined && <Failure error={failure} />}
      {failed.length > 0 && (
        <div className="pv-buttons">
          <Button onClick={back}>{t("orders.create.back")}</Button>
        </div>
      )}
    </section>
  );
}
