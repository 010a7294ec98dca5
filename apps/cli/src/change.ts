import { randomUUID } from "node:crypto";
import type { Client, RequestInput } from "@polyvisor/api/client";
import type { Plan, Task } from "@polyvisor/model";
import type { Context } from "./command.ts";
import { tellConflicts, type Revisions } from "./conflict.ts";
import { exitCodes } from "./exitCode.ts";
import { interrupted, usageFailure } from "./failure.ts";
import { planLines, resultLines, targetNames, taskExitCode } from "./planText.ts";
import { show } from "./show.ts";
import { waitForTask } from "./waiting.ts";

/** When a person is asked first: `always`, or only when more than one object is meant. */
export type Asks = "always" | "several" | "never";

/** Something that becomes a task: how its plan is had, and how it is ordered. */
interface Order {
  plan(client: Client, reason: string | undefined): Promise<Plan & { revisions?: Revisions }>;
  task(client: Client, how: { reason: string | undefined; ifRevisions: Revisions | undefined; idempotencyKey: string }): Promise<Task>;
  /** More than one object may be meant. */
  several: boolean;
}

/**
 * Carries a request out as the shared options say: shows its plan, asks, starts the task, waits and tells
 * what came of each object.
 * @returns the exit code
 */
export async function change(context: Context, request: RequestInput, asks: Asks = "never", seen?: Revisions): Promise<number> {
  const outcome = await carryOut(context, request, asks, seen);
  return typeof outcome === "number" ? outcome : await tellOutcome(context, outcome);
}

/** The same for what a task did not do. @param id of the task */
export async function retry(context: Context, id: string): Promise<number> {
  const params = { id };
  const outcome = await order(
    context,
    {
      plan: (client, reason) => client.call("taskRetryPlan", { params, body: { reason } }),
      task: (client, { idempotencyKey, ...body }) => client.call("taskRetry", { params, body, idempotencyKey }),
      several: true,
    },
    "several",
  );
  return typeof outcome === "number" ? outcome : await tellOutcome(context, outcome);
}

/**
 * As `change`, for commands that go on afterwards: gives the ended task, or the exit code when there is none to wait for.
 * @param seen what the command looked up before; what was shown in a plan counts by itself
 */
export async function carryOut(context: Context, request: RequestInput, asks: Asks = "never", seen?: Revisions): Promise<Task | number> {
  const several = "vms" in request && Array.isArray(request.vms) ? request.vms.length > 1 : "select" in request && request.select !== undefined;
  return order(
    context,
    {
      plan: (client, reason = "") => client.call("planMake", { body: { request, reason } }),
      task: (client, { reason = "", ifRevisions, idempotencyKey }) => client.call("taskCreate", { body: { request, reason, ifRevisions }, idempotencyKey }),
      several,
    },
    asks,
    seen,
  );
}

async function order(context: Context, { plan, task: make, several }: Order, asks: Asks, lookedUp?: Revisions): Promise<Task | number> {
  const { options } = context;
  const client = await context.client();
  const reason = typeof options["reason"] === "string" ? options["reason"] : undefined;
  if (options["dryRun"]) {
    await show(context, await plan(client, reason), (planned) => planLines(planned, context.paint));
    return exitCodes.ok;
  }
  let seen = lookedUp;
  if (asks !== "never" && !options["yes"] && (asks === "always" || several)) {
    const planned = await plan(client, reason);
    if (asks === "always" || targetNames(planned).length > 1) {
      await agree(context, planned);
      seen = planned.revisions; // a yes is to what was shown
    }
  }
  const task = await make(client, { reason, ifRevisions: seen, idempotencyKey: randomUUID() });
  if (options["wait"] === false) {
    await show(context, task, () => [task.id]);
    return exitCodes.ok;
  }
  const over = await waitForTask(context, client, task);
  if (seen && over.state !== "succeeded") await tellConflicts(context, over, seen);
  return over;
}

/** Prints what came of a task and gives its exit code. */
export async function tellOutcome(context: Context, task: Task): Promise<number> {
  const { out, err } = resultLines(task, context.paint);
  await show(context, task, () => out);
  for (const line of err) context.note(line);
  return taskExitCode(task);
}

async function agree(context: Context, plan: Plan): Promise<void> {
  for (const line of planLines({ ...plan, steps: plan.steps.slice(0, 20) }, context.paint)) context.note(line);
  if (plan.steps.length > 20) context.note(`  … and ${plan.steps.length - 20} more steps`);
  await confirm(context, `Do this to ${targetNames(plan).length === 1 ? targetNames(plan)[0]! : `${targetNames(plan).length} objects`}?`);
}

/** Asks a yes-or-no question; without a terminal, or with the answer no, it ends the command. */
export async function confirm(context: Context, question: string): Promise<void> {
  if (context.options["yes"]) return;
  const { io } = context;
  if (!io.stdin.isTTY || !io.stderr.isTTY)
    throw usageFailure(
      "This needs a yes, and there is no terminal to ask on.",
      "dryRun" in context.options || context.options["wait"] !== undefined ? "Look at it with --dry-run, then repeat it with --yes." : "Repeat it with --yes.",
    );
  const [{ confirm: ask, isCancel }, { escapeText }] = await Promise.all([import("@clack/prompts"), import("./output/escape.ts")]);
  const answer = await ask({ message: escapeText(question), initialValue: false, output: process.stderr });
  if (isCancel(answer) || !answer) throw interrupted("Nothing was done.");
}
