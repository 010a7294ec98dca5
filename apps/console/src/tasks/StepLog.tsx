import { verbs } from "@polyvisor/model/tables";
import type { PlanStep, Task, TaskStep } from "@polyvisor/model";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useMemo, useRef, useState } from "react";
import type { EstateKind } from "../live/liveObject.ts";
import { folderOf, objectPath } from "../routes/links.ts";
import { useTexts } from "../texts/texts.ts";
import { ConsoleLink } from "../ui/ConsoleLink.tsx";
import { Name } from "../ui/Name.tsx";
import { durationText } from "./durationText.ts";
import { TaskMark, TaskProgress } from "./TaskMark.tsx";

const all = ["all", "open", "failed"] as const;
const bad = new Set<TaskStep["state"]>(["failed", "interrupted", "skipped", "cancelled"]);

/** Every step of a task with what became of it; of any number only what is seen is drawn. */
export function StepLog({ task }: { task: Task }) {
  const { t } = useTexts();
  const [which, setWhich] = useState<(typeof all)[number]>("all");
  const scroller = useRef<HTMLDivElement>(null);
  const rows = useMemo(() => {
    const plan = new Map(task.plan.steps.map((step) => [step.n, step]));
    return task.steps
      .filter(({ state }) => which === "all" || (which === "failed" ? bad.has(state) : state === "waiting" || state === "running"))
      .map((step) => ({ step, planned: plan.get(step.n) }));
  }, [task, which]);
  const counts = useMemo(() => {
    const found = new Map<TaskStep["state"], number>();
    for (const { state } of task.steps) found.set(state, (found.get(state) ?? 0) + 1);
    return [...found];
  }, [task]);
  // oxlint-disable-next-line react-hooks/incompatible-library -- its rows are drawn anew with each reading of the task anyway
  const virtual = useVirtualizer({ count: rows.length, getScrollElement: () => scroller.current, estimateSize: () => 48, overscan: 10 });
  return (
    <div className="pv-task-page pv-steps-card">
      <header className="pv-list__head">
        <h2>{t("tasks.steps")}</h2>
        <span className="pv-count">{counts.map(([state, count]) => `${count} ${t(`states.step.${state}`)}`).join(", ")}</span>
        <select aria-label={t("tasks.whichSteps")} value={which} onChange={(event) => setWhich(event.target.value as "all")}>
          {all.map((each) => (
            <option key={each} value={each}>
              {t(`tasks.show.${each}`)}
            </option>
          ))}
        </select>
      </header>
      <div ref={scroller} className="pv-steps-log" tabIndex={0} role="region" aria-label={t("tasks.steps")}>
        <div role="list" style={{ height: virtual.getTotalSize() }}>
          {virtual.getVirtualItems().map(({ index, start }) => (
            <div
              key={rows[index]!.step.n}
              ref={virtual.measureElement}
              data-index={index}
              role="listitem"
              className="pv-step"
              style={{ transform: `translateY(${start}px)` }}
            >
              <Step {...rows[index]!} />
            </div>
          ))}
        </div>
      </div>
    </div>
  );
}

function Step({ step, planned }: { step: TaskStep; planned: PlanStep | undefined }) {
  const { t, has } = useTexts();
  const verb = planned?.action.verb ?? "";
  const text = `orders.verbs.${verb}`;
  const words = has(text) ? t(text) : verb in verbs ? verbs[verb as keyof typeof verbs].words : verb;
  const result = step.failure ? `${step.failure.detail}. ${step.failure.remedy}` : step.message;
  return (
    <>
      <span className="pv-quiet">{step.n}</span>
      <span>{planned && <Target target={planned.target} />}</span>
      <span>{words}</span>
      <span>{step.state === "running" && step.progress > 0 ? <TaskProgress part={step.progress} /> : <TaskMark state={step.state} step />}</span>
      <span>{durationText(step.startedAt, step.endedAt)}</span>
      <span>
        {result !== undefined && <span className={step.failure ? "pv-task__failure" : undefined}>{result}</span>}
        {planned?.reasons.map((reason) => (
          <span key={reason} className="pv-step__reasons">
            {" "}
            <Name>{reason}</Name>
          </span>
        ))}
      </span>
    </>
  );
}

/** What a step changes, as a link where it has a page. */
function Target({ target }: { target: PlanStep["target"] }) {
  const name = <Name>{target.name}</Name>;
  return target.id !== undefined && target.kind in folderOf ? <ConsoleLink to={objectPath(target.kind as EstateKind, target.id)}>{name}</ConsoleLink> : name;
}
