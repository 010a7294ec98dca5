import "./tasks.css";
import { Button } from "@patternfly/react-core/dist/esm/components/Button";
import TimesIcon from "@patternfly/react-icons/dist/esm/icons/times-icon";
import { useEffect, useRef } from "react";
import { useRow } from "../live/useLive.ts";
import { useTexts } from "../texts/texts.ts";
import { Ago } from "../ui/Ago.tsx";
import { ConsoleLink } from "../ui/ConsoleLink.tsx";
import { Failure } from "../ui/Failure.tsx";
import { Name } from "../ui/Name.tsx";
import { TaskButtons } from "./TaskButtons.tsx";
import { isOpen, latestTasks } from "./taskFeed.ts";
import { TaskMark, TaskProgress } from "./TaskMark.tsx";
import { useTaskFeed } from "./useTaskFeed.ts";

/** Tasks that the drawer shows; all of them are on their page. */
const shown = 40;

/** What is being done and was done lately, beside whatever page is shown. */
export default function TaskDrawer({ close }: { close: () => void }) {
  const { t } = useTexts();
  const feed = useTaskFeed(latestTasks);
  const box = useRef<HTMLElement>(null);
  useEffect(() => box.current?.focus(), []);
  return (
    <aside
      ref={box}
      className="pv-drawer"
      aria-label={t("tasks.title")}
      tabIndex={-1}
      onKeyDown={(event) => {
        if (event.key === "Escape") close();
      }}
    >
      <header>
        <h2>{t("tasks.title")}</h2>
        <ConsoleLink to="/tasks" onClick={close}>
          {t("tasks.all")}
        </ConsoleLink>
        <Button variant="plain" aria-label={t("shell.close")} icon={<TimesIcon />} onClick={close} />
      </header>
      {feed.error !== undefined && <Failure error={feed.error} retry={feed.retry} />}
      {feed.total === 0 && <p className="pv-quiet">{t("tasks.none")}</p>}
      <ul>
        {feed.ids.slice(0, shown).map((id) => (
          <TaskLine key={id} id={id} close={close} />
        ))}
      </ul>
    </aside>
  );
}

function TaskLine({ id, close }: { id: string; close: () => void }) {
  const { t } = useTexts();
  const task = useRow<"task">(id);
  if (!task) return null;
  return (
    <li className="pv-task" data-task={task.state}>
      <ConsoleLink to={`/tasks/${id}`} onClick={close}>
        <Name>{task.title}</Name>
      </ConsoleLink>
      <div className="pv-task__facts">
        {isOpen(task) ? <TaskProgress part={task.progress} /> : <TaskMark state={task.state} />}
        <span>
          {t("tasks.by", { name: task.by })} · <Ago time={task.createdAt} />
        </span>
        <TaskButtons task={task} />
      </div>
      {task.reason !== "" && (
        <p className="pv-quiet">
          <Name>{task.reason}</Name>
        </p>
      )}
      {task.failure && <p className="pv-task__failure">{task.failure.detail}</p>}
    </li>
  );
}
