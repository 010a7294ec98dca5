import { apiBase } from "@polyvisor/api";
import type { Request } from "@polyvisor/api";
import type { Plan, Task } from "@polyvisor/model";
import type { FastifyReply } from "fastify";
import { planAccess } from "../../access/planAccess.ts";
import { mayCancel, seenTask, seenTasks } from "../../access/seenTasks.ts";
import { withFolder } from "../../access/withFolder.ts";
import type { Viewer } from "../../access/viewer.ts";
import { shownPlan } from "../../tasks/asked.ts";
import type { RetryOrder } from "../../tasks/tasksControl.ts";
import type { Handlers, Services } from "../handler.ts";

type Mine = "taskList" | "taskCreate" | "taskGet" | "taskCancel" | "taskRetry" | "taskRetryPlan" | "planMake";

/** Plans and tasks. */
export function taskHandlers({ control, access }: Services): Pick<Handlers, Mine> {
  const { plans, tasks } = control;
  const shown = (task: Task): Task => ({ ...task, plan: shownPlan(task.plan) });
  const at = (task: Task, reply: FastifyReply): Task => {
    reply.header("location", `${apiBase}/tasks/${task.id}`);
    return shown(task);
  };
  const withRevisions = (plan: Plan) => {
    const revisions: Record<string, number> = {};
    for (const { target } of plan.steps) {
      const seen = target.id === undefined || target.kind === "template" ? undefined : access.estate.get(target.kind, target.id);
      if (seen) revisions[seen.id] = seen.revision;
    }
    return { ...plan, revisions };
  };
  /** Whoever sees a task may ask for the same; what comes of it is by his own rights, never by those of who asked first. */
  const again = async (viewer: Viewer, id: string): Promise<RetryOrder> => ({
    of: (await seenTask(tasks, viewer, id)).id,
    account: viewer.caller.account,
    access: planAccess(viewer, access.estate),
    own: (request: Request) => withFolder(access, viewer, request),
  });
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
    taskGet: async ({ params, viewer }) => shown(await seenTask(tasks, viewer, params.id)),
    taskRetry: async ({ params, body, idempotencyKey, reply, viewer }) =>
      at(await tasks.retry({ ...(await again(viewer, params.id)), ...body, idempotencyKey }), reply),
    taskRetryPlan: async ({ params, body, viewer }) => withRevisions(await tasks.retryPlan({ ...(await again(viewer, params.id)), ...body })),
    async taskCancel({ params, reply, viewer }) {
      const task = await seenTask(tasks, viewer, params.id);
      mayCancel(viewer, task);
      return at(await tasks.cancel(task.id), reply);
    },
    planMake: async ({ body, caller, viewer }) =>
      withRevisions(await plans.make(withFolder(access, viewer, body.request), caller.account, body.reason, planAccess(viewer, access.estate))),
  };
}
