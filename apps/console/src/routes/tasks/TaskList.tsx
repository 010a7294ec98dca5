import "../../tasks/tasks.css";
import { EmptyState } from "@patternfly/react-core/dist/esm/components/EmptyState";
import { useMemo } from "react";
import { TaskFeed } from "../../tasks/taskFeed.ts";
import { TaskTable } from "../../tasks/TaskTable.tsx";
import { useTaskFeed } from "../../tasks/useTaskFeed.ts";
import { useTexts } from "../../texts/texts.ts";
import { Failure } from "../../ui/Failure.tsx";
import { useTitle } from "../../ui/useTitle.ts";
import { useSearchState } from "../useSearchState.ts";

const states = ["queued", "running", "succeeded", "failed", "partial", "cancelled"] as const;

/** Every task that one may see, latest first. */
export default function TaskList() {
  const { t } = useTexts();
  const [search, setSearch] = useSearchState();
  const state = states.find((each) => each === search["state"]);
  const feed = useTaskFeed(useMemo(() => new TaskFeed({ state }), [state]));
  useTitle(t("tasks.title"));
  return (
    <section className="pv-list">
      <header className="pv-list__head">
        <h1>{t("tasks.title")}</h1>
        <label className="pv-count">
          {t("fields.state")}{" "}
          <select value={state ?? ""} onChange={(event) => setSearch({ state: event.target.value || undefined })}>
            <option value="">{t("tasks.anyState")}</option>
            {states.map((each) => (
              <option key={each} value={each}>
                {t(`states.task.${each}`)}
              </option>
            ))}
          </select>
        </label>
      </header>
      {feed.error !== undefined && <Failure error={feed.error} retry={feed.retry} />}
      <TaskTable feed={feed} empty={<EmptyState titleText={t("tasks.none")} headingLevel="h2" variant="sm" />} />
    </section>
  );
}
