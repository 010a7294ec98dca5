import type { RequestInput } from "@polyvisor/api/client";
import type { Task } from "@polyvisor/model";
import { live } from "../live/live.ts";
import { api } from "../session/session.ts";
import { toasts } from "../shell/toasts.ts";

/** Orders a change. The task is in the store when it resolves, and a toast tells how it ends. */
export async function startTask(request: RequestInput, reason = ""): Promise<Task> {
  const task = await api.call("taskCreate", { body: { request, reason } as never });
  live.put([task]);
  follow(task.id);
  return task;
}

const ended = new Set(["succeeded", "failed", "partial", "cancelled"]);

/** Tells by a toast how a task ends that was started here. */
export function follow(id: string): void {
  let told = false;
  const look = (): void => {
    const task = live.object<"task">(id);
    if (told || !task || !ended.has(task.state)) return;
    told = true;
    stop();
    toasts.add({ task: id });
  };
  const stop = live.watch("task", id, look);
  look();
}
