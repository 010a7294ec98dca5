import type { Task } from "@polyvisor/model";
import { useEffect, useRef, useState } from "react";
import type { Known } from "../live/liveStore.ts";
import type { TaskHead } from "../live/liveObject.ts";
import { useObject } from "../live/useLive.ts";
import { api } from "../session/session.ts";

/** Shortest time between two readings of a task, in milliseconds; one that is long to read is read less often. */
const [restMs, timesLonger] = [700, 5];

/**
 * A task with its steps. The stream tells only what changed of one with many steps, and may pass over some of it: each event
 * is a reason to read the whole anew, after a rest.
 */
export function useTask(id: string): { known: Known<TaskHead>; whole: Task | undefined; failure: unknown } {
  const known = useObject("task", id);
  const revision = known.state === "here" ? known.object.revision : 0;
  const [whole, setWhole] = useState<Task>();
  const [failure, setFailure] = useState<unknown>();
  const reading = useRef({ last: 0, took: 0, timer: undefined as ReturnType<typeof setTimeout> | undefined });
  const shown = whole?.id === id ? whole : undefined;
  useEffect(() => {
    const state = reading.current;
    if (state.timer !== undefined) return;
    const wait = Math.max(0, state.last + Math.max(restMs, state.took * timesLonger) - performance.now());
    state.timer = setTimeout(
      () => {
        state.timer = undefined;
        const began = performance.now();
        api
          .call("taskGet", { params: { id } })
          .then((task) => {
            setWhole((before) => (before?.id === task.id && before.revision > task.revision ? before : task));
            setFailure(undefined);
          }, setFailure)
          .finally(() => {
            state.last = performance.now();
            state.took = state.last - began;
          });
      },
      state.last === 0 ? 0 : wait,
    );
  }, [id, revision]);
  useEffect(() => () => clearTimeout(reading.current.timer), [id]);
  return { known, whole: shown, failure };
}
