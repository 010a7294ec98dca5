import "./taskBell.css";
import { Button } from "@patternfly/react-core/dist/esm/components/Button";
import TasksIcon from "@patternfly/react-icons/dist/esm/icons/tasks-icon";
import { lazy, Suspense, useEffect, useRef, useState } from "react";
import { createPortal } from "react-dom";
import { live } from "../live/live.ts";
import { useTexts } from "../texts/texts.ts";
import { isOpen, latestTasks } from "./taskFeed.ts";
import { useTaskFeed } from "./useTaskFeed.ts";
import { patient } from "../session/patient.ts";

const TaskDrawer = lazy(patient(() => import("./TaskDrawer.tsx")));

/** The button of the drawer of tasks, with how many are under way. The key `]` does the same. */
export function TaskBell() {
  const { t } = useTexts();
  const feed = useTaskFeed(latestTasks);
  const [open, setOpen] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  const running = feed.ids.reduce((sum, id) => {
    const task = live.object<"task">(id);
    return sum + (task && isOpen(task) ? 1 : 0);
  }, 0);
  const close = (): void => {
    setOpen(false);
    button.current?.focus();
  };
  useEffect(() => {
    const press = (event: KeyboardEvent): void => {
      const { target } = event;
      if (event.key !== "]" || event.ctrlKey || event.metaKey || event.altKey || document.querySelector("[role=dialog]")) return;
      if (target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT|CANVAS)$/.test(target.tagName))) return;
      setOpen((was) => !was);
    };
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  }, []);
  return (
    <>
      <Button
        ref={button}
        className="pv-tasks-button"
        variant="plain"
        icon={<TasksIcon />}
        aria-expanded={open}
        aria-label={running > 0 ? t("tasks.underWay", { count: running }) : t("tasks.title")}
        onClick={() => setOpen(!open)}
      >
        {running > 0 && <span className="pv-tasks-button__count">{running}</span>}
      </Button>
      {open &&
        createPortal(
          <Suspense fallback={null}>
            <TaskDrawer close={close} />
          </Suspense>,
          document.querySelector(".pv-shell") ?? document.body,
        )}
    </>
  );
}
