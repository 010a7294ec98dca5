import type { Args, RouteName } from "@polyvisor/api/client";
import { useQuery, type UseQueryResult } from "@tanstack/react-query";
import { api } from "../session/session.ts";
import { queries } from "./queries.ts";

type Answer<R extends RouteName> = Awaited<ReturnType<typeof api.call<R>>>;

/**
 * What a route answers, for what no event tells of: accounts, roles, settings. It is read anew whenever a page that shows it
 * opens, and after each change by `readAnew`; in between it stays as it was read.
 */
export function useAnswer<R extends RouteName>(route: R, args?: Omit<Args<R>, "signal">, enabled = true): UseQueryResult<Answer<R>> {
  return useQuery({
    queryKey: [route, args ?? {}],
    queryFn: ({ signal }) => api.call(route, { ...args, signal } as Args<R>) as Promise<Answer<R>>,
    staleTime: 0,
    enabled,
  }) as UseQueryResult<Answer<R>>;
}

/** Something was changed that these routes tell of. Resolves when what is shown of them is as it is now. */
export const readAnew = async (...routes: RouteName[]): Promise<void> => {
  await Promise.all(routes.map((route) => queries.invalidateQueries({ queryKey: [route] })));
};
