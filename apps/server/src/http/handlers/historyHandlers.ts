import { seenHistory } from "../../access/seenHistory.ts";
import type { Handlers, Services } from "../handler.ts";

type Mine =
  | "hostHistory"
  | "vmHistory"
  | "datastoreHistory"
  | "networkHistory"
  | "historyDifferences"
  | "eventList"
  | "historyStorage"
  | "historyRetentionGet"
  | "historyRetentionSet";

const kinds = ["host", "vm", "datastore", "network"] as const;

/** What was, who changed it, and what keeping it costs. */
export function historyHandlers({ control, access }: Services): Pick<Handlers, Mine> {
  const { history } = control;
  return {
    hostHistory: ({ params, query, viewer }) => seenHistory(history, access, viewer, "host", params.id, query),
    vmHistory: ({ params, query, viewer }) => seenHistory(history, access, viewer, "vm", params.id, query),
    datastoreHistory: ({ params, query, viewer }) => seenHistory(history, access, viewer, "datastore", params.id, query),
    networkHistory: ({ params, query, viewer }) => seenHistory(history, access, viewer, "network", params.id, query),
    historyDifferences({ query, viewer }) {
      for (const kind of kinds) viewer.mustSeeAll(kind);
      return history.differences(query);
    },
    eventList({ query, viewer }) {
      for (const kind of kinds) viewer.mustSeeAll(kind);
      return history.events(query, viewer.everywhere("task.view"));
    },
    historyStorage: () => history.storage(),
    historyRetentionGet: () => history.retention(),
    historyRetentionSet: ({ body, ifRevision }) => history.setRetention(body, ifRevision),
  };
}
