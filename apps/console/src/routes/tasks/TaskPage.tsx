import "../../tasks/tasks.css";
import { EmptyState, EmptyStateBody, EmptyStateFooter } from "@patternfly/react-core/dist/esm/components/EmptyState";
import { Skeleton } from "@patternfly/react-core/dist/esm/components/Skeleton";
import { useParams } from "@tanstack/react-router";
import { durationText } from "../../tasks/durationText.ts";
import { StepLog } from "../../tasks/StepLog.tsx";
import { TaskButtons } from "../../tasks/TaskButtons.tsx";
import { isOpen } from "../../tasks/taskFeed.ts";
import { TaskMark, TaskProgress } from "../../tasks/TaskMark.tsx";
import { useTask } from "../../tasks/useTask.ts";
import { useTexts } from "../../texts/texts.ts";
import { Card } from "../../ui/Card.tsx";
import { ConsoleLink } from "../../ui/ConsoleLink.tsx";
import { Facts } from "../../ui/Facts.tsx";
import { Failure } from "../../ui/Failure.tsx";
import { Name } from "../../ui/Name.tsx";
import { dateText } from "../../ui/times.ts";
import { useTitle } from "../../ui/useTitle.ts";

/** One task: who wants what and why, what it will be like afterwards, and each step. */
export default function TaskPage() {
  const { t } = useTexts();
  const { id } = useParams({ strict: false }) as { id: string };
  const { known, whole, failure } = useTask(id);
  const task = known.state === "here" ? known.object : undefined;
  useTitle(task?.title ?? t("tasks.one"));
  if (known.state === "gone")
    return (
      <EmptyState titleText={t("tasks.gone")} headingLevel="h1">
        <EmptyStateBody>{t("tasks.goneDetail")}</EmptyStateBody>
        <EmptyStateFooter>
          <ConsoleLink to="/tasks">{t("tasks.all")}</ConsoleLink>
        </EmptyStateFooter>
      </EmptyState>
    );
  if (known.state === "failed")
    return (
      <div className="pv-alone">
        <Failure error={known.error} />
      </div>
    );
  if (!task)
    return (
      <div className="pv-object">
        <Skeleton width="40%" screenreaderText={t("table.reading")} />
      </div>
    );
  return (
    <article className="pv-object pv-task-page">
      <header className="pv-object__head">
        <nav className="pv-crumbs" aria-label={t("shell.crumbs")}>
          <ConsoleLink to="/tasks">{t("tasks.title")}</ConsoleLink>
        </nav>
        <div className="pv-object__title">
          <h1>
            <Name>{task.title}</Name>
          </h1>
          {isOpen(task) ? <TaskProgress part={task.progress} /> : <TaskMark state={task.state} />}
          <div className="pv-object__actions">
            <TaskButtons task={task} open />
          </div>
        </div>
        <div className="pv-task-page__facts">
          <Facts
            facts={[
              [t("tasks.who"), <Name key="by">{task.by}</Name>],
              [t("tasks.reason"), task.reason && <Name key="reason">{task.reason}</Name>],
              [t("tasks.asked"), dateText(task.createdAt)],
              [t("tasks.took"), durationText(task.startedAt, task.endedAt)],
              [
                t("tasks.retryOf"),
                task.retryOf && (
                  <ConsoleLink key="of" to={`/tasks/${task.retryOf}`}>
                    {task.retryOf}
                  </ConsoleLink>
                ),
              ],
            ]}
          />
          {task.failure && <p className="pv-task__failure">{`${task.failure.detail}. ${task.failure.remedy}`}</p>}
          {failure !== undefined && <Failure error={failure} />}
        </div>
      </header>
      <div className="pv-object__body pv-task-page">
        {whole && (whole.plan.warnings.length > 0 || whole.plan.expect.length > 0) && (
          <Card title={t("tasks.expected")}>
            <ul className="pv-task-page__notes">
              {[...whole.plan.warnings, ...whole.plan.expect].slice(0, 12).map((each) => (
                <li key={each}>
                  <Name>{each}</Name>
                </li>
              ))}
            </ul>
          </Card>
        )}
        {whole && <StepLog task={whole} />}
      </div>
    </article>
  );
}
