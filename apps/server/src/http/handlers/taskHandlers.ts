import { apiBase } from "@polyvisor/api";
import type { Task } from "@polyvisor/model";
import type { FastifyReply } from "fastify";
import { planAccess } from "../../access/planAccess.ts";
import { mayCancel, seenTask, seenTasks } from "../../access/seenTasks.ts";
import { withFolder } from "../../access/withFolder.ts";
import type { Handlers, Services } from "../handler.ts";

type Mine = "taskList" | "taskCreate" | "taskGet" | "taskCancel" | "planMake";

/** Plans and tasks. */
export function taskHandlers({ control, access }: Services): Pick<Handlers, Mine> {
  const { plans, tasks } = control;
  const at = (task: Task, reply: FastifyReply): Task => {
    reply.header("location", `${apiBase}/tasks/${task.id}`);
    return task;
  };
  return {
    taskList: ({ query, viewer }) => seenTasks(tasks, viewer, query),
    taskCreate: async ({ body, caller, idempotencyKey, reply, viewer }) =>
      at(
        await tasks.create({
          request: withFolder(access, viewer, body.request),
          reason: body.reason,
          account: caller.account,
          access: planAccess(viewer, access.estate),
          idempotencyKey,
          ifRevisions: body.ifRevisions,
        }),
        reply,
      ),
    taskGet: ({ params, viewer }) => seenTask(tasks, viewer, params.id),
    async taskCancel({ params, reply, viewer }) {
      const task = await seenTask(tasks, viewer, params.id);
      mayCancel(viewer, task);
      return at(await tasks.cancel(task.id), reply);
    },
    planMake: ({ body, caller, viewer }) =>
      plans.make(withFolder(access, viewer, body.request), caller.account, body.reason, planAccess(viewer, access.estate)),
  };
}
