import type { RequestInput } from "@polyvisor/api/client";
import { useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { api } from "../session/session.ts";

/** What a plan is asked with: a request, and the revisions of what it is about, which make it another one. */
export type MadePlan = Awaited<ReturnType<typeof readPlan>>;

/** Milliseconds that somebody has to stop typing for. */
const settledAfter = 250;

const readPlan = (request: RequestInput, signal: AbortSignal) => api.call("planMake", { body: { request } as never, signal });

/** A value once it has not changed for a moment. */
export function useSettled<T>(value: T, key: string): T {
  const [settled, setSettled] = useState({ value, key });
  useEffect(() => {
    if (key === settled.key) return;
    const timer = setTimeout(() => setSettled({ value, key }), settledAfter);
    return () => clearTimeout(timer);
  }, [key, settled.key, value]);
  return settled.value;
}

export interface PlanState {
  plan: MadePlan | undefined;
  /** What stands against it, in the server's words. */
  error: unknown;
  reading: boolean;
}

/**
 * The plan that a request would become, made anew when the request or what it is about changes. Nothing is changed by it.
 * @param upon revisions of the objects, so that the plan is of what they are now
 */
export function usePlan(request: RequestInput | undefined, upon = ""): PlanState {
  const key = request === undefined ? "" : JSON.stringify(request);
  const settled = useSettled(request, key);
  const { data, error, isFetching } = useQuery({
    queryKey: ["plan", settled === undefined ? "" : JSON.stringify(settled), upon],
    queryFn: ({ signal }) => readPlan(settled!, signal),
    enabled: settled !== undefined,
    staleTime: 0,
    gcTime: 0,
    placeholderData: (before) => before,
  });
  const behind = key !== (settled === undefined ? "" : JSON.stringify(settled));
  if (request === undefined) return { plan: undefined, error: undefined, reading: false };
  return { plan: error === null ? data : undefined, error: behind || error === null ? undefined : error, reading: isFetching || behind };
}
