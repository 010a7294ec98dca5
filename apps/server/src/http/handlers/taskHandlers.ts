import { apiBase } from "@polyvisor/api";
import type { Task } from "@polyvisor/model";
import type { FastifyReply } from "fastify";
import type { Handlers, Services } from "../handler.ts";

type Mine = "taskList" | "taskCreate" | "taskGet" | "taskCancel" | "planMake";

/** Plans and tasks. */
export function taskHandlers({ control }: Services): Pick<Handlers, Mine> {
  const { plans, tasks } = control;
  const at = (task: Task, reply: FastifyReply): Task => {
    reply.header("location", `${apiBase}/tasks/${task.id}`);
    return task;
  };
  return {
    taskList: ({ query }) => tasks.list(query),
    taskCreate: async ({ body, caller, idempotencyKey, reply }) =>
      at(await tasks.create({ request: body.request, reason: body.reason, account: caller.account, idempotencyKey }), reply),
    taskGet: ({ params }) => tasks.get(params.id),
    taskCancel: async ({ params, reply }) => at(await tasks.cancel(params.id), reply),
    planMake: ({ body, caller }) => plans.make(body.request, caller.account, body.reason),
  };
}
