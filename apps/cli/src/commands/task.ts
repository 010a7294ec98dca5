import type { Task } from "@polyvisor/model";
import { retry as doAgain, tellOutcome } from "../change.ts";
import type { Context, Run } from "../command.ts";
import { usageFailure } from "../failure.ts";
import { showList } from "../listing.ts";
import { escapeText } from "../output/escape.ts";
import { colourOfState } from "../output/paint.ts";
import { agoText, durationText, timeText } from "../output/quantity.ts";
import { factLines } from "../output/table.ts";
import { planLines } from "../planText.ts";
import { waitForTask } from "../waiting.ts";
import { wholeNumber } from "./lifecycle.ts";
import { show } from "../show.ts";

type Listed = Omit<Task, "plan" | "steps">;
const states = ["queued", "running", "succeeded", "failed", "partial", "cancelled"] as const;
function took(task: Pick<Task, "startedAt" | "endedAt">, now: number): string | undefined {
  if (!task.startedAt) return undefined;
  const seconds = ((task.endedAt ? Date.parse(task.endedAt) : now) - Date.parse(task.startedAt)) / 1000;
  return seconds < 10 ? `${Math.max(0, seconds).toFixed(1)}s` : durationText(seconds);
}

/** `task list`. */
export const list: Run = async (context) => {
  const { options, io } = context;
  const client = await context.client();
  const wanted = options["state"];
  const state = states.find((each) => each === wanted);
  if (wanted !== undefined && !state) throw usageFailure(`--state takes ${states.join(", ")}, not ${String(wanted)}.`);
  const limit = options["limit"] === undefined ? 50 : wholeNumber(options["limit"], "--limit");
  const tasks: Listed[] = [];
  let cursor: string | undefined;
  do {
    const page = await client.call("taskList", {
      query: { ...(state ? { state } : {}), limit: Math.min(1000, Math.max(1, limit - tasks.length)), ...(cursor === undefined ? {} : { cursor }) },
    });
    tasks.push(...page.items);
    cursor = page.items.length > 0 ? page.next : undefined;
  } while (cursor !== undefined && tasks.length < limit);
  const now = io.now();
  await showList(
    context,
    tasks.slice(0, limit),
    [
      { title: "ID", text: (task) => task.id, whole: true },
      { title: "STATE", text: (task) => task.state, colour: (task) => colourOfState(task.state) },
      { title: "DONE", text: (task) => `${Math.round(task.progress * 100)} %`, figures: true },
      { title: "AGO", text: (task) => agoText(task.createdAt, now), figures: true },
      { title: "TOOK", text: (task) => took(task, now), figures: true },
      { title: "BY", text: (task) => task.by },
      { title: "TITLE", text: (task) => task.title },
    ],
    {
      wide: [
        { title: "REASON", text: (task) => task.reason },
        { title: "FAILURE", text: (task) => task.failure?.detail },
      ],
      name: (task) => task.id,
      empty: "There is no task.",
    },
  );
};

const taskNamed = async (context: Context): Promise<Task> => (await context.client()).call("taskGet", { params: { id: context.words[0]! } });

/** `task show ID`: the plan with what came of each step. */
export const showTask: Run = async (context) => {
  const task = await taskNamed(context);
  const { paint, io } = context;
  await show(context, task, () => [
    ...factLines(
      [
        ["Task", task.id],
        ["Title", task.title],
        ["State", `${task.state}${task.cancelRequested && task.state === "running" ? ", asked to stop" : ""}`],
        ["Done", `${Math.round(task.progress * 100)} %`],
        ["By", task.by],
        ["Reason", task.reason],
        ["Does again", task.retryOf],
        ["Asked for", timeText(task.createdAt)],
        ["Began", timeText(task.startedAt)],
        ["Ended", timeText(task.endedAt)],
        ["Took", took(task, io.now())],
        ["Failure", task.failure?.detail],
        ["What to do", task.failure?.remedy],
      ],
      paint,
    ),
    "",
    ...planLines(task.plan, paint),
    "",
    ...task.steps.map((step) => {
      const planned = task.plan.steps.find((each) => each.n === step.n);
      return `  ${step.n}. ${escapeText(planned?.target.name ?? "")}: ${paint(colourOfState(step.state), step.state)}${step.message ? `: ${escapeText(step.message)}` : ""}${step.failure ? `: ${escapeText(step.failure.detail)}\n     ${escapeText(step.failure.remedy)}` : ""}`;
    }),
  ]);
};
export { showTask as show };

/** `task wait ID`: the exit code is the task's outcome. */
export const wait: Run = async (context) => tellOutcome(context, await waitForTask(context, await context.client(), await taskNamed(context)));

/** `task cancel ID`. */
export const cancel: Run = async (context) => {
  const client = await context.client();
  const task = await client.call("taskCancel", { params: { id: context.words[0]! } });
  if (context.options["wait"] === false) return void (await show(context, task, () => [`${task.id}: asked to stop`]));
  const ended = await waitForTask(context, client, task);
  await show(context, ended, () => [`${ended.id}: ${ended.state}`]);
};

/** `task retry ID`: what it did not do, planned anew with the rights of who asks. */
export const retry: Run = (context) => doAgain(context, context.words[0]!);
