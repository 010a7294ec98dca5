import type { Handlers, Services } from "../handler.ts";

type Mine =
  | "hostHistory"
  | "vmHistory"
  | "datastoreHistory"
  | "networkHistory"
  | "historyDifferences"
  | "historyStorage"
  | "historyRetentionGet"
  | "historyRetentionSet";

/** What was, who changed it, and what keeping it costs. */
export function historyHandlers({ control }: Services): Pick<Handlers, Mine> {
  const { history } = control;
  return {
    hostHistory: ({ params, query }) => history.changes("host", params.id, query),
    vmHistory: ({ params, query }) => history.changes("vm", params.id, query),
    datastoreHistory: ({ params, query }) => history.changes("datastore", params.id, query),
    networkHistory: ({ params, query }) => history.changes("network", params.id, query),
    historyDifferences: ({ query }) => history.differences(query),
    historyStorage: () => history.storage(),
    historyRetentionGet: () => history.retention(),
    historyRetentionSet: ({ body }) => history.setRetention(body),
  };
}
