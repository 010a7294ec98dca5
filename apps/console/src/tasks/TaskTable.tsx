import { useMemo, type ReactNode } from "react";
import type { TaskHead } from "../live/liveObject.ts";
import type { Column } from "../table/column.ts";
import { ObjectTable } from "../table/ObjectTable.tsx";
import { useTexts } from "../texts/texts.ts";
import { Ago } from "../ui/Ago.tsx";
import { ConsoleLink } from "../ui/ConsoleLink.tsx";
import { Name } from "../ui/Name.tsx";
import { isOpen, type TaskFeed } from "./taskFeed.ts";
import { TaskMark, TaskProgress } from "./TaskMark.tsx";
import { durationText } from "./durationText.ts";

const columns: readonly Column<TaskHead>[] = [
  {
    id: "title",
    text: "tasks.what",
    width: 220,
    grow: 4,
    narrow: true,
    cell: (task) => (
      <ConsoleLink to={`/tasks/${task.id}`} title={task.title} tabIndex={-1}>
        <Name>{task.title}</Name>
      </ConsoleLink>
    ),
  },
  {
    id: "state",
    text: "fields.state",
    width: 150,
    narrow: true,
    cell: (task) => (isOpen(task) && task.startedAt !== undefined ? <TaskProgress part={task.progress} /> : <TaskMark state={task.state} />),
  },
  { id: "by", text: "tasks.who", width: 110, grow: 1, cell: (task) => <Name>{task.by}</Name> },
  { id: "created", text: "tasks.when", width: 120, narrow: true, cell: (task) => <Ago time={task.createdAt} /> },
  { id: "took", text: "tasks.took", width: 90, align: "end", cell: (task) => durationText(task.startedAt, task.endedAt) },
  { id: "reason", text: "tasks.reason", width: 160, grow: 2, cell: (task) => <Name>{task.reason}</Name> },
];

/** A table of tasks. */
export function TaskTable({ feed, empty }: { feed: TaskFeed; empty: ReactNode }) {
  const { t } = useTexts();
  const { version } = feed;
  // A new object for each version: the table asks for its rows when it is given another one.
  const rows = useMemo(
    () => ({ version, total: feed.total, idAt: (index: number) => feed.idAt(index), want: (from: number, to: number) => feed.want(from, to) }),
    [feed, version],
  );
  const narrow = matchMedia("(max-width: 768px)").matches;
  return (
    <ObjectTable
      kind="task"
      label={t("tasks.title")}
      rows={rows}
      columns={narrow ? columns.filter((each) => each.narrow) : columns}
      href={(id) => `/tasks/${id}`}
      empty={empty}
    />
  );
}
