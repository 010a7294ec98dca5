import { useTexts } from "../texts/texts.ts";

const looks = {
  queued: "rest",
  waiting: "rest",
  running: "change",
  succeeded: "run",
  failed: "fail",
  interrupted: "doubt",
  partial: "doubt",
  cancelled: "off",
  skipped: "off",
} as const;

/** State of a task or of a step of one: a mark and its word. */
export function TaskMark({ state, step = false }: { state: keyof typeof looks; step?: boolean }) {
  const { t } = useTexts();
  return (
    <span className="pv-state" data-look={looks[state]}>
      <span className="pv-state__mark" aria-hidden />
      {t(step ? `states.step.${state as "running"}` : `states.task.${state as "running"}`)}
    </span>
  );
}

/** How far something is: a bar and a number, while it runs. */
export function TaskProgress({ part }: { part: number }) {
  const { t } = useTexts();
  return (
    <span className="pv-task__progress">
      <progress value={part} max={1} aria-label={t("tasks.progress")} /> {Math.floor(part * 100)} %
    </span>
  );
}
