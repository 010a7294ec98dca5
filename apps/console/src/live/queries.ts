import { QueryClient } from "@tanstack/react-query";
import { live } from "./live.ts";

/**
 * What is read beside the live store: permissions, roles, plans, samples. Nothing of it is asked for again by a clock or
 * because a window came to the front; what an event makes old is marked by `invalidateOn`.
 */
export const queries = new QueryClient({
  defaultOptions: { queries: { staleTime: Infinity, gcTime: 300_000, retry: false, refetchOnWindowFocus: false, refetchOnReconnect: false } },
});

// Rights are told by no event of their own: the stream says `reset` when they change, and tags and folders decide about some.
live.onBatch((batch) => {
  if (batch.reset) void queries.invalidateQueries();
  else if (batch.touched.some(({ fields }) => fields.includes("tags") || fields.includes("folder")))
    void queries.invalidateQueries({ queryKey: ["permissions"] });
});
