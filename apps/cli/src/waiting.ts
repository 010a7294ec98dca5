import type { Client } from "@polyvisor/api/client";
import type { Task } from "@polyvisor/model";
import type { Context } from "./command.ts";
import { interrupted, isApiError } from "./failure.ts";
import { pause } from "./io.ts";
import { cut } from "./output/width.ts";
import { progressLine } from "./planText.ts";

const ended = (task: Task): boolean => task.state !== "queued" && task.state !== "running";

/**
 * Waits for a task's end and draws a line of progress on a terminal. It asks again after a tenth of the time
 * waited so far (at least 30 ms, at most 1.5 s), so that a short task is not made long and a long one costs
 * little. A server that restarts meanwhile is waited for: the task survives that.
 * @throws interrupted on Ctrl-C; the task goes on
 */
export async function waitForTask(context: Context, client: Client, first: Task): Promise<Task> {
  const { io } = context;
  const begun = io.now();
  const stop = new AbortController();
  const release = io.onInterrupt(() => stop.abort());
  const live = io.stderr.isTTY === true && io.env["TERM"] !== "dumb";
  let drawn = false;
  let task = first;
  let silentSince: number | undefined;
  try {
    while (!ended(task)) {
      const waited = io.now() - begun;
      if (live && waited > 300) {
        io.stderr.write(`\r${cut(progressLine(task, waited / 1000), (io.stderr.columns ?? 80) - 1)}\u001b[K`);
        drawn = true;
      }
      await pause(Math.min(1500, Math.max(30, waited / 10)), stop.signal);
      if (stop.signal.aborted)
        throw interrupted(
          `Stopped waiting; the task ${task.id} goes on.`,
          `polyvisor task wait ${task.id} waits again, polyvisor task cancel ${task.id} stops it.`,
        );
      try {
        task = await client.call("taskGet", { params: { id: task.id }, signal: stop.signal });
        silentSince = undefined;
      } catch (error) {
        if (stop.signal.aborted) continue;
        if (isApiError(error) && error.problem.status < 500 && error.problem.status !== 429) throw error;
        silentSince ??= io.now();
        if (io.now() - silentSince > 60_000) throw error;
      }
    }
    return task;
  } finally {
    release();
    if (drawn) io.stderr.write("\r\u001b[K");
  }
}
