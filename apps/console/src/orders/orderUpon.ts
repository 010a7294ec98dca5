import type { RequestInput } from "@polyvisor/api/client";
import type { Task, Vm } from "@polyvisor/model";
import { live } from "../live/live.ts";
import { api } from "../session/session.ts";
import { t } from "../texts/texts.ts";
import { follow } from "../tasks/startTask.ts";

/** Another changed the same thing of the VM meanwhile; nothing was ordered. */
export class ChangedByOther extends Error {
  readonly theirs: Vm;
  constructor(theirs: Vm) {
    super(t("orders.merge.title"));
    this.name = "ChangedByOther";
    this.theirs = theirs;
  }
}

/** How often an order is given anew because the VM changed in something else. */
const attempts = 5;
const over = new Set(["succeeded", "failed", "partial", "cancelled"]);

/** Resolves with a task as it ended. */
function ended(id: string): Promise<Task> {
  return new Promise((resolve, reject) => {
    let done = false;
    const look = (): void => {
      const task = live.object<"task">(id);
      if (done || !task || !over.has(task.state)) return;
      done = true;
      stop();
      api.call("taskGet", { params: { id } }).then(resolve, reject);
    };
    const stop = live.watch("task", id, look);
    look();
  });
}

/**
 * Orders a change of a VM upon what its orderer saw, and waits for its end. A change of something else in between does
 * not matter; one of what `part` gives rejects with `ChangedByOther`, and nothing is done. A toast tells how it ended.
 */
export async function orderUpon(seen: Vm, part: (vm: Vm) => unknown, request: RequestInput, reason = ""): Promise<Task> {
  const wanted = JSON.stringify(part(seen));
  for (let attempt = 1; ; attempt++) {
    const present = await api.call("vmGet", { params: { id: seen.id } });
    live.put([present]);
    if (JSON.stringify(part(present)) !== wanted) throw new ChangedByOther(present);
    const task = await api.call("taskCreate", { body: { request, reason, ifRevisions: { [seen.id]: present.revision } } as never });
    live.put([task]);
    const end = await ended(task.id);
    const overtaken = end.steps.some((step) => step.failure?.code === "changedMeanwhile");
    if (overtaken && attempt < attempts) continue;
    follow(task.id);
    return end;
  }
}
