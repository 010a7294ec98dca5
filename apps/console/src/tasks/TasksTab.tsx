import "./tasks.css";
import { useMemo } from "react";
import { EmptyState } from "@patternfly/react-core/dist/esm/components/EmptyState";
import { useTexts } from "../texts/texts.ts";
import { Failure } from "../ui/Failure.tsx";
import { TaskFeed } from "./taskFeed.ts";
import { TaskTable } from "./TaskTable.tsx";
import { useTaskFeed } from "./useTaskFeed.ts";

/** Tasks that changed an object or were to change it. */
export default function TasksTab({ object: { id } }: { object: { id: string } }) {
  const { t } = useTexts();
  const feed = useTaskFeed(useMemo(() => new TaskFeed({ object: id }), [id]));
  return (
    <div className="pv-fill-tab">
      {feed.error !== undefined && <Failure error={feed.error} retry={feed.retry} />}
      <TaskTable feed={feed} empty={<EmptyState titleText={t("tasks.noneHere")} headingLevel="h2" variant="sm" />} />
    </div>
  );
}
