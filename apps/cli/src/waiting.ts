import type { Client } from "@polyvisor/api/client";
import type { Task } from "@polyvisor/model";
import type { Context } from "./command.ts";
import { interrupted, isApiError } from "./failure.ts";
import { pause } from "./io.ts";
import { cut } from "./output/width.ts";
import { progressLine } from "./planText.ts";

const ended = (task: Pick<Task, "state">): boolean => task.state !== "queued" && task.state !== "running";

/** A task that takes longer than this many milliseconds is followed by its events. */
const shortMs = 300;
/** How often the server is asked although its events say nothing, in milliseconds. */
const doubtMs = 15_000;

/**
 * Waits for a task's end and draws a line of progress on a terminal. A short task is asked for after a tenth of the
 * time waited so far; a longer one when its events say that something changed, and at once when they say that it
 * ended. Where there are no events it is asked for every 1.5 s. A server that restarts meanwhile is waited for: the
 * task survives that.
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
  let asked = begun;
  let nap = new AbortController();
  const over = new AbortController();
  const events = { asked: false, open: false, news: true, end: false };
  const follow = async (): Promise<void> => {
    const onConnection = (state: "open" | "lost"): void => {
      events.open = state === "open";
      events.news = true; // what was before the stream began
      nap.abort();
    };
    for await (const event of client.events({ signal: over.signal, kinds: "task", objectId: task.id, onConnection })) {
      events.news = true;
      events.end ||= event.object?.kind === "task" && ended(event.object);
      if (events.end || event.type === "reset") nap.abort();
    }
  };
  try {
    while (!ended(task)) {
      const waited = io.now() - begun;
      if (live && waited > shortMs) {
        io.stderr.write(`\r${cut(progressLine(task, waited / 1000), (io.stderr.columns ?? 80) - 1)}\u001b[K`);
        drawn = true;
      }
      if (waited > shortMs && !events.asked) {
        events.asked = true;
        follow().catch(() => (events.open = false)); // a server that gives none is asked as before
      }
      nap = new AbortController();
      await pause(events.end ? 30 : Math.min(1500, Math.max(30, waited / 10)), AbortSignal.any([stop.signal, nap.signal]));
      if (stop.signal.aborted)
        throw interrupted(
          `Stopped waiting; the task ${task.id} goes on.`,
          `polyvisor task wait ${task.id} waits again, polyvisor task cancel ${task.id} stops it.`,
        );
      if (events.open && !events.news && !events.end && io.now() - asked < doubtMs) continue;
      events.news = false;
      asked = io.now();
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
    over.abort();
    if (drawn) io.stderr.write("\r\u001b[K");
  }
}
