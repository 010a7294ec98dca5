import { PolyvisorError, type Task } from "@polyvisor/model";
import type { EstateKind, TasksControl } from "../controlPlane.ts";
import type { Viewer } from "./viewer.ts";

type List = TasksControl["list"];
type Tasks = Pick<TasksControl, "list" | "get">;

/** Whether a task is for the caller: his own, or anybody's where he may see all. */
function isFor(viewer: Viewer, task: Task): boolean {
  if (viewer.everywhere("task.view")) return true;
  if (task.by !== viewer.caller.account) return viewer.may("task.view");
  // A token that is narrowed to some objects sees no task about others.
  return (
    !viewer.isFiltered ||
    task.plan.steps.every(({ target }) => target.id !== undefined && viewer.estate.get(target.kind as EstateKind, target.id) !== undefined)
  );
}

/** The caller's own tasks; everybody's for who may see them. */
export async function seenTasks(tasks: Tasks, viewer: Viewer, query: Parameters<List>[0]): ReturnType<List> {
  if (viewer.may("task.view")) return tasks.list(query);
  const page = await tasks.list({ ...query, by: viewer.caller.account });
  if (!viewer.isFiltered) return page;
  const whole = await Promise.all(page.items.map(({ id }) => tasks.get(id)));
  return { ...page, items: page.items.filter((_, i) => isFor(viewer, whole[i]!)) };
}

/** @throws PolyvisorError `notFound`, the same for one that is not there and one of another */
export async function seenTask(tasks: Tasks, viewer: Viewer, id: string): Promise<Task> {
  const task = await tasks.get(id);
  if (!isFor(viewer, task)) throw new PolyvisorError("notFound", { detail: `there is no task "${id.slice(0, 64)}"` });
  return task;
}

/** Whoever ordered it may stop it. @throws PolyvisorError `forbidden` */
export function mayCancel(viewer: Viewer, task: Task): void {
  const own = task.by === viewer.caller.account && viewer.tokenMay("task.cancel");
  if (!own && !viewer.may("task.cancel")) throw viewer.lacks("task.cancel", undefined);
}
