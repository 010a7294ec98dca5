import { useNavigate, useSearch } from "@tanstack/react-router";
import { useCallback } from "react";

/** What stands in the query of the address: filter, sort, columns. `replace` leaves no step in the history, as while typing. */
export function useSearchState(): [search: Readonly<Record<string, string>>, set: (change: Record<string, string | undefined>, replace?: boolean) => void] {
  const search = useSearch({ strict: false }) as Record<string, string>;
  const navigate = useNavigate();
  const set = useCallback(
    (change: Record<string, string | undefined>, replace = false) =>
      void navigate({ to: ".", search: ((before: Record<string, string>) => ({ ...before, ...change })) as never, replace }),
    [navigate],
  );
  return [search, set];
}
